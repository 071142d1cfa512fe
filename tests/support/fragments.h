#pragma once

// Tunnels and IP fragments for tests. Lengths and checksums are right.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::test {

// An Ethernet frame with an IP header of `protocol` between bare addresses, of either version.
[[nodiscard]] ByteVector ip_frame(std::string_view source, std::string_view destination,
                                  std::uint8_t protocol, Bytes payload);
// An IP packet in an L2TP data message (RFC 2661) from client to server, behind `ppp`.
struct L2tpOptions {
  std::uint16_t tunnel = 0x0701, session = 0x0902;
  bool length = false;
  bool sequence = false;
  std::optional<std::uint16_t> offset = std::nullopt;
  std::string_view ppp = std::string_view("\xff\x03\0\x21", 4);
};
[[nodiscard]] ByteVector l2tp_message(Bytes packet, const L2tpOptions& options = {});
// The message in an Ethernet frame between two tunnel endpoints, to port 1701.
[[nodiscard]] ByteVector l2tp_frame(Bytes packet, const L2tpOptions& options = {});
// `frame` without its Ethernet header. REQUIRES: no VLAN tags.
[[nodiscard]] ByteVector without_ethernet(Bytes frame);

// A fragment of `frame` (Ethernet, IP without options or extensions): `size` bytes of the IP
// payload from `offset` on. `hop_by_hop`: with such an extension header in front of the fragment
// header.
struct PieceOptions {
  std::uint32_t id = 7;
  bool hop_by_hop = false;
};
[[nodiscard]] ByteVector fragment_of(Bytes frame, std::size_t offset, std::size_t size,
                                     const PieceOptions& options = {});
// All fragments in order, each of `size` bytes but the last. REQUIRES: `size` is a multiple of 8.
[[nodiscard]] std::vector<ByteVector> fragments_of(Bytes frame, std::size_t size,
                                                   const PieceOptions& options = {});
// Computes the checksum of the IPv4 header again.
void fix_ipv4_checksum(ByteVector& frame);

}  // namespace sluice::test
