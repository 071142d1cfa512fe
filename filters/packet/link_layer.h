#pragma once

// The link layer of a frame: steps over it and its VLAN tags to what it carries.
//
//   Ethernet   | dst 6 | src 6 | type 2 |                     IEEE 802.3
//   VLAN tag   | tag 2 | type 2 |  any number up to kMaxVlanTags (802.1Q 0x8100, 802.1ad 0x88a8)
//   SLL        | packet type 2 | ARPHRD 2 | len 2 | address 8 | type 2 |
//   SLL2       | type 2 | 0 2 | interface 4 | ARPHRD 2 | packet type 1 | len 1 | address 8 |
//   NULL, LOOP | address family 4 |
//
// Pure; consumes from the reader.

#include <cstdint>

#include "filters/base/byte_reader.h"
#include "filters/packet/packet.h"

namespace sluice::packet {

enum class Network : std::uint8_t { ipv4, ipv6 };

// Reads up to the IP header. Fills in the VLAN tags of `packet`.
[[nodiscard]] Result<Network, DecodeError> read_link_layer(ByteReader& reader,
                                                           Packet& packet) noexcept;

}  // namespace sluice::packet
