// Packets in IP fragments: a question, a QUIC Initial, a TLS hello.

#include <algorithm>

#include "tests/evasion/cases.h"
#include "tests/evasion/initials.h"

namespace sluice::evasion {
namespace {

constexpr std::size_t kBlock = 8;

// One packet with the whole payload, from which the fragments are cut.
struct Packet {
  explicit Packet(const Payload& payload) {
    if (payload.kind == Kind::quic) {
      Initials initials(quic::kVersion1);
      const auto sealed = [&](Bytes hello) {
        return initials.sealed(initials.packet(), Frames().crypto(hello, 0), test::kQuicDatagram);
      };
      shot.payload = sealed(payload.stream);
      decoy = sealed(payload.decoy);
      script = initials.script();
    } else {
      if (!is_over_udp(payload.kind)) script = Script(payload.stream).open();
      shot.payload = payload.stream;
      decoy = payload.decoy;
    }
    const std::size_t header = is_over_udp(payload.kind) ? 8 : 20;
    size = header + shot.payload.size();
    const std::size_t name = payload.kind == Kind::quic ? size / 2 : header + payload.name_at;
    cut = (name + 4) / kBlock * kBlock;
  }
  [[nodiscard]] Script in(std::vector<Piece> pieces, bool with_decoy = false) const {
    Shot pieced = shot;
    pieced.pieces = std::move(pieces);
    if (with_decoy) pieced.decoy = decoy;
    return Script(script).add(pieced);
  }

  Script script;
  Shot shot;
  ByteVector decoy;
  std::size_t size = 0;
  std::size_t cut = 0;  // in the name
};

Scripts two(const Payload& payload) {
  const Packet packet(payload);
  Scripts scripts;
  for (const std::size_t cut : {kBlock, packet.cut, (packet.size - 1) / kBlock * kBlock}) {
    scripts.push_back(packet.in({{0, cut}, {cut, packet.size}}));
    scripts.push_back(packet.in({{cut, packet.size}, {0, cut}}));
  }
  return scripts;
}

Scripts tiny(const Payload& payload) {
  const Packet packet(payload);
  const std::size_t size = std::max(packet.size / 30 / kBlock * kBlock, kBlock);
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < packet.size; at += size) {
    pieces.push_back({at, std::min(at + size, packet.size)});
  }
  Scripts scripts{packet.in(pieces)};
  std::ranges::reverse(pieces);
  scripts.push_back(packet.in(pieces));
  return scripts;
}

// The same bytes twice.
Scripts sent_twice(const Payload& payload) {
  const Packet packet(payload);
  const std::size_t cut = packet.cut;
  return {packet.in({{0, cut}, {0, cut}, {cut, packet.size}}),
          packet.in({{cut, packet.size}, {0, cut}, {0, cut}})};
}

// Either copy completes a packet with a right checksum.
Scripts overlapping(const Payload& payload) {
  const Packet packet(payload);
  const std::size_t cut = packet.cut, size = packet.size;
  const std::size_t end = std::min(cut + 2 * kBlock, (size - 1) / kBlock * kBlock);
  return {packet.in({{cut, size, true}, {cut, size}, {0, cut}}, true),
          packet.in({{cut, size}, {cut, size, true}, {0, cut}}, true),
          packet.in({{cut, end, true}, {0, cut}, {cut, size}}, true),
          packet.in({{cut - kBlock, end}, {cut, end, true}, {end, size}, {0, cut}}, true),
          packet.in({{0, cut, true}, {0, end}, {end, size}}, true)};
}

}  // namespace

std::span<const Case> fragment_cases() {
  static const std::vector<Kind> kinds{Kind::dns_udp, Kind::quic, Kind::tls};
  static const std::vector<Case> cases{
      {"ip_fragments", "two, in order and reversed", kinds, two},
      {"ip_fragments_tiny", "thirty or in blocks of eight bytes, both orders", kinds, tiny},
      {"ip_fragments_twice", "a fragment twice", kinds, sent_twice},
      {"ip_fragments_overlap", "a decoy over the name, before and behind it", kinds, overlapping,
       Trait::no_ordinary},
  };
  return cases;
}

}  // namespace sluice::evasion
