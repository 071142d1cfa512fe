#pragma once

// A packet with another payload of the same size, or without its urgent pointer: what goes on in
// place of a packet whose bytes contradict those that went before, carry keys that policy keeps
// back, or may be read in two ways.
//
// Pure: writes into the caller's buffer; no allocation, no exceptions. Cost: a copy of the frame
// and one checksum over the segment.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

enum class Urgent : std::uint8_t { kept, cleared };  // the flag and the pointer of TCP

// The frame, a part of `out`, as long as packet.frame; its TCP or UDP checksum is right. A UDP
// packet over IPv4 without a checksum stays so (RFC 768). Empty where `out` is too small, the
// sizes differ, or the packet has no transport header. REQUIRES: the packet is the frame's own: no
// tunnel was opened, and it was not put together from fragments.
[[nodiscard]] Bytes rewrite(const packet::Packet& packet, Bytes payload, MutableBytes out,
                            Urgent urgent = Urgent::kept) noexcept;

}  // namespace sluice::craft
