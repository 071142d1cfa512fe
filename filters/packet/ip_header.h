#pragma once

// Writes the IP header of a packet that we make: IPv4 without options (RFC 791), IPv6 without
// extensions (RFC 8200). Pure.

#include <cstddef>
#include <cstdint>

#include "filters/base/byte_writer.h"
#include "filters/base/ip_address.h"

namespace sluice::packet {

inline constexpr std::size_t kIpv4Header = 20;
inline constexpr std::size_t kIpv6Header = 40;

struct IpHeader {
  IpAddress source, destination;
  bool is_v6 = false;
  std::uint8_t protocol = 0;  // IANA number
  std::uint8_t hop_limit = 0;
  bool dont_fragment = false;  // IPv4
};

// Writes the header of a packet with `payload` bytes after it; IPv4 with its checksum.
void write_ip_header(ByteWriter& writer, const IpHeader& header, std::size_t payload) noexcept;

}  // namespace sluice::packet
