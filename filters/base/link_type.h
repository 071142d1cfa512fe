#pragma once

// LINKTYPE_ values of captures that we decode (https://www.tcpdump.org/linktypes.html).

#include <cstdint>

namespace sluice {

enum class LinkType : std::uint16_t {
  null = 0,  // BSD loopback: address family in the byte order of the writer
  ethernet = 1,
  raw_openbsd = 12,  // bare IP; DLT_RAW is 12 on most systems
  raw_bsdos = 14,    // bare IP; DLT_RAW of BSD/OS
  raw = 101,         // bare IP, version by the first nibble
  loop = 108,        // OpenBSD loopback: address family, big-endian
  linux_sll = 113,   // Linux cooked capture v1
  ipv4 = 228,
  ipv6 = 229,
  linux_sll2 = 276,  // Linux cooked capture v2
};

// False for link types that a capture may have and nobody here decodes.
[[nodiscard]] constexpr bool is_decoded(LinkType link) noexcept {
  switch (link) {
    case LinkType::null:
    case LinkType::ethernet:
    case LinkType::raw_openbsd:
    case LinkType::raw_bsdos:
    case LinkType::raw:
    case LinkType::loop:
    case LinkType::linux_sll:
    case LinkType::ipv4:
    case LinkType::ipv6:
    case LinkType::linux_sll2:
      return true;
  }
  return false;
}

}  // namespace sluice
