#pragma once

// Opens one encapsulation over IP: from the outer packet to the inner IP header.
//
//   IP in IP    | IP |                      protocols 4 and 41
//   EtherIP     | 0x3000 2 | Ethernet |     RFC 3378, protocol 97
//   MPLS        | labels | … |              RFC 4023, protocol 137
//   GRE         see gre.h
//   UDP         see datagram_tunnel.h
//
// Pure. A tunnel that cannot be opened is no error: the outer packet is then the result.

#include "filters/packet/link_layer.h"

namespace sluice::packet {

// True if open_tunnel() may find a tunnel, by protocol number and port alone. Never for a fragment.
[[nodiscard]] bool may_carry_tunnel(const Packet& packet) noexcept;

// `reader` is at the payload of `outer`: for UDP, at its header. Fills in VLAN tags and tunnels of
// `inner`. Errors: not_ip (nothing to open), unread, too_deep, or a malformed link layer.
[[nodiscard]] Opened open_tunnel(ByteReader& reader, const Packet& outer, Packet& inner,
                                 Tunnels tunnels) noexcept;

}  // namespace sluice::packet
