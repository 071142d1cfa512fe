#pragma once

// GRE (RFC 2784, 2890) and what is built on it.
//
//   GRE       | flags 2 | type 2 | checksum 4? | key 4? | sequence 4? | IP, Ethernet, MPLS |
//   PPTP      | flags 2 | 0x880b | length 2 | call 2 | sequence 4? | acknowledgment 4? | PPP |
//   EoIP      | 0x2001 2 | 0x6400 | length 2 | tunnel 2 | Ethernet |
//   ERSPAN    | GRE | 8 (II) or 12 and 8? (III) | Ethernet |
//   WCCP      | GRE | redirection 4? | IPv4 |
//   Aruba     | GRE | 802.11 |                                 types 0x8200 to 0x83ff, and 0x9000
//
// Pure; consumes from the reader.

#include "filters/packet/link_layer.h"

namespace sluice::packet {

// Errors: not_ip, or as what it carries.
[[nodiscard]] Opened open_gre(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept;
// A type of GRE, which adds bridged Ethernet to those of Ethernet.
[[nodiscard]] Opened network_of_gre_type(ByteReader& reader, std::uint16_t type, Packet& inner,
                                         Tunnels tunnels) noexcept;

}  // namespace sluice::packet
