#pragma once

// Which worker owns a frame, among several workers with no shared state.
//
// The owner follows from the addresses of the outermost IP header alone, in either order: both
// directions of a flow, all fragments of its packets, and all that a tunnel carries between its two
// ends belong to one worker. PPPoE, MPLS and VLAN tags are below IP and are stepped over. A frame
// without IP belongs to worker 0.
//
// Ports are left out because later fragments have none, and inner addresses because a fragmented
// tunnel packet shows them in its first fragment only. This costs balance: all flows between one
// client and one server share a worker, and so does a whole tunnel between two sites. Traffic from
// many clients to many servers spreads evenly. Which worker sees which pair is keyed, so that a
// client cannot aim at one worker.
//
// Pure; no allocation. Reads the link and IP headers once.

#include <cstddef>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/link_type.h"

namespace sluice::flow {

// From 0 to workers - 1. REQUIRES: workers > 0.
[[nodiscard]] std::size_t owner_of_frame(Bytes frame, LinkType link, std::size_t workers,
                                         HashKey secret) noexcept;

// A hash of the same two addresses, in either order. Of frames whose IP is in PPPoE or MPLS, or
// that have none, of their Ethernet addresses.
[[nodiscard]] std::uint64_t path_of_frame(Bytes frame, LinkType link, HashKey secret) noexcept;

}  // namespace sluice::flow
