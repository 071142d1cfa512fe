// Packets in headers that hosts, switches and access points take off.

#include <algorithm>

#include "tests/evasion/cases.h"
#include "tests/evasion/initials.h"

namespace sluice::evasion {
namespace {

// In two segments, or as one datagram.
Script plain(const Payload& payload) {
  if (payload.kind == Kind::quic) {
    Initials initials(quic::kVersion1);
    return initials.script().datagram(initials.sealed(
        initials.packet(), Frames().crypto(payload.stream, 0), test::kQuicDatagram));
  }
  if (is_over_udp(payload.kind)) return Script(payload.stream).whole();
  const std::size_t cut = payload.name_at + 4;
  return Script(payload.stream).open().part(0, cut).part(cut, payload.stream.size());
}

// Each packet wrapped; every other one.
Scripts wrapped(const Payload& payload, const std::vector<Wrapping>& wrappings) {
  Scripts scripts;
  for (const Wrapping wrapping : wrappings) {
    for (const std::size_t every : {1U, 2U}) {
      Script script = plain(payload);
      for (std::size_t i = 0; i < script.shots.size(); ++i) {
        const std::size_t from_last = script.shots.size() - 1 - i;
        if (from_last % every == 0) script.shots[i].wrapping = wrapping;
      }
      script.what = std::to_string(wrapping.times) + (every == 1 ? " each" : " every other");
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

Scripts priority_tags(const Payload& payload) {
  constexpr Header kTag = Header::priority_tag;
  return wrapped(payload, {{kTag, 1}, {kTag, 2}, {kTag, 5}, {kTag, 40}});
}

Scripts llc_headers(const Payload& payload) {
  return wrapped(payload, {{Header::llc}, {Header::llc_behind_tag}, {Header::llc_behind_tag, 3}});
}

Scripts authentication_headers(const Payload& payload) {
  return wrapped(payload, {{Header::authentication, 1}, {Header::authentication, 4}});
}

Scripts extension_headers(const Payload& payload) {
  return wrapped(payload, {{Header::options, 1}, {Header::options, 9}, {Header::options, 60}});
}

Scripts length_zero(const Payload& payload) {
  return wrapped(payload, {{Header::no_length, 1}});
}

}  // namespace

std::span<const Case> wrapping_cases() {
  static const std::vector<Kind> kinds{Kind::dns_udp, Kind::quic, Kind::tls, Kind::http};
  static const std::vector<Case> cases{
      {"priority_tags", "VLAN tags with identifier 0, up to forty", kinds, priority_tags},
      {"llc_headers", "802.2 with SNAP, also behind tags", kinds, llc_headers},
      {"authentication_headers", "up to four, in transport mode", kinds, authentication_headers},
      {"extension_headers", "up to sixty destination options", kinds, extension_headers},
      {"length_zero", "IPv6 length 0 behind hop-by-hop options", kinds, length_zero},
  };
  return cases;
}

}  // namespace sluice::evasion
