#pragma once

// Bytes that the heap has handed out, for matchers that cannot count their own. glibc only.

#include <malloc.h>

#include <cstddef>
#include <string>

namespace sluice::bench {

// With the allocator's own words around each block.
[[nodiscard]] inline std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// What a string has outside itself.
[[nodiscard]] inline std::size_t heap_bytes_of(const std::string& text) {
  constexpr std::size_t kInside = 15;
  if (text.capacity() <= kInside) return 0;
  return malloc_usable_size(const_cast<char*>(text.data())) + sizeof(std::size_t);
}

}  // namespace sluice::bench
