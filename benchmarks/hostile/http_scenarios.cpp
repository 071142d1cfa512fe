// HTTP/1 and HTTP/2 without TLS.

#include <algorithm>

#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/talk.h"
#include "tests/support/http2_builder.h"

namespace sluice::bench {
namespace {

using test::append;
using test::byte_vector;
using test::ByteVector;

constexpr std::string_view kShortRequest = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::size_t kWindow = 70'000;

Scenario stream_of(const ByteVector& stream, const std::vector<Piece>& cuts,
                   Expect expect = Expect::any) {
  const Talk talk(0, 80);
  Scenario scenario{.opening = talk.handshake(), .expect = expect};
  scenario.attack = segments(talk, stream, cuts);
  return scenario;
}

// Adds a request for a banned host behind the stream.
Scenario with_probe(Scenario scenario, std::size_t stream) {
  const Talk talk(0, 80);
  scenario.probe = {talk.acknowledge(stream),
                    talk.data(stream, as_bytes(test::http_request(kBanned)))};
  return scenario;
}

Scenario ordinary_request() {
  Scenario scenario{.expect = Expect::pass};
  const std::string request = test::http_request("www.example.com");
  for (std::size_t i = 0; i < 256; ++i)
    add(scenario.opening, Talk(kOrdinaryTalks + i, 80).handshake());
  for (std::size_t i = 0; i < 256; ++i) {
    scenario.attack.push_back(Talk(kOrdinaryTalks + i, 80).data(0, as_bytes(request)));
  }
  return scenario;
}

ByteVector requests() {
  return repeated(kShortRequest, kWindow / kShortRequest.size() * kShortRequest.size());
}

// Each request names another host.
ByteVector requests_for_many_hosts() {
  ByteVector stream;
  for (int i = 0; stream.size() < kWindow; ++i) {
    append(stream, as_bytes("G / HTTP/1.1\nHost:" + std::to_string(i) + ".aa\n\n"));
  }
  return stream;
}

Scenario pipelined() {
  const ByteVector stream = requests();
  return with_probe(stream_of(stream, pieces(stream.size(), kMss), Expect::pass), stream.size());
}
Scenario pipelined_many_hosts() {
  const ByteVector stream = requests_for_many_hosts();
  return stream_of(stream, pieces(stream.size(), kMss));
}
Scenario pipelined_reversed() {
  const ByteVector stream = requests();
  return with_probe(stream_of(stream, reversed(pieces(stream.size(), kMss))), stream.size());
}
Scenario pipelined_byte_by_byte() {
  const ByteVector stream = requests();
  return stream_of(stream, pieces(20'000, 1), Expect::pass);
}

// Sends four bytes of the first request again with other values, then 70 KB of requests.
Scenario overlapping() {
  const Talk talk(0, 80);
  const ByteVector stream = requests();
  Scenario scenario{.opening = talk.handshake()};
  const std::size_t host = kShortRequest.find("a.example");
  add(scenario.attack, segments(talk, stream, {{0, 10}}));
  for (const std::size_t at : {0U, 2U, 4U, 6U}) {
    add(scenario.attack, segments(talk, stream, {{host + at, 1}}));
    scenario.attack.push_back(talk.data(host + at, as_bytes("x")));
  }
  add(scenario.attack, segments(talk, stream, {{10, kShortRequest.size() - 10}}));
  for (const Piece& piece : pieces(stream.size() - kShortRequest.size(), kMss)) {
    add(scenario.attack, segments(talk, stream, {{kShortRequest.size() + piece.at, piece.size}}));
  }
  return scenario;
}

// Heads and bodies in separate segments. The server acknowledges nothing. The probe is a request
// behind the last body.
Scenario bodies() {
  constexpr std::string_view kHead =
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\n";
  constexpr std::size_t kBody = 100;
  const Talk talk(0, 80);
  Scenario scenario{.opening = talk.handshake(), .expect = Expect::pass};
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i, at += kHead.size() + kBody) {
    scenario.attack.push_back(talk.data(at, as_bytes(kHead)));
    scenario.attack.push_back(talk.data(at + kHead.size(), ByteVector(kBody, std::byte{'x'})));
  }
  scenario.probe = {talk.data(at, as_bytes(test::http_request(kBanned)))};
  return scenario;
}

ByteVector long_head(std::size_t size) {
  ByteVector stream = byte_vector("GET / HTTP/1.1\r\nHost: www.example.com\r\n");
  append(stream, repeated("a:\n", size));
  append(stream, byte_vector("\n\n"));
  return stream;
}
Scenario short_fields() {
  const ByteVector stream = long_head(9'999);
  return stream_of(stream, pieces(stream.size(), 1), Expect::pass);
}
Scenario folded_fields() {
  ByteVector stream = byte_vector("GET / HTTP/1.1\r\nHost: www.example.com\r\na: b\n");
  append(stream, repeated(" \n", 10'000));
  append(stream, byte_vector("\n"));
  return stream_of(stream, pieces(stream.size(), 1), Expect::pass);
}
Scenario long_line() {
  ByteVector stream = byte_vector("GET / HTTP/1.1\r\nHost: www.example.com\r\na: ");
  append(stream, repeated("b", 16'000));
  append(stream, byte_vector("\n\n"));
  return stream_of(stream, pieces(stream.size(), 1), Expect::pass);
}
Scenario long_request_line() {
  ByteVector stream = byte_vector("GET /");
  append(stream, repeated("b", 16'000));
  append(stream, byte_vector(" HTTP/1.1\n\n"));
  return stream_of(stream, pieces(stream.size(), 1), Expect::pass);
}
Scenario empty_lines() {
  ByteVector stream = repeated("\n", 16'000);
  append(stream, byte_vector(kShortRequest));
  return stream_of(stream, pieces(stream.size(), 1));
}

ByteVector chunks(std::size_t size) {
  ByteVector stream =
      byte_vector("POST / HTTP/1.1\r\nHost: www.example.com\r\nTransfer-Encoding: chunked\r\n\r\n");
  append(stream, repeated("1\nx\n", size));
  return stream;
}
Scenario small_chunks() {
  const ByteVector stream = chunks(kWindow);
  return stream_of(stream, pieces(stream.size(), kMss), Expect::pass);
}
Scenario small_chunks_reversed() {
  const ByteVector stream = chunks(kWindow);
  return stream_of(stream, reversed(pieces(stream.size(), kMss)));
}
Scenario long_trailer() {
  ByteVector stream = chunks(8);
  append(stream, byte_vector("0\n"));
  append(stream, repeated("a:\n", 9'999));
  append(stream, byte_vector("\n"));
  return stream_of(stream, pieces(stream.size(), 1));
}

Scenario chunk_extension() {
  ByteVector stream = chunks(0);
  append(stream, byte_vector("1;"));
  append(stream, repeated("a", 4'000));
  return stream_of(stream, pieces(stream.size(), 1));
}

// SOCKS 4a heads in a row, each for another host.
Scenario socks_heads() {
  ByteVector stream;
  for (int i = 0; stream.size() < kWindow; ++i) {
    append(stream, byte_vector(std::string_view("\4\1\0\x50\0\0\0\1\0", 9)));
    append(stream, byte_vector(std::to_string(i) + ".a"));
    stream.push_back(std::byte{0});
  }
  return stream_of(stream, pieces(stream.size(), kMss));
}
// A SOCKS 4 user name that does not end.
Scenario socks_user() {
  const Talk talk(0, 80);
  constexpr std::size_t kTimed = 2'000;
  ByteVector stream = byte_vector(std::string_view("\4\1\0\x50\0\0\0\1", 8));
  append(stream, repeated("a", kWindow));
  const std::size_t middle = stream.size() - kTimed;
  Scenario scenario{.opening = talk.handshake()};
  add(scenario.opening, segments(talk, stream, pieces(middle, kMss)));
  for (std::size_t at = middle; at < stream.size(); ++at) {
    add(scenario.attack, segments(talk, stream, {{at, 1}}));
  }
  return scenario;
}

// HTTP/2.

ByteVector http2_start() {
  return test::Http2Client().start();
}
Scenario http2_of(const ByteVector& frames, std::size_t segment, Expect expect = Expect::pass) {
  ByteVector stream = http2_start();
  append(stream, frames);
  return stream_of(stream, pieces(stream.size(), segment), expect);
}
ByteVector again(const ByteVector& frame, std::size_t size) {
  return repeated(as_text(frame), size / frame.size() * frame.size());
}

Scenario ordinary_http2() {
  Scenario scenario{.expect = Expect::pass};
  test::Http2Client client;
  ByteVector stream = client.start();
  append(stream, client.request("www.example.com"));
  for (std::size_t i = 0; i < 256; ++i)
    add(scenario.opening, Talk(kOrdinaryTalks + i, 80).handshake());
  for (std::size_t i = 0; i < 256; ++i)
    scenario.attack.push_back(Talk(kOrdinaryTalks + i, 80).data(0, stream));
  return scenario;
}
Scenario small_data_frames() {
  return http2_of(again(test::http2_frame(test::kData, 0, 1, byte_vector("x")), kWindow), kMss);
}
// A field block in frames of one byte.
ByteVector continued_block(std::size_t size) {
  ByteVector frames = test::http2_frame(test::kHeaders, 0, 1, byte_vector("\x82"));
  append(frames, again(test::http2_frame(test::kContinuation, 0, 1, byte_vector("\x82")), size));
  append(frames, test::http2_frame(test::kContinuation, test::kEndHeaders, 1));
  return frames;
}
Scenario continuations_byte_by_byte() {
  return http2_of(continued_block(15'000), 1, Expect::any);
}
Scenario continuations() {
  return http2_of(continued_block(15'000), 10, Expect::any);
}
Scenario empty_continuations() {
  ByteVector frames = test::http2_frame(test::kHeaders, 0, 1, byte_vector("\x82"));
  append(frames, again(test::http2_frame(test::kContinuation, 0, 1), 15'000));
  append(frames, test::http2_frame(test::kContinuation, test::kEndHeaders, 1));
  return http2_of(frames, 9, Expect::any);
}

// Blocks of 1,300 bytes, one in each segment, full of one field.
Scenario blocks_of(const ByteVector& representation, std::size_t block = 1'300,
                   std::size_t segment = kMss) {
  ByteVector frames;
  const ByteVector fields = again(representation, block);
  for (std::uint32_t stream = 1; frames.size() + fields.size() < kWindow; stream += 2) {
    append(frames, test::http2_frame(test::kHeaders, test::kEndHeaders, stream, fields));
  }
  return http2_of(frames, segment, Expect::any);
}
Scenario huffman_paths() {
  return blocks_of(test::hpack_literal(byte_vector("\x04"), "/"));
}
// A `:path` in Huffman code that fills a block, made of the shortest codes.
Scenario huffman_long(std::size_t block) {
  ByteVector field = byte_vector("\x04");
  append(field, test::hpack_coded("/" + std::string(block, '0')));
  return blocks_of(field, field.size(), kMss);
}
Scenario huffman_segments() {
  return huffman_long(1'900);
}
Scenario huffman_blocks() {
  return huffman_long(25'000);
}
Scenario huffman_names() {
  ByteVector field{std::byte{0}};
  append(field, test::hpack_coded("aaaaaaaaaaaaaa"));
  append(field, test::hpack_string(""));
  return blocks_of(field);
}
Scenario table_sizes() {
  return blocks_of(byte_vector("\x20"));
}
Scenario indexed_fields() {
  return blocks_of(byte_vector("\x82"));
}
// The smallest frames with four hosts each, the most that a block may have.
Scenario many_hosts() {
  ByteVector frames;
  for (std::uint32_t i = 0; frames.size() < kWindow; ++i) {
    ByteVector block;
    for (int host = 0; host < 4; ++host) {
      append(block,
             test::hpack_literal(byte_vector("\x01"),
                                 std::to_string(10 * i + static_cast<unsigned>(host)) + ".a"));
    }
    append(frames, test::http2_frame(test::kHeaders, test::kEndHeaders, 2 * i + 1, block));
  }
  return http2_of(frames, kMss, Expect::any);
}
Scenario many_hosts_reversed() {
  Scenario scenario = many_hosts();
  std::ranges::reverse(scenario.attack);
  return scenario;
}
// The same host many times: each is compared with the four known ones.
Scenario repeated_hosts() {
  ByteVector block;
  const std::string host(60, 'a');
  for (const char* last : {"1", "2", "3", "4"}) {
    append(block, test::hpack_literal(byte_vector("\x01"), host + last));
  }
  for (int i = 0; i < 250; ++i) {
    append(block, test::hpack_literal(byte_vector("\x01"), host + "4"));
  }
  return http2_of(test::http2_frame(test::kHeaders, test::kEndHeaders, 1, block), kMss,
                  Expect::any);
}

constexpr ScenarioEntry kScenarios[] = {
    {"http", kOrdinary, ordinary_request},
    {"http", "70 KB of requests", pipelined},
    {"http", "70 KB of requests for other hosts", pipelined_many_hosts},
    {"http", "70 KB of requests, reversed", pipelined_reversed},
    {"http", "20 KB of requests, byte by byte", pipelined_byte_by_byte},
    {"http", "70 KB of requests, 4 differing overlaps", overlapping},
    {"http", "bodies apart from their heads", bodies},
    {"http", "10 KB of short fields, byte by byte", short_fields},
    {"http", "10 KB of folds, byte by byte", folded_fields},
    {"http", "a 16 KB field, byte by byte", long_line},
    {"http", "a 16 KB request line, byte by byte", long_request_line},
    {"http", "16 KB of empty lines, byte by byte", empty_lines},
    {"http", "1-byte chunks", small_chunks},
    {"http", "1-byte chunks, reversed", small_chunks_reversed},
    {"http", "a 10 KB trailer, byte by byte", long_trailer},
    {"http", "a 4 KB chunk extension, byte by byte", chunk_extension},
    {"http", "SOCKS heads", socks_heads},
    {"http", "a 70 KB SOCKS user, byte by byte", socks_user},
    {"http2", kOrdinary, ordinary_http2},
    {"http2", "1-byte DATA frames", small_data_frames},
    {"http2", "1-byte CONTINUATION, byte by byte", continuations_byte_by_byte},
    {"http2", "1-byte CONTINUATION, one a segment", continuations},
    {"http2", "empty CONTINUATION, one a segment", empty_continuations},
    {"http2", "short paths", huffman_paths},
    {"http2", "Huffman paths of 1,200 bytes", huffman_segments},
    {"http2", "Huffman paths of 16 KB", huffman_blocks},
    {"http2", "Huffman names", huffman_names},
    {"http2", "updates of the table's size", table_sizes},
    {"http2", "indexed fields", indexed_fields},
    {"http2", "4 hosts a request", many_hosts},
    {"http2", "4 hosts a request, reversed", many_hosts_reversed},
    {"http2", "one host 250 times", repeated_hosts},
};

}  // namespace

std::span<const ScenarioEntry> http_scenarios() {
  return kScenarios;
}

}  // namespace sluice::bench
