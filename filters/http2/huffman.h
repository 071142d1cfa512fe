#pragma once

// The text behind a string in HPACK's Huffman code (RFC 7541 section 5.2, appendix B).
//
// Done by libnghttp2, which decodes whole fields only: the bytes are handed to it as the value of
// a field that goes into no table. Pure: the library allocates from `room`, anew at each call.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::http2 {

inline constexpr std::size_t kMaxCoded = 16 * 1024;

class HuffmanRoom {
 public:
  // nullopt: no such code, or longer than kMaxCoded. The text is valid until the next call.
  [[nodiscard]] std::optional<std::string_view> decode(Bytes coded) noexcept;

 private:
  // The library sets aside twice the bytes of a string, and 2 KiB for itself.
  static constexpr std::size_t kBytes = 2 * kMaxCoded + 4096;
  alignas(std::max_align_t) std::array<std::byte, kBytes> bytes_;
};

}  // namespace sluice::http2
