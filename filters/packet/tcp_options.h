#pragma once

// The options of a TCP header that decide whether a host takes a segment (RFC 9293 section 3.1):
// timestamps and the window's scale (RFC 7323), MD5 signatures (RFC 2385), the Authentication
// Option (RFC 5925).
//
// Pure. A list of options that contradicts itself ends where it does, as Linux reads it; what
// stands before counts.

#include <cstdint>
#include <optional>

#include "filters/packet/packet.h"

namespace sluice::packet {

struct TcpOptions {
  std::optional<std::uint32_t> timestamp;  // TSval
  std::optional<std::uint8_t> window_scale;
  bool is_signed = false;  // MD5 or AO
};

// REQUIRES: a decoded TCP packet with transport header.
[[nodiscard]] TcpOptions tcp_options(const Packet& packet) noexcept;

}  // namespace sluice::packet
