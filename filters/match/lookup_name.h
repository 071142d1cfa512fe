#pragma once

// Names to look up, as they lie in a packet: no copy, no case pass. Views; the buffer outlives
// them.
//
// The matcher loads whole words that end where a label ends, so it reads bytes of the buffer in
// front of the name too (never outside the buffer). Where there are none, it takes a slower way.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::match {

// Uncompressed wire form (RFC 1035 section 3.1), any case. One that does not end within the buffer
// or within 255 bytes is covered by nothing.
struct WireName {
  Bytes buffer;
  std::uint32_t at = 0;  // of the first label's length byte
};

// Text with dots, as SNI and Host have it, any case; final dots are ignored. Labels that no name
// can have cover nothing, and end the search there: `a..example.com` is below example.com.
struct HostName {
  Bytes buffer;
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  [[nodiscard]] static HostName from(std::string_view text) noexcept {
    return {as_bytes(text), 0, static_cast<std::uint32_t>(text.size())};
  }
};

}  // namespace sluice::match
