#pragma once

// The link layer of a frame: steps over it and its VLAN tags to the IP header.
//
//   Ethernet   | dst 6 | src 6 | type 2 |                     IEEE 802.3
//   VLAN tag   | tag 2 | type 2 |  any number up to kMaxVlanTags (802.1Q 0x8100, 802.1ad 0x88a8)
//   CMD        | version, length 2 | option 2 | SGT 2 | type 2 |   Cisco metadata, 0x8909
//   PPPoE      | 0x11 | 0 | session 2 | length 2 | PPP protocol 2 |
//   MPLS       | label, TC, bottom, TTL 4 | … | IP, or control word 4? and Ethernet |
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

// Reads up to the IP header. Fills in the VLAN tags and tunnels of `packet`.
[[nodiscard]] Result<Network, DecodeError> read_link_layer(ByteReader& reader, Packet& packet,
                                                           Tunnels tunnels) noexcept;

// The same from a later start, for tunnels that carry frames: after an EtherType, at an Ethernet
// header, at a PPP protocol (RFC 1661, compressed or not), or at IP of either version.
[[nodiscard]] Result<Network, DecodeError> network_of_type(ByteReader& reader, std::uint16_t type,
                                                           Packet& packet,
                                                           Tunnels tunnels) noexcept;
[[nodiscard]] Result<Network, DecodeError> network_in_ethernet(ByteReader& reader, Packet& packet,
                                                               Tunnels tunnels) noexcept;
[[nodiscard]] Result<Network, DecodeError> network_in_ppp(ByteReader& reader) noexcept;
[[nodiscard]] Result<Network, DecodeError> network_by_version(const ByteReader& reader) noexcept;

}  // namespace sluice::packet
