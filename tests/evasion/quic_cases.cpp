// A hello in QUIC Initials: CRYPTO frames, packets and datagrams that servers reassemble.

#include "tests/evasion/cases.h"
#include "tests/evasion/initials.h"

namespace sluice::evasion {
namespace {

constexpr quic::VersionNumber kVersions[] = {quic::kVersion1, quic::kVersion2};
constexpr std::size_t kFrame = 24;

// A few places around the name at which to cut.
std::vector<std::size_t> few_cuts(const Payload& payload) {
  return {1, 40, payload.name_at + 3, payload.name_at + 8, payload.stream.size() - 1};
}

// Scripts of every version by `build(payload, version)`.
template <typename Build>
Scripts each_version(const Payload& payload, Build build) {
  Scripts scripts;
  for (const quic::VersionNumber version : kVersions) {
    for (Script& script : build(payload, Initials(version))) scripts.push_back(std::move(script));
  }
  return scripts;
}

struct Halves {
  Frames first, second;
};
Halves halves(Bytes hello, std::size_t cut) {
  return {Frames().crypto(hello.first(cut), 0), Frames().crypto(hello.subspan(cut), cut)};
}

Scripts whole_hello_in_initials(const Payload& payload) {
  return each_version(payload, [](const Payload& what, Initials initials) -> Scripts {
    return {initials.datagram(Frames().crypto(what.stream, 0)).script()};
  });
}

Scripts quic_split(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) {
    Scripts scripts;
    for (const std::size_t cut : few_cuts(what)) {
      const auto [first, second] = halves(what.stream, cut);
      scripts.push_back(Initials(start).datagram(first).datagram(second).script());
      scripts.push_back(Initials(start).datagram(second).datagram(first).script());
    }
    return scripts;
  });
}

Frames in_reverse(const Payload& payload, bool between) {
  Frames frames;
  const Bytes hello = payload.stream;
  for (std::size_t end = hello.size(); end > 0;) {
    const std::size_t at = end > kFrame ? end - kFrame : 0;
    frames.crypto(hello.subspan(at, end - at), at);
    if (between) frames.ping().padding(7);
    end = at;
  }
  return frames;
}

Scripts reversed(const Payload& payload) {
  return each_version(payload, [](const Payload& what, Initials initials) -> Scripts {
    return {initials.datagram(in_reverse(what, false)).script()};
  });
}

Scripts with_others_between(const Payload& payload) {
  return each_version(payload, [](const Payload& what, Initials initials) -> Scripts {
    return {initials.datagram(in_reverse(what, true)).script()};
  });
}

Scripts coalesced(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) {
    Scripts scripts;
    for (const std::size_t cut : few_cuts(what)) {
      const auto [first, second] = halves(what.stream, cut);
      scripts.push_back(Initials(start).datagram({first, second}).script());
      scripts.push_back(Initials(start).datagram({second, first}).script());
    }
    return scripts;
  });
}

Scripts quic_overlapping(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) -> Scripts {
    const std::size_t from = what.name_at - 4, to = what.name_end;
    const Bytes hello = what.stream, decoy = what.decoy;
    const Frames head = Frames().crypto(hello.first(from), 0);
    const Frames real = Frames().crypto(hello.subspan(from, to - from), from);
    const Frames false_one = Frames().crypto(decoy.subspan(from, to - from), from);
    const Frames tail = Frames().crypto(hello.subspan(to), to);
    return {Initials(start).datagram(false_one).datagram(real).datagram({head, tail}).script(),
            Initials(start).datagram(real).datagram(false_one).datagram({tail, head}).script(),
            Initials(start).datagram({false_one, real, head, tail}).script(),
            Initials(start).datagram({real, head, tail, false_one}).script()};
  });
}

// Another connection's hello on the same ports, before the real one and between its halves.
Scripts decoy_connection(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) -> Scripts {
    const Frames decoy = Frames().crypto(what.decoy, 0);
    const Bytes hello = what.stream;
    const std::size_t cut = what.name_at + 4;
    const Frames first = Frames().crypto(hello.first(cut), 0);
    const Frames second = Frames().crypto(hello.subspan(cut), cut);
    return {Initials(start).other(decoy).datagram({first, second}).script(),
            Initials(start).datagram(first).other(decoy).datagram(second).script()};
  });
}

// A packet number far ahead, before the hello and between its halves. Behind it, to whoever
// believes it, the short numbers of the others mean something else.
Scripts number_decoy(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) {
    const std::size_t cut = what.name_at + 4;
    const auto [first, second] = halves(what.stream, cut);
    Scripts scripts;
    for (const std::uint64_t ahead : {120U, 200U, 1U << 16, 1U << 24}) {
      scripts.push_back(Initials(start).datagram(first).lost(ahead).datagram(second).script());
      scripts.push_back(Initials(start).lost(ahead).datagram(first).datagram(second).script());
      scripts.push_back(Initials(start).datagram(second).lost(ahead).datagram(first).script());
    }
    return scripts;
  });
}

// Other connections of the same socket to the same server before this one.
Scripts shared_socket(const Payload& payload) {
  return each_version(payload, [](const Payload& what, const Initials& start) -> Scripts {
    constexpr unsigned kOthers = 6;
    const std::size_t cut = what.name_at + 4;
    const auto [first, second] = halves(what.stream, cut);
    Initials initials(start);
    for (unsigned i = 0; i < kOthers; ++i) initials.other(Frames().crypto(what.decoy, 0), i);
    return {initials.datagram(first).datagram(second).script()};
  });
}

}  // namespace

std::span<const Case> quic_cases() {
  static const std::vector<Case> cases{
      {"quic_plain", "one Initial", {Kind::quic}, whole_hello_in_initials},
      {"quic_split", "two datagrams, in order and reversed", {Kind::quic}, quic_split},
      {"quic_frames_reversed", "CRYPTO frames in reverse", {Kind::quic}, reversed},
      {"quic_ping_padding",
       "the same, PING and PADDING between them",
       {Kind::quic},
       with_others_between},
      {"quic_coalesced", "two Initials in one datagram", {Kind::quic}, coalesced},
      {"quic_overlap",
       "a decoy over the name, before and behind it",
       {Kind::quic},
       quic_overlapping,
       Trait::breaks_evader},
      {"quic_decoy_connection", "a decoy with another DCID", {Kind::quic}, decoy_connection},
      {"quic_number_decoy", "a far packet number that never arrives", {Kind::quic}, number_decoy},
      {"quic_shared_socket", "six connections on the same ports", {Kind::quic}, shared_socket},
  };
  return cases;
}

}  // namespace sluice::evasion
