#pragma once

// A view of bytes: the type in which all untrusted input travels.
//
// A view never owns its bytes. Whoever returns one says how long it stays valid (a frame: until its
// verdict is submitted). Read bytes through base/byte_reader.h only.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace sluice {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The same bytes as characters; no encoding is implied.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// REQUIRES: `to` has room for all of `from`, and does not begin inside of it. std::ranges::copy of
// GCC 12 moves const bytes in a loop, 16 at a time; this becomes one memmove.
constexpr void copy_bytes(Bytes from, MutableBytes to) noexcept {
  std::copy_n(from.data(), from.size(), to.first(from.size()).data());
}

// ASCII case folding as DNS does it (RFC 4343): A to Z only, other bytes as they are.
[[nodiscard]] constexpr char to_lower_ascii(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower_ascii(a[i]) != to_lower_ascii(b[i])) return false;
  }
  return true;
}

}  // namespace sluice
