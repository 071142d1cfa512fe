#pragma once

// The link layer of a frame: steps over it and its tags (link_tags.h) to the IP header.
//
//   Ethernet   | dst 6 | src 6 | type 2 |                     IEEE 802.3
//   PPPoE      | version, code 2 | session 2 | length 2 | PPP |
//   PPP        | ff 03? | protocol 1 or 2 | IP, MPLS, Ethernet |          RFC 1661, 3518, 3032
//   multilink  | first, last, sequence 2 or 4 | protocol | … |            RFC 1990, whole packets
//   MPLS       | label, TC, bottom, TTL 4 | … | IP, or control word 4? and Ethernet |
//   SLL        | packet type 2 | ARPHRD 2 | len 2 | address 8 | type 2 |
//   SLL2       | type 2 | 0 2 | interface 4 | ARPHRD 2 | packet type 1 | len 1 | address 8 |
//   NULL, LOOP | address family 4 |
//
// Pure; consumes from the reader. Errors besides malformed ones: not_ip, unread, too_deep.

#include <cstdint>

#include "filters/base/byte_reader.h"
#include "filters/packet/packet.h"

namespace sluice::packet {

enum class Network : std::uint8_t { ipv4, ipv6 };
// What lies at the end, or why it cannot be told.
using Opened = Result<Network, DecodeError>;
[[nodiscard]] inline Opened not_ip() noexcept {
  return fail(DecodeError::not_ip);
}

// Reads up to the IP header. Fills in the VLAN tags and tunnels of `packet`.
[[nodiscard]] Opened read_link_layer(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept;

// The same from a later start, for tunnels that carry frames: after an EtherType, at an Ethernet
// header, at PPP, at MPLS labels, or at IP of either version.
[[nodiscard]] Opened network_of_type(ByteReader& reader, std::uint16_t type, Packet& packet,
                                     Tunnels tunnels) noexcept;
[[nodiscard]] Opened network_in_ethernet(ByteReader& reader, Packet& packet,
                                         Tunnels tunnels) noexcept;
[[nodiscard]] Opened network_in_ppp(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept;
[[nodiscard]] Opened network_in_mpls(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept;
[[nodiscard]] Opened network_by_version(const ByteReader& reader) noexcept;

}  // namespace sluice::packet
