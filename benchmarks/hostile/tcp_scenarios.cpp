// TCP, TLS, and streams of unknown protocols.

#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/talk.h"
#include "tests/support/server_hello.h"

namespace sluice::bench {
namespace {

using test::append;
using test::byte_vector;
using test::ByteVector;

ByteVector hello(std::string_view name, std::size_t padding,
                 const std::vector<std::size_t>& sizes) {
  return test::tls_records(test::client_hello(name, {.padding = padding}), sizes);
}

// A hello in records of one byte: six bytes of stream for each byte.
ByteVector hello_in_small_records(std::string_view name, std::size_t padding) {
  return hello(name, padding, std::vector<std::size_t>(padding + 200, 1));
}

Scenario ordinary_data() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 64; ++i) {
    const Talk talk(kOrdinaryTalks + i);
    const ByteVector bytes = hello("www.example.com", 250, {});
    add(scenario.opening, talk.handshake());
    scenario.opening.push_back(talk.data(0, bytes));
    scenario.opening.push_back(
        talk.answer(0, test::tls_records(test::server_hello()), bytes.size()));
  }
  for (std::size_t i = 0; i < 1024; ++i) {
    scenario.attack.push_back(Talk(kOrdinaryTalks + i % 64).answer(0, ByteVector(kMss), 16));
  }
  return scenario;
}

Scenario syn_flood() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 100'000; ++i) scenario.attack.push_back(Talk(i).syn());
  return scenario;
}

Scenario syn_data_flood() {
  Scenario scenario;
  const ByteVector start = byte_vector("\x16");
  for (std::size_t i = 0; i < 20'000; ++i) scenario.attack.push_back(Talk(i).syn(start));
  return scenario;
}

// Connections that hold memory and then stay silent.
Scenario half_hellos() {
  Scenario scenario;
  const ByteVector bytes = hello("www.example.com", 250, {});
  for (std::size_t i = 0; i < 8'000; ++i) {
    const Talk talk(i);
    add(scenario.attack, talk.handshake());
    scenario.attack.push_back(talk.data(0, Bytes(bytes).first(bytes.size() - 1)));
  }
  return scenario;
}

// The same from one client, with a different port for each.
Scenario half_hellos_of_one_client() {
  Scenario scenario;
  const ByteVector bytes = hello("www.example.com", 250, {});
  for (std::size_t i = 0; i < 8'000; ++i) {
    const std::string client = "10.0.0.1:" + std::to_string(1'024 + i);
    const std::string server = server_of(0, 443);
    const auto send = [&](const std::string& from, const std::string& to, std::uint32_t sequence,
                          std::uint32_t acknowledgment, std::string_view flags, Bytes payload) {
      scenario.attack.push_back({test::FrameBuilder(from, to)
                                     .tcp(sequence, acknowledgment, flags)
                                     .payload(payload)
                                     .build(),
                                 from == client ? io::Side::inside : io::Side::outside});
    };
    send(client, server, 999, 0, "S", {});
    send(server, client, 4'999, 1'000, "SA", {});
    send(client, server, 1'000, 5'000, "PA", Bytes(bytes).first(bytes.size() - 1));
  }
  return scenario;
}

// Sends a hello in these pieces, without its last byte. The probe is the last byte.
Scenario cut_hello(const ByteVector& bytes, const std::vector<Piece>& cuts) {
  const Talk talk;
  Scenario scenario{.opening = talk.handshake()};
  scenario.attack = segments(talk, Bytes(bytes).first(bytes.size() - 1), cuts);
  scenario.probe = segments(talk, bytes, {{bytes.size() - 1, 1}});
  return scenario;
}

Scenario hello_byte_by_byte() {
  const ByteVector bytes = hello(kBanned, 15'900, {});
  return cut_hello(bytes, pieces(bytes.size() - 1, 1));
}

// Each segment has 40 NOP options.
Scenario hello_with_options() {
  Scenario scenario = hello_byte_by_byte();
  const ByteVector options(40, std::byte{1});
  for (Steps* const steps : {&scenario.attack, &scenario.probe}) {
    for (Step& step : *steps) step = with_options(step, options);
  }
  return scenario;
}

Scenario hello_reversed() {
  const ByteVector bytes = hello(kBanned, 15'900, {});
  return cut_hello(bytes, reversed(pieces(bytes.size() - 1, 1)));
}

Scenario small_records() {
  const ByteVector bytes = hello_in_small_records(kBanned, 12'000);
  return cut_hello(bytes, pieces(bytes.size() - 1, kMss));
}

Scenario small_records_byte_by_byte() {
  const ByteVector bytes = hello_in_small_records(kBanned, 5'000);
  return cut_hello(bytes, pieces(bytes.size() - 1, 1));
}

Scenario small_records_record_by_record() {
  const ByteVector bytes = hello_in_small_records(kBanned, 12'000);
  return cut_hello(bytes, pieces(bytes.size() - 1, 6));
}

// Sends every second byte, then full segments.
Scenario every_second_byte() {
  const ByteVector bytes = hello(kBanned, 15'900, {});
  std::vector<Piece> cuts;
  for (std::size_t at = 1; at + 1 < bytes.size(); at += 2) cuts.push_back({at, 1});
  for (const Piece& piece : pieces(bytes.size() - 1, kMss)) cuts.push_back(piece);
  return cut_hello(bytes, cuts);
}

// Sends full segments that differ from the kept bytes, while every second byte is kept.
Scenario every_second_byte_again() {
  const ByteVector bytes = hello(kBanned, 15'900, {});
  const Talk talk;
  Scenario scenario = cut_hello(bytes, {});
  for (std::size_t at = 3; at + 1 < bytes.size(); at += 2) {
    add(scenario.opening, segments(talk, bytes, {{at, 1}}));
  }
  for (const Piece& piece : pieces(bytes.size() - 2, kMss)) {
    ByteVector other(bytes.begin() + 1 + static_cast<std::ptrdiff_t>(piece.at),
                     bytes.begin() + 1 + static_cast<std::ptrdiff_t>(piece.at + piece.size));
    for (std::size_t i = 0; i < other.size(); i += 4) other[i] ^= std::byte{1};
    for (int i = 0; i < 20; ++i) scenario.attack.push_back(talk.data(piece.at + 1, other));
  }
  scenario.probe = {};
  return scenario;
}

// Sends each segment once, then copies that differ in every second byte.
Scenario differing_copies() {
  const ByteVector bytes = hello(kBanned, 15'900, {});
  const Talk talk;
  Scenario scenario = cut_hello(bytes, {});
  for (const Piece& piece : pieces(bytes.size() - 1, kMss)) {
    add(scenario.attack, segments(talk, bytes, {piece}));
    ByteVector other(bytes.begin() + static_cast<std::ptrdiff_t>(piece.at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(piece.at + piece.size));
    for (std::size_t i = 0; i < other.size(); i += 2) other[i] ^= std::byte{1};
    for (int i = 0; i < 20; ++i) scenario.attack.push_back(talk.data(piece.at, other));
  }
  return scenario;
}

// The server acknowledges two messages of two bytes at a time, while the window behind them is full
// of bytes and holes. Each acknowledgment moves the window.
Scenario acknowledged_bit_by_bit() {
  const Talk talk(0, 53);
  constexpr std::size_t kWindow = 20'000;
  const ByteVector zeroes(kWindow + 8);  // empty messages of DNS, two bytes each
  Scenario scenario{.opening = talk.handshake()};
  for (std::size_t at = 2; at + 2 <= kWindow; at += 4) {
    add(scenario.opening, segments(talk, zeroes, {{at, 2}}));
  }
  for (std::size_t at = 0; at + 4 <= kWindow; at += 4) {
    add(scenario.attack, segments(talk, zeroes, {{at, 2}}));
    scenario.attack.push_back(talk.acknowledge(at + 4));
  }
  return scenario;
}

// The same with the largest window.
Scenario acknowledged_bit_by_bit_long() {
  const Talk talk(0, 53);
  constexpr std::size_t kWindow = 80'000;
  const ByteVector zeroes(kWindow + 8);
  Scenario scenario{.opening = talk.handshake()};
  for (std::size_t at = 2; at + 2 <= kWindow; at += 4) {
    add(scenario.opening, segments(talk, zeroes, {{at, 2}}));
  }
  for (std::size_t at = 0; at + 4 <= kWindow / 8; at += 4) {
    add(scenario.attack, segments(talk, zeroes, {{at, 2}}));
    scenario.attack.push_back(talk.acknowledge(at + 4));
  }
  return scenario;
}

// False starts of hellos, behind a start of no known protocol.
Scenario search(std::string_view false_candidate, std::size_t size, std::size_t segment) {
  const Talk talk(0, 2525);
  ByteVector stream = byte_vector("220 ");
  append(stream, repeated(false_candidate, size));
  Scenario scenario{.opening = talk.handshake(), .attack = {}};
  scenario.attack = segments(talk, stream, pieces(stream.size(), segment));
  return scenario;
}

// Record and hello headers that agree. The hello never ends.
constexpr std::string_view kEndless{"\x16\x03\x01\x3f\x00\x01\x00\x3f\x00\x03\x03", 11};
// A record of one byte that can begin a hello.
constexpr std::string_view kOneByte{"\x16\x03\x01\x00\x01\x01", 6};

Scenario search_endless_bytes() {
  return search(kEndless, 8'000, 1);
}
Scenario search_endless_segments() {
  return search(kEndless, 16'000, kMss);
}
// An unfinished hello, then bytes that look like the type of a record.
Scenario search_type_bytes() {
  const Talk talk(0, 2525);
  ByteVector stream = byte_vector("220 ");
  append(stream, byte_vector(kEndless));
  append(stream, repeated("\x16", 15'000));
  Scenario scenario{.opening = talk.handshake()};
  scenario.attack = segments(talk, stream, pieces(stream.size(), 1));
  return scenario;
}
Scenario search_records() {
  const Talk talk(0, 2525);
  ByteVector stream = byte_vector("220 ");
  append(stream, hello_in_small_records("www.example.com", 2'500));
  Scenario scenario{.opening = talk.handshake()};
  scenario.attack = segments(talk, stream, pieces(stream.size(), 1));
  return scenario;
}
Scenario search_record_starts() {
  return search(kOneByte, 8'000, 1);
}

// Four hellos that begin inside each other, in records of one byte. They end shortly before the
// stream does.
Scenario search_nested_records() {
  const Talk talk(0, 2525);
  constexpr std::string_view kHellos("\1\0\x2f", 3);
  ByteVector stream = byte_vector("220 ");
  for (std::size_t i = 0; i < 12'100; ++i) {
    append(stream, byte_vector(std::string_view("\x16\x03\x01\0\1", 5)));
    stream.push_back(static_cast<std::byte>(kHellos[i % kHellos.size()]));
  }
  constexpr std::size_t kRecord = 6, kTimed = 500 * kRecord;
  const std::size_t middle = stream.size() - kTimed;
  Scenario scenario{.opening = talk.handshake()};
  add(scenario.opening, segments(talk, stream, pieces(middle, kMss)));
  for (const Piece& piece : pieces(kTimed, kRecord)) {
    add(scenario.attack, segments(talk, stream, {{middle + piece.at, piece.size}}));
  }
  return scenario;
}
// Data of unknown flows, full of false starts of hellos.
Scenario unknown_flows() {
  Scenario scenario;
  const ByteVector bytes = repeated(std::string_view("\x16\x03\x01\x3f\0\2", 6), kMss);
  for (std::size_t i = 0; i < 1'000; ++i) scenario.attack.push_back(Talk(i).data(1, bytes));
  return scenario;
}

// A hello with 4,000 empty extensions.
Scenario many_extensions() {
  ByteVector body = test::client_hello("www.example.com");
  // Offset of the length of the extensions.
  constexpr std::size_t kExtensionsAt = 4 + 2 + 32 + 33 + 6 + 2;
  const std::size_t before = body.size();
  append(body, repeated(std::string_view("\x7a\x7a\0\0", 4), 4 * 4'000));
  const auto put_u16 = [&](std::size_t at, std::size_t value) {
    body[at] = static_cast<std::byte>(value >> 8);
    body[at + 1] = static_cast<std::byte>(value & 0xff);
  };
  put_u16(2, body.size() - 4);
  put_u16(kExtensionsAt, before - kExtensionsAt - 2 + 16'000);
  const ByteVector stream = test::tls_records(body);
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 64; ++i) {
    const Talk talk(i);
    add(scenario.opening, talk.handshake());
    add(scenario.attack, segments(talk, stream, pieces(stream.size(), kMss)));
  }
  return scenario;
}

Scenario ordinary_hello() {
  Scenario scenario{.expect = Expect::pass};
  const ByteVector bytes = hello("www.example.com", 250, {});
  for (std::size_t i = 0; i < 256; ++i) add(scenario.opening, Talk(kOrdinaryTalks + i).handshake());
  for (std::size_t i = 0; i < 256; ++i)
    scenario.attack.push_back(Talk(kOrdinaryTalks + i).data(0, bytes));
  return scenario;
}

constexpr ScenarioEntry kScenarios[] = {
    {"tcp", kOrdinary, ordinary_data},
    {"tcp", "SYNs of 100,000 connections", syn_flood},
    {"tcp", "SYNs with one byte of data", syn_data_flood},
    {"tcp", "connections with half a hello", half_hellos},
    {"tcp", "those of one client", half_hellos_of_one_client},
    {"tcp", "2 bytes taken at a time, 20 KB window", acknowledged_bit_by_bit},
    {"tcp", "2 bytes taken at a time, 80 KB window", acknowledged_bit_by_bit_long},
    {"tcp", "data of unknown flows", unknown_flows},
    {"tls", kOrdinary, ordinary_hello},
    {"tls", "4,000 extensions", many_extensions},
    {"tls", "16 KB hello byte by byte", hello_byte_by_byte},
    {"tls", "16 KB hello byte by byte, 40 bytes of options", hello_with_options},
    {"tls", "16 KB hello byte by byte, reversed", hello_reversed},
    {"tls", "1-byte records", small_records},
    {"tls", "1-byte records, byte by byte", small_records_byte_by_byte},
    {"tls", "1-byte records, one a segment", small_records_record_by_record},
    {"tls", "every second byte, then all", every_second_byte},
    {"tls", "over every second byte, differing", every_second_byte_again},
    {"tls", "differing copies of each segment", differing_copies},
    {"search", kOrdinary, ordinary_hello},
    {"search", "endless hellos, byte by byte", search_endless_bytes},
    {"search", "endless hellos", search_endless_segments},
    {"search", "handshake types, byte by byte", search_type_bytes},
    {"search", "1-byte records, byte by byte", search_records},
    {"search", "4 nested hellos of 1-byte records", search_nested_records},
    {"search", "starts of records, byte by byte", search_record_starts},
};

}  // namespace

std::span<const ScenarioEntry> tcp_scenarios() {
  return kScenarios;
}

}  // namespace sluice::bench
