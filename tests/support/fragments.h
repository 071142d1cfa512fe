#pragma once

// Packets inside packets, and packets in pieces, for tests. All have right lengths and checksums.

#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::test {

// An Ethernet frame with an IP header of `protocol` between bare addresses, of either version.
[[nodiscard]] ByteVector ip_frame(std::string_view source, std::string_view destination,
                                  std::uint8_t protocol, Bytes payload);
// What is behind the Ethernet header of `frame`, which has no tags.
[[nodiscard]] ByteVector without_ethernet(Bytes frame);

// A fragment of `frame` (Ethernet, IP without options or extensions): `size` bytes of what its IP
// packet carries, from `offset` on; `more` false on the last. `hop_by_hop`: an extension before it.
struct PieceOptions {
  std::uint32_t id = 7;
  bool hop_by_hop = false;
};
[[nodiscard]] ByteVector fragment_of(Bytes frame, std::size_t offset, std::size_t size,
                                     const PieceOptions& options = {});
// All of them, in order, each of `size` bytes but the last; `size` in blocks of eight.
[[nodiscard]] std::vector<ByteVector> fragments_of(Bytes frame, std::size_t size,
                                                   const PieceOptions& options = {});
// Makes the checksum of the IPv4 header right again.
void fix_ipv4_checksum(ByteVector& frame);

}  // namespace sluice::test
