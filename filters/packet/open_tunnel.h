#pragma once

// Opens one encapsulation over IP: from the outer packet to the inner IP header.
//
//   IP in IP  | IP |
//   GRE       | flags 2 | type 2 | checksum 4? | key 4? | sequence 4? | IP, Ethernet, MPLS |
//   PPTP      | flags 2 | 0x880b | length 2 | call 2 | sequence 4? | acknowledgment 4? | PPP |
//   ERSPAN    | GRE | 8 (II) or 12 and 8? (III) | Ethernet |
//   VXLAN     | flags 1 | 0 3 | VNI 3 | 0 1 | Ethernet |
//   Geneve    | version, options' length 1 | flags 1 | type 2 | VNI 3 | 0 1 | options | Ethernet |
//   GTP-U     | flags 1 | 255 | length 2 | TEID 4 | 4? and extensions | IP |
//   Teredo    | authentication? | origin 8? | IPv6 |
//   CAPWAP    | 0 1 | flags 3 | fragment 4 | optional | Ethernet or 802.11, LLC, SNAP |
//   L2TPv2    | flags, 2 2 | length 2? | tunnel 2 | session 2 | sequence 4? | offset? | PPP |
//
// Pure. A tunnel that cannot be opened is no error: the outer packet is then the result.

#include "filters/packet/link_layer.h"

namespace sluice::packet {

// True if open_tunnel() may find a tunnel, by protocol number and port alone. Never for a fragment.
[[nodiscard]] bool may_carry_tunnel(const Packet& packet) noexcept;

// `reader` is at the payload of `outer` (after the UDP header, if there is one). Fills in VLAN tags
// and tunnels of `inner`.
[[nodiscard]] Result<Network, DecodeError> open_tunnel(ByteReader& reader, const Packet& outer,
                                                       Packet& inner, Tunnels tunnels) noexcept;

}  // namespace sluice::packet
