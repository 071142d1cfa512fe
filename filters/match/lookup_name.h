#pragma once

// Names to look up, as they lie in a packet: without a copy, in any case. Views; the buffer
// outlives them.
//
// The matcher loads whole words that end where a label ends, so it also reads bytes of the buffer
// before the name (never outside the buffer). If there are none, it takes a slower path.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::match {

// Uncompressed wire form (RFC 1035 section 3.1), any case. No rule covers a name that does not end
// within the buffer or within 255 bytes.
struct WireName {
  Bytes buffer;
  std::uint32_t at = 0;  // place of the first label's length byte
};

// Text with dots, as in SNI and Host, any case; final dots are ignored. An impossible label ends
// the search there: `a..example.com` is below example.com.
struct HostName {
  Bytes buffer;
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  [[nodiscard]] static HostName from(std::string_view text) noexcept {
    return {as_bytes(text), 0, static_cast<std::uint32_t>(text.size())};
  }
};

}  // namespace sluice::match
