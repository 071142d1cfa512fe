#pragma once

// The counterpart of ByteReader, for the frames that we make: big-endian, bounds-checked, sticky
// failure. A write that does not fit writes nothing, and the writer stays failed. No allocation.

#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice {

// The first two bytes. REQUIRES: at.size() >= 2.
constexpr void put_u16(MutableBytes at, std::uint16_t value) noexcept {
  at[0] = static_cast<std::byte>(value >> 8);
  at[1] = static_cast<std::byte>(value & 0xff);
}

class ByteWriter {
 public:
  explicit constexpr ByteWriter(MutableBytes output) noexcept : output_(output) {}

  constexpr void u8(std::uint8_t value) noexcept { number(value, 1); }
  constexpr void u16(std::uint16_t value) noexcept { number(value, 2); }
  constexpr void u32(std::uint32_t value) noexcept { number(value, 4); }
  constexpr void bytes(Bytes input) noexcept {
    if (!claim(input.size())) return;
    copy_bytes(input, output_.subspan(position_ - input.size()));
  }
  // Overwrites two bytes that were written before.
  constexpr void patch_u16(std::size_t at, std::uint16_t value) noexcept {
    if (!ok_ || at + 2 > position_) {
      ok_ = false;
      return;
    }
    put_u16(output_.subspan(at), value);
  }

  [[nodiscard]] constexpr std::size_t position() const noexcept { return position_; }
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  // What was written; empty if a write did not fit.
  [[nodiscard]] constexpr Bytes written() const noexcept {
    return ok_ ? Bytes(output_.first(position_)) : Bytes{};
  }

 private:
  constexpr bool claim(std::size_t count) noexcept {
    if (!ok_ || count > output_.size() - position_) {
      ok_ = false;
      return false;
    }
    position_ += count;
    return true;
  }
  constexpr void number(std::uint64_t value, std::size_t width) noexcept {
    if (!claim(width)) return;
    for (std::size_t i = 0; i < width; ++i) {
      output_[position_ - 1 - i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
    }
  }

  MutableBytes output_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sluice
