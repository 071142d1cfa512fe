// The bytes that inspection looks at are bounded by the bytes received, however they are cut, and
// the findings are those of the stream in one piece.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/http2_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/stream_feeder.h"

namespace sluice::inspect {
namespace {

using test::StreamFeeder;

std::string text_of(Bytes bytes) {
  return std::string(as_text(bytes));
}
std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}
std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}
std::string hello(std::string_view name, std::size_t padding = 0) {
  return text_of(test::tls_records(test::client_hello(name, {.padding = padding})));
}
std::string hello_in_records(std::size_t size, std::size_t padding = 0) {
  const test::ByteVector handshake = test::client_hello("wechat.com", {.padding = padding});
  return text_of(
      test::tls_records(handshake, std::vector<std::size_t>(handshake.size() / size + 1, size)));
}
// Promises a hello of `size` bytes that never comes whole.
std::string promise(int size) {
  const int hello_size = size - 4;
  return bytes({22, 3, 1, size >> 8, size & 0xff, 1, 0, hello_size >> 8, hello_size & 0xff, 3, 3});
}
// Records of one byte in which as many hellos of `size` bytes begin as are tried.
std::string promises_in_records_of_one_byte(int size) {
  std::string handshake;
  for (std::size_t i = 0; i < InSearch::kMaxHellos; ++i) {
    handshake += bytes({1, 0, (size - 4) >> 8, (size - 4) & 0xff, 3, 3});
  }
  handshake += std::string(static_cast<std::size_t>(size), 'x');
  std::string stream;
  for (const char c : handshake) stream += bytes({22, 3, 1, 0, 1}) + c;
  return stream;
}

const std::string kHost = "Host: wechat.com\r\n\r\n";
const std::string kHead = "GET / HTTP/1.1\r\n";
const std::string kChunkedHead =
    "POST / HTTP/1.1\r\nHost: wechat.com\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string http2_one_byte_frames() {
  test::Http2Client client;
  test::ByteVector stream = client.start();
  for (int i = 0; i < 200; ++i) test::append(stream, client.data(1));
  test::append(stream, client.request("wechat.com"));
  return text_of(stream);
}
std::string http2_block_in_one_byte_frames(std::size_t count) {
  const test::ByteVector block =
      test::FieldEncoder().encode({{"x", std::string(count, 'x')}, {":authority", "wechat.com"}});
  test::ByteVector stream = test::Http2Client().start();
  test::append(stream, test::http2_frame(test::kHeaders, 0, 1, Bytes(block).first(1)));
  for (std::size_t i = 1; i < block.size(); ++i) {
    const std::uint8_t flags = i + 1 == block.size() ? test::kEndHeaders : 0;
    test::append(stream,
                 test::http2_frame(test::kContinuation, flags, 1, Bytes(block).subspan(i, 1)));
  }
  return text_of(stream);
}

struct Case {
  const char* title;
  std::string stream;
  std::uint16_t port = 443;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"a hello", hello("wechat.com", 1500)},
      {"a hello in records of one byte", hello_in_records(1, 1500)},
      {"a hello of 13,000 bytes in records of one byte", hello_in_records(1, 12'800)},
      {"a hello in records of seven bytes", hello_in_records(7, 9000)},
      {"a head of many short fields", kHead + repeat("A: b\r\n", 1700) + kHost},
      {"a head of the shortest fields", kHead + repeat("A\n", 5000) + kHost},
      {"a head over its bound", kHead + repeat("Cookie: abcdef\r\n", 3000) + kHost},
      {"fields of half the bound",
       kHead + repeat("A: " + std::string(8200, 'x') + "\r\n", 6) + kHost},
      {"one long line", kHead + "X: " + std::string(16'000, 'x') + "\r\n" + kHost},
      {"one line over the bound", kHead + "X: " + std::string(40'000, 'x') + "\r\n" + kHost},
      {"a line over the bound behind a short one",
       kHead + "A: b\r\nX: " + std::string(40'000, 'x') + "\r\n" + kHost},
      {"a long request line", "GET /" + std::string(16'000, 'x') + " HTTP/1.1\r\n" + kHost},
      {"a request line over the bound", "GET /" + std::string(17'000, 'x')},
      {"a folded line over the bound", kHead + "X: y\r\n" + repeat(" z\r\n", 5000)},
      {"empty lines in front", std::string(16'000, '\n') + kHead + kHost},
      {"empty lines without end", std::string(20'000, '\n')},
      {"a long method", std::string(1000, 'A') + " / HTTP/1.1\r\n" + kHost},
      {"a method without end", std::string(20'000, 'A')},
      {"a first line with tabs", "GET\t/" + std::string(3000, 'x') + "\tHTTP/1.1\r\n" + kHost},
      {"text without a line end", "a\t" + std::string(20'000, 'x')},
      {"a head of lines that end in CR",
       kHead + "X: " + repeat("a\rHost: b\r", 700) + "\r\n" + kHost},
      {"the shortest requests", repeat("A /\n\n", 1000) + kHead + kHost},
      {"requests with a host", repeat(kHead + "Host: a\r\n\r\n", 200)},
      {"requests with five hosts", kHead + repeat("Host: a\r\nHost: b\r\n", 3) + "Host: c\r\n\r\n"},
      {"requests that begin like a preface", repeat("PRI * HTTP/1.1\n\n", 300)},
      {"requests that begin like a head of PROXY", repeat("PROXY TCP4x / HTTP/1.1\n\n", 200)},
      {"chunks of one byte",
       kChunkedHead + repeat("1\r\nx\r\n", 1000) + "0\r\n\r\n" + kHead + kHost},
      {"a chunk's extension",
       kChunkedHead + repeat("1;" + std::string(1000, 'x') + "\r\nx\r\n", 10)},
      {"a chunk's line over its bound", kChunkedHead + "1;" + std::string(2000, 'x')},
      {"a trailer", kChunkedHead + "0\r\n" + repeat("A: b\r\n", 2000) + "\r\n" + kHead + kHost},
      {"a trailer over its bound",
       kChunkedHead + "0\r\n" + repeat("A: b\r\n", 6000) + "\r\n" + kHead + kHost},
      {"HTTP/2 in frames of one byte", http2_one_byte_frames()},
      {"a block of HTTP/2 in frames of one byte", http2_block_in_one_byte_frames(1000)},
      {"DNS in the shortest messages", repeat(bytes({0, 1, 0}), 500), 53},
      {"DNS in empty messages", repeat(bytes({0, 0}), 500), 53},
      {"DNS in many queries", repeat(text_of(test::framed(test::dns_query("wechat.com"))), 100),
       53},
      {"DNS elsewhere", repeat(text_of(test::framed(test::dns_query("wechat.com"))), 100)},
      {"a name of many labels", text_of(test::framed(test::dns_query(repeat("a.", 120) + "a")))},
      {"SOCKS 4 with a long user", bytes({4, 1, 0, 80, 0, 0, 0, 1}) + std::string(1900, 'u') +
                                       bytes({0}) + "wechat.com" + bytes({0})},
      {"SOCKS 4 with a long host",
       bytes({4, 1, 0, 80, 0, 0, 0, 1}) + bytes({0}) + std::string(1900, 'h') + bytes({0})},
      {"SOCKS 4 without end", bytes({4, 1, 0, 80, 1, 0, 0, 1}) + std::string(4000, 'u')},
      {"SOCKS 5 with the longest parts",
       bytes({5, 255}) + std::string(255, '\0') + bytes({1, 255}) + std::string(255, 'u') +
           bytes({255}) + std::string(255, 'p') + bytes({5, 1, 0, 3, 255}) + std::string(255, 'h') +
           bytes({0, 80}) + hello("wechat.com")},
      {"heads of SOCKS, one behind the other",
       repeat(bytes({5, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0, 80}), 200)},
      {"PROXY 1", "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\n" + hello("wechat.com")},
      {"PROXY 1 without end", "PROXY TCP4 " + std::string(2000, '1')},
      {"PROXY 2", std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\7\x80", 16) + std::string(1920, '\0')},
      {"a false promise, then a hello", "EHLO a\r\n" + promise(16'000) + hello("wechat.com")},
      {"two false promises, one in the other", repeat(promise(3000), 2) + std::string(14'000, 'x')},
      {"more promises than are tried", repeat(promise(3000), 20) + std::string(9000, 'x')},
      {"false hellos in the same records of one byte, up to the end of the search",
       "EHLO a\r\n" + promises_in_records_of_one_byte(2700)},
      {"false hellos in the same records of one byte, longer than the search",
       "EHLO a\r\n" + promises_in_records_of_one_byte(12'000)},
      {"records that servers step over",
       repeat(bytes({22, 3, 1, 0, 0}), 2000) + hello("wechat.com")},
      {"… between the pieces of a hello",
       bytes({22, 3, 1, 0, 1, 1}) + repeat(bytes({22, 3, 1, 0, 0}), 32) +
           bytes({22, 3, 1, 0, 1, 0}) + repeat(bytes({20, 3, 1, 0, 0}), 2000)},
      {"… between pieces that almost begin one, in a search",
       "EHLO a\r\n" + repeat(bytes({22, 3, 1, 0, 1, 1}) + repeat(bytes({20, 3, 1, 0, 0}), 11) +
                                 bytes({22, 3, 1, 0, 1, 0}),
                             200)},
      {"what almost begins a hello", repeat(bytes({22, 3, 1}), 5000)},
      {"what begins a hello, up to its version",
       repeat(bytes({22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 9}), 1400)},
      {"STARTTLS in records of one byte", "EHLO a\r\nSTARTTLS\r\n" + hello_in_records(1, 1000)},
      {"bulk of an unknown protocol", "SSH-2.0-x\r\n" + std::string(20'000, '\x16')},
  };
  return kCases;
}

struct Fed {
  StreamFeeder feeder;
  std::size_t received = 0;
};

Fed feed(const Case& one, std::size_t step) {
  Fed fed{.feeder = StreamFeeder(one.port)};
  while (!fed.feeder.over() && fed.received < one.stream.size()) {
    fed.received = std::min(fed.received + step, one.stream.size());
    fed.feeder.feed(as_bytes(one.stream).first(fed.received));
  }
  return fed;
}

TEST(Work, IsBoundedByTheBytesReceivedHoweverTheyAreCut) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.title);
    const Fed whole = feed(one, one.stream.size());
    EXPECT_LE(whole.feeder.examined(), kMaxExamined * whole.received);
    for (const std::size_t step : std::vector<std::size_t>{1, 2, 3, 7, 40, 536, 1460}) {
      SCOPED_TRACE(step);
      const Fed pieces = feed(one, step);
      EXPECT_LE(pieces.feeder.examined(), kMaxExamined * pieces.received)
          << double(pieces.feeder.examined()) / double(pieces.received);
      EXPECT_EQ(pieces.feeder.names(), whole.feeder.names());
      EXPECT_EQ(pieces.feeder.error(), whole.feeder.error());
    }
  }
}

TEST(Work, IsCounted) {
  for (const Case& one : cases()) {
    const Fed pieces = feed(one, 1);
    EXPECT_GE(pieces.feeder.examined(), pieces.received / 20) << one.title;  // lengths are skipped
  }
}

}  // namespace
}  // namespace sluice::inspect
