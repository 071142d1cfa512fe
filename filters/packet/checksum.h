#pragma once

// The Internet checksum (RFC 1071) and its use by TCP and UDP over IPv4 and IPv6 (RFC 9293 section
// 3.1, RFC 8200 section 8.1). Pure; any length.

#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"

namespace sluice::packet {

// One's-complement sum folded to 16 bits, not inverted; `start` chains parts of even length.
[[nodiscard]] std::uint16_t ones_complement_sum(Bytes bytes, std::uint32_t start = 0) noexcept;

// `header` is that of an IPv4 packet, options included; its checksum is right.
[[nodiscard]] inline bool ipv4_checksum_holds(Bytes header) noexcept {
  return ones_complement_sum(header) == 0xffff;
}

// The value for the checksum field of `segment`, in which that field must be zero.
// For a segment with a correct checksum the result is zero.
// `protocol` is the IANA number (6 TCP, 17 UDP). An IPv4 address in an IPv6 header sums up the same
// in either form: the prefix of its mapped form is 0xffff, which is another zero.
[[nodiscard]] std::uint16_t transport_checksum(const IpAddress& source,
                                               const IpAddress& destination, std::uint8_t protocol,
                                               Bytes segment) noexcept;

}  // namespace sluice::packet
