#pragma once

// The cursor through which every parser reads untrusted bytes.
//
// Big-endian, bounds-checked, sticky failure: a read that does not fit returns zero (or an empty
// span), consumes nothing, and the reader stays failed. So a parser reads a whole header and tests
// ok() once. A copy is a look-ahead. Views returned point into the input.
// Cost: no allocation, no exception; one comparison a read.

#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice {

class ByteReader {
 public:
  explicit constexpr ByteReader(Bytes input) noexcept : input_(input) {}

  [[nodiscard]] constexpr std::uint8_t u8() noexcept {
    return static_cast<std::uint8_t>(number(1));
  }
  [[nodiscard]] constexpr std::uint16_t u16() noexcept {
    return static_cast<std::uint16_t>(number(2));
  }
  [[nodiscard]] constexpr std::uint32_t u24() noexcept {
    return static_cast<std::uint32_t>(number(3));
  }
  [[nodiscard]] constexpr std::uint32_t u32() noexcept {
    return static_cast<std::uint32_t>(number(4));
  }

  [[nodiscard]] constexpr Bytes take(std::size_t count) noexcept {
    if (!claim(count)) return {};
    return input_.subspan(position_ - count, count);
  }
  constexpr void skip(std::size_t count) noexcept { static_cast<void>(claim(count)); }

  // What has not been read; all of it, read as one view.
  [[nodiscard]] constexpr Bytes rest() const noexcept {
    return ok_ ? input_.subspan(position_) : Bytes{};
  }
  [[nodiscard]] constexpr std::size_t remaining() const noexcept {
    return ok_ ? input_.size() - position_ : 0;
  }
  // Bytes consumed from the start of the input.
  [[nodiscard]] constexpr std::size_t position() const noexcept { return position_; }
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }

 private:
  constexpr bool claim(std::size_t count) noexcept {
    if (!ok_ || count > input_.size() - position_) {
      ok_ = false;
      return false;
    }
    position_ += count;
    return true;
  }

  constexpr std::uint64_t number(std::size_t width) noexcept {
    if (!claim(width)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = position_ - width; i < position_; ++i) {
      value = value << 8 | std::to_integer<std::uint64_t>(input_[i]);
    }
    return value;
  }

  Bytes input_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sluice
