#pragma once

// Bytes in use on the heap, for matchers that cannot report their own size. glibc only.

#include <malloc.h>

#include <cstddef>
#include <string>

namespace sluice::bench {

// Includes the allocator's overhead for each block.
[[nodiscard]] inline std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Heap bytes of a string.
[[nodiscard]] inline std::size_t heap_bytes_of(const std::string& text) {
  constexpr std::size_t kInside = 15;
  if (text.capacity() <= kInside) return 0;
  return malloc_usable_size(const_cast<char*>(text.data())) + sizeof(std::size_t);
}

}  // namespace sluice::bench
