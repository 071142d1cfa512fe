#pragma once

// Labels of names in wire form. REQUIRES: a name that a list format made, so it is not cut off.

#include <cstddef>

#include "filters/base/bytes.h"

namespace sluice::lists {

// REQUIRES: a whole name that is not the root.
[[nodiscard]] inline Bytes first_label(Bytes name) noexcept {
  return name.subspan(1, std::to_integer<std::size_t>(name[0]));
}
[[nodiscard]] inline Bytes behind_first_label(Bytes name) noexcept {
  return name.subspan(1 + std::to_integer<std::size_t>(name[0]));
}
[[nodiscard]] inline bool is_root(Bytes name) noexcept {
  return name[0] == std::byte{0};
}

template <typename Take>
void for_each_label(Bytes name, Take&& take) {
  for (; !is_root(name); name = behind_first_label(name)) take(first_label(name));
}

[[nodiscard]] inline std::size_t count_labels(Bytes name) noexcept {
  std::size_t count = 0;
  for_each_label(name, [&](Bytes) { ++count; });
  return count;
}

}  // namespace sluice::lists
