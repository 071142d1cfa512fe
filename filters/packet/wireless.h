#pragma once

// Frames of IEEE 802.11, which access points send to their controller in CAPWAP or GRE.
//
//   | kind 1 | flags 1 | duration 2 | addresses 18 | sequence 2 | address 6? | quality 2? | HT 4? |
//   LLC, or of aggregated frames: | dst 6 | src 6 | length 2 | LLC | padding | …
//
// Pure; consumes from the reader.

#include "filters/packet/link_layer.h"

namespace sluice::packet {

// Errors: not_ip (no data frame); unread (encrypted, fragments, several aggregated frames).
[[nodiscard]] Opened network_in_wireless(ByteReader& reader, Packet& packet,
                                         Tunnels tunnels) noexcept;

}  // namespace sluice::packet
