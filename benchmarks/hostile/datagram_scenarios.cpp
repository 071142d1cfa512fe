// Hellos in datagrams: QUIC and DTLS.

#include <algorithm>

#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/talk.h"
#include "tests/support/dtls_builder.h"
#include "tests/support/quic_builder.h"

namespace sluice::bench {
namespace {

using test::append;
using test::append_u32;
using test::byte_vector;
using test::ByteVector;
using test::QuicPacket;

// The default limit is 200 Initials a second for each client.
constexpr Nanos kQuicSpacing = std::chrono::milliseconds(6);
constexpr std::size_t kInitials = 300;

ByteVector connection_id(std::size_t number) {
  ByteVector id = byte_vector("dcid");
  append_u32(id, static_cast<std::uint32_t>(number));
  return id;
}

Scenario ordinary_initial() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < 256; ++i) {
    const ByteVector datagram =
        test::quic_hello("www.example.com", {.dcid = connection_id(i)}).at(0);
    scenario.attack.push_back(Talk(kOrdinaryTalks + i).question(datagram));
  }
  return scenario;
}

// Initials that cannot be decrypted, each from another client.
Scenario unopenable() {
  Scenario scenario{.expect = Expect::drop};
  ByteVector datagram = test::quic_hello("www.example.com").at(0);
  datagram.back() ^= std::byte{1};
  for (std::size_t i = 0; i < kInitials; ++i) {
    datagram[6] = static_cast<std::byte>(i);
    datagram[7] = static_cast<std::byte>(i >> 8);
    scenario.attack.push_back(Talk(i).question(datagram));
  }
  return scenario;
}

// Four unfinished hellos on one five-tuple.
Steps four_hellos(const Talk& talk, quic::VersionNumber last_version) {
  Steps steps;
  const ByteVector hello = test::client_hello(kBanned);
  for (std::size_t i = 0; i < 4; ++i) {
    const QuicPacket packet{.version = i == 3 ? last_version : quic::kVersion1,
                            .dcid = connection_id(i)};
    steps.push_back(talk.question(test::quic_initial(
        packet, test::crypto_frame(0, Bytes(hello).first(10)), test::kQuicDatagram)));
  }
  return steps;
}
// Initials that none of the keys of the four hellos decrypt.
Scenario unopenable_with_four(quic::VersionNumber version) {
  const Talk talk;
  Scenario scenario{.opening = four_hellos(talk, quic::kVersion1),
                    .expect = Expect::drop,
                    .spacing = kQuicSpacing};
  for (std::size_t i = 0; i < kInitials; ++i) {
    ByteVector datagram = test::quic_initial({.version = version, .dcid = connection_id(100 + i)},
                                             test::crypto_frame(0, byte_vector("\1")), 1'400);
    datagram.back() ^= std::byte{1};
    scenario.attack.push_back(talk.question(datagram));
  }
  return scenario;
}
Scenario four_hellos_same_version() {
  return unopenable_with_four(quic::kVersion1);
}
Scenario four_hellos_other_version() {
  return unopenable_with_four(quic::kVersion2);
}
// Eight packets in a datagram. They decrypt with the keys of the fourth hello, whose version
// differs from that of the other three.
Scenario coalesced_other_version() {
  const Talk talk;
  Scenario scenario{.opening = four_hellos(talk, quic::kVersion2), .spacing = 8 * kQuicSpacing};
  const ByteVector hello = test::client_hello(kBanned);
  QuicPacket packet{.version = quic::kVersion2, .dcid = connection_id(3), .number = 1};
  for (std::size_t i = 0; i < kInitials; ++i) {
    ByteVector datagram;
    for (std::size_t n = 0; n < 8; ++n, ++packet.number) {
      append(datagram,
             test::quic_initial(packet, test::crypto_frame(10, Bytes(hello).subspan(10, 1)), 170));
    }
    scenario.attack.push_back(talk.question(datagram));
  }
  return scenario;
}
Scenario coalesced_new() {
  Scenario scenario;
  const ByteVector hello = test::client_hello("www.example.com");
  for (std::size_t i = 0; i < kInitials; ++i) {
    ByteVector datagram;
    for (std::size_t n = 0; n < 8; ++n) {
      append(datagram, test::quic_initial({.dcid = connection_id(4 * i + n % 4), .number = n},
                                          test::crypto_frame(0, Bytes(hello).first(20)), 170));
    }
    scenario.attack.push_back(Talk(i).question(datagram));
  }
  return scenario;
}

// Each packet opens a flow, and takes memory from another flow.
Scenario many_flows() {
  Scenario scenario;
  const ByteVector frame =
      test::crypto_frame(0, Bytes(test::client_hello("www.example.com")).first(20));
  for (std::size_t i = 0; i < 20'000; ++i) {
    scenario.attack.push_back(
        Talk(i).question(test::quic_initial({.dcid = connection_id(i)}, frame, 60)));
  }
  return scenario;
}

// CRYPTO frames of one byte: the first at `first`, each other one `step` bytes behind.
ByteVector crypto_frames(Bytes hello, std::size_t first, std::ptrdiff_t step, std::size_t count) {
  ByteVector frames;
  auto at = static_cast<std::ptrdiff_t>(first);
  for (std::size_t i = 0; i < count; ++i, at += step) {
    append(frames, test::crypto_frame(static_cast<std::size_t>(at),
                                      hello.subspan(static_cast<std::size_t>(at), 1)));
  }
  return frames;
}
Scenario one_byte_frames(std::size_t first, std::ptrdiff_t step) {
  Scenario scenario;
  const ByteVector hello = test::client_hello("www.example.com", {.padding = 1'000});
  for (std::size_t i = 0; i < kInitials; ++i) {
    scenario.attack.push_back(Talk(i).question(test::quic_initial(
        {.dcid = connection_id(i)}, crypto_frames(hello, first, step, 250), 1'400)));
  }
  return scenario;
}
Scenario frames_in_order() {
  return one_byte_frames(0, 1);
}
Scenario frames_reversed() {
  return one_byte_frames(600, -1);
}
Scenario frames_with_gaps() {
  return one_byte_frames(600, -2);
}
// A hello cut into many Initials.
Scenario hello_in_many_initials(std::size_t padding, std::size_t piece) {
  const Talk talk;
  const ByteVector hello = test::client_hello(kBanned, {.padding = padding});
  Scenario scenario{.spacing = kQuicSpacing};
  QuicPacket packet{.dcid = connection_id(0)};
  const auto cuts = pieces(hello.size(), piece);
  for (const Piece& cut : cuts) {
    const ByteVector frame = test::crypto_frame(cut.at, Bytes(hello).subspan(cut.at, cut.size));
    Step step = talk.question(test::quic_initial(packet, frame, test::kQuicDatagram));
    ++packet.number;
    (&cut == &cuts.back() ? scenario.probe : scenario.attack).push_back(std::move(step));
  }
  return scenario;
}
Scenario hello_by_bytes() {
  return hello_in_many_initials(200, 1);
}
Scenario long_hello_by_pieces() {
  return hello_in_many_initials(15'900, 32);
}
Scenario ping_frames() {
  Scenario scenario{.expect = Expect::pass};
  for (std::size_t i = 0; i < kInitials; ++i) {
    scenario.attack.push_back(
        Talk(i).question(test::quic_initial({.dcid = connection_id(i)}, repeated("\1", 1'360))));
  }
  return scenario;
}

// DTLS.

Scenario ordinary_dtls() {
  Scenario scenario{.expect = Expect::pass};
  const ByteVector hello = test::dtls_hello("www.example.com");
  const ByteVector datagram = test::dtls_record(test::dtls_fragment(hello, 0, hello.size()));
  for (std::size_t i = 0; i < 256; ++i) {
    scenario.attack.push_back(Talk(kOrdinaryTalks + i).question(datagram));
  }
  return scenario;
}
Scenario dtls_by_bytes() {
  const Talk talk;
  const ByteVector hello = test::dtls_hello(kBanned, "", {.padding = 15'900});
  Scenario scenario;
  for (ByteVector& datagram : test::dtls_datagrams(hello, 1)) {
    scenario.attack.push_back(talk.question(datagram));
  }
  scenario.probe = {std::move(scenario.attack.back())};
  scenario.attack.pop_back();
  return scenario;
}
Scenario dtls_by_bytes_reversed() {
  Scenario scenario = dtls_by_bytes();
  scenario.attack.push_back(std::move(scenario.probe.back()));
  scenario.probe = {std::move(scenario.attack.front())};
  scenario.attack.erase(scenario.attack.begin());
  std::ranges::reverse(scenario.attack);
  return scenario;
}
// The most fragments that a datagram may have, one byte each.
Scenario dtls_fragments() {
  const Talk talk;
  const ByteVector hello = test::dtls_hello("www.example.com", "", {.padding = 15'900});
  Scenario scenario;
  for (std::size_t at = 0; at + 16 < hello.size(); at += 16) {
    ByteVector datagram;
    for (std::size_t i = 0; i < 16; ++i) {
      append(datagram, test::dtls_record(test::dtls_fragment(hello, at + i, 1)));
    }
    scenario.attack.push_back(talk.question(datagram));
  }
  return scenario;
}
Scenario dtls_empty_records() {
  const ByteVector record = test::dtls_record({}, {.type = 21});
  const ByteVector datagram = repeated(as_text(record), 1'400 / record.size() * record.size());
  Scenario scenario;
  for (std::size_t i = 0; i < kInitials; ++i) {
    scenario.attack.push_back(Talk(i).question(datagram));
  }
  warm_up(scenario);
  return scenario;
}
// Fragments of different hellos: each one starts a hello, four on each five-tuple.
Scenario dtls_many_hellos() {
  Scenario scenario;
  const ByteVector hello = test::dtls_hello("www.example.com");
  for (std::size_t i = 0; i < 5'000; ++i) {
    const auto number = static_cast<std::uint16_t>(i);
    scenario.attack.push_back(Talk(i / 4).question(
        test::dtls_record(test::dtls_fragment(hello, 1, 1, {.number = number}))));
  }
  warm_up(scenario);
  return scenario;
}

constexpr ScenarioEntry kScenarios[] = {
    {"quic", kOrdinary, ordinary_initial},
    {"quic", "Initials that do not open", unopenable},
    {"quic", "that do not open, with 4 hellos held", four_hellos_same_version},
    {"quic", "those of another version", four_hellos_other_version},
    {"quic", "8 coalesced, keys of the last of 4 hellos", coalesced_other_version},
    {"quic", "8 coalesced, 4 new hellos", coalesced_new},
    {"quic", "Initials of 20,000 flows", many_flows},
    {"quic", "250 CRYPTO frames of 1 byte", frames_in_order},
    {"quic", "250 CRYPTO frames of 1 byte, reversed", frames_reversed},
    {"quic", "250 CRYPTO frames of 1 byte, gaps", frames_with_gaps},
    {"quic", "PING frames", ping_frames},
    {"quic", "a hello, 1 byte an Initial", hello_by_bytes},
    {"quic", "a 16 KB hello, 32 bytes an Initial", long_hello_by_pieces},
    {"dtls", kOrdinary, ordinary_dtls},
    {"dtls", "a 16 KB hello byte by byte", dtls_by_bytes},
    {"dtls", "a 16 KB hello byte by byte, reversed", dtls_by_bytes_reversed},
    {"dtls", "16 fragments of 1 byte", dtls_fragments},
    {"dtls", "1,400 bytes of empty records", dtls_empty_records},
    {"dtls", "fragments of many hellos", dtls_many_hellos},
};

}  // namespace

std::span<const ScenarioEntry> datagram_scenarios() {
  return kScenarios;
}

}  // namespace sluice::bench
