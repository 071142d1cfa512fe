#include "tests/support/fragments.h"

#include <algorithm>

#include "filters/packet/checksum.h"

namespace sluice::test {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kFragment = 44;

std::size_t header_of(Bytes frame) {
  return kEthernet + (frame[12] == std::byte{0x08} ? kIpv4Header : kIpv6Header);
}

ByteVector ipv4_fragment(Bytes frame, std::size_t offset, Bytes data, bool more, std::uint32_t id) {
  ByteVector piece(frame.begin(), frame.begin() + kEthernet + kIpv4Header);
  patch_u16(piece, kEthernet + 2, kIpv4Header + data.size());
  patch_u16(piece, kEthernet + 4, id);
  patch_u16(piece, kEthernet + 6, offset / 8 | (more ? 0x2000U : 0U));
  append(piece, data);
  fix_ipv4_checksum(piece);
  return piece;
}

ByteVector ipv6_fragment(Bytes frame, std::size_t offset, Bytes data, bool more,
                         const PieceOptions& options) {
  ByteVector piece(frame.begin(), frame.begin() + kEthernet + kIpv6Header);
  const auto carried = std::to_integer<unsigned>(piece[kEthernet + 6]);
  const std::size_t extensions = options.hop_by_hop ? 16 : 8;
  patch_u16(piece, kEthernet + 4, extensions + data.size());
  piece[kEthernet + 6] = std::byte{options.hop_by_hop ? kHopByHop : kFragment};
  if (options.hop_by_hop) {
    append_u16(piece, kFragment << 8);
    append_u16(piece, 0x0104);  // padding
    append_u32(piece, 0);
  }
  append_u8(piece, carried);
  append_u8(piece, 0);
  append_u16(piece, static_cast<unsigned>(offset | (more ? 1U : 0U)));
  append_u32(piece, options.id);
  append(piece, data);
  return piece;
}

}  // namespace

void fix_ipv4_checksum(ByteVector& frame) {
  patch_u16(frame, kEthernet + 10, 0);
  const Bytes header = Bytes(frame).subspan(kEthernet, kIpv4Header);
  patch_u16(frame, kEthernet + 10, ~packet::ones_complement_sum(header) & 0xffffU);
}

ByteVector ip_frame(std::string_view source, std::string_view destination, std::uint8_t protocol,
                    Bytes payload) {
  const bool v6 = source.find(':') != std::string_view::npos;
  const auto end = [&](std::string_view address) {
    return (v6 ? "[" + std::string(address) + "]" : std::string(address)) + ":0";
  };
  // The builder adds a UDP header, which is cut off here.
  ByteVector frame = FrameBuilder(end(source), end(destination)).build();
  frame.resize(header_of(frame));
  append(frame, payload);
  if (v6) {
    patch_u16(frame, kEthernet + 4, payload.size());
    frame[kEthernet + 6] = std::byte{protocol};
  } else {
    patch_u16(frame, kEthernet + 2, kIpv4Header + payload.size());
    frame[kEthernet + 9] = std::byte{protocol};
    fix_ipv4_checksum(frame);
  }
  return frame;
}

ByteVector l2tp_message(Bytes packet, const L2tpOptions& options) {
  ByteVector rest;
  append_u16(rest, options.tunnel);
  append_u16(rest, options.session);
  if (options.sequence) append_u32(rest, 0x00010000);
  if (options.offset) {
    append_u16(rest, *options.offset);
    rest.resize(rest.size() + *options.offset, std::byte{0x45});
  }
  append(rest, as_bytes(options.ppp));
  append(rest, packet);
  ByteVector message;
  append_u16(message, 2U | (options.length ? 0x4000U : 0U) | (options.sequence ? 0x0800U : 0U) |
                          (options.offset ? 0x0200U : 0U));
  if (options.length) append_u16(message, static_cast<unsigned>(rest.size() + 4));
  append(message, rest);
  return message;
}

ByteVector l2tp_frame(Bytes packet, const L2tpOptions& options) {
  return FrameBuilder("203.0.113.1:1701", "203.0.113.2:1701")
      .payload(l2tp_message(packet, options))
      .build();
}

ByteVector without_ethernet(Bytes frame) {
  return {frame.begin() + kEthernet, frame.end()};
}

ByteVector fragment_of(Bytes frame, std::size_t offset, std::size_t size,
                       const PieceOptions& options) {
  const Bytes carried = frame.subspan(header_of(frame));
  const Bytes data = carried.subspan(offset, std::min(size, carried.size() - offset));
  const bool more = offset + data.size() < carried.size();
  return frame[12] == std::byte{0x08} ? ipv4_fragment(frame, offset, data, more, options.id)
                                      : ipv6_fragment(frame, offset, data, more, options);
}

std::vector<ByteVector> fragments_of(Bytes frame, std::size_t size, const PieceOptions& options) {
  std::vector<ByteVector> pieces;
  for (std::size_t at = 0; at < frame.size() - header_of(frame); at += size) {
    pieces.push_back(fragment_of(frame, at, size, options));
  }
  return pieces;
}

}  // namespace sluice::test
