#pragma once

// TCP resets for both ends of a refused connection (RFC 9293 section 3.5.2, RFC 5961 section 3).
//
// Sequence numbers are exact, for hosts take a reset only at the next byte that they expect.
// Pure: writes into the caller's buffer; no allocation, no exceptions. Only for connections whose
// handshake was seen (the caller's duty); no larger than a bare segment.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

// Longest link header (SLL2) with tags, IPv6 header, TCP header without options.
inline constexpr std::size_t kMaxResetFrame = 20 + packet::kMaxVlanTags * 4 + 40 + 20;

// To the sender of `packet`, in the name of its destination.
[[nodiscard]] Bytes reset_to_sender(const packet::Packet& packet, MutableBytes out) noexcept;

// To the destination of `packet`, in the name of its sender; `sequence` is the next byte that the
// destination expects.
[[nodiscard]] Bytes reset_to_destination(const packet::Packet& packet, std::uint32_t sequence,
                                         MutableBytes out) noexcept;

}  // namespace sluice::craft
