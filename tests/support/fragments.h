#pragma once

// Tunnels and IP fragments for tests. Lengths and checksums are right.

#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::test {

// An Ethernet frame with an IP header of `protocol` between bare addresses, of either version.
[[nodiscard]] ByteVector ip_frame(std::string_view source, std::string_view destination,
                                  std::uint8_t protocol, Bytes payload);
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
