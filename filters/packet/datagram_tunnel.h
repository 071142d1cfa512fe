#pragma once

// Opens one encapsulation over UDP.
//
//   VXLAN     | flags 1 | 0 3 | VNI 3 | 0 1 | Ethernet |
//   GPE       | flags 1 | 0 2 | carries 1 | VNI 3 | 0 1 | IP, Ethernet or NSH |
//   Geneve    | version, options' length 1 | flags 1 | type 2 | VNI 3 | 0 1 | options | Ethernet |
//   GTP-U     | flags 1 | 255 | length 2 | TEID 4 | 4? and extensions | IP |
//   Teredo    | authentication? | origin 8? | IPv6 | trailers? |
//   CAPWAP    | 0 1 | flags 3 | fragment 4 | optional | Ethernet or 802.11 |
//   L2TPv2    | flags, 2 2 | length 2? | tunnel 2 | session 2 | sequence 4? | offset? | PPP |
//
// All that tells such a tunnel is its port and its header, and clients choose both: whoever opens
// one must judge the datagram around it as well (Packet::carriers). Pure.

#include <span>

#include "filters/packet/link_layer.h"

namespace sluice::packet {

// Whether a datagram may be a tunnel's, by its ports and first bytes; never from or to port 53.
[[nodiscard]] bool may_be_datagram_tunnel(const Packet& packet) noexcept;

// The ports that tell such tunnels, for dataplanes, whose frames of other ports need no look.
// Teredo is on any port.
[[nodiscard]] std::span<const Port> datagram_tunnel_ports() noexcept;

// `reader` is at the UDP header of `outer`. Fills in VLANs and tunnels of `inner`. Errors: not_ip,
// or as what it carries.
[[nodiscard]] Opened open_datagram_tunnel(ByteReader& reader, const Packet& outer, Packet& inner,
                                          Tunnels tunnels) noexcept;

}  // namespace sluice::packet
