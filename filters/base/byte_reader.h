#pragma once

// The cursor through which every parser reads untrusted bytes.
//
// Big-endian, bounds-checked, sticky failure: a read that does not fit returns zero (or an empty
// span), consumes nothing, and the reader stays failed. So a parser reads a whole header and tests
// ok() once. To look ahead, copy the reader. Returned views point into the input.
// Cost: no allocation, no exception, one comparison a read. A header of fixed length needs one
// comparison for all its fields: the compiler checks their offsets.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "filters/base/bytes.h"

namespace sluice {

namespace detail {

template <typename Number>
[[nodiscard]] Number big_endian(const std::byte* at) noexcept {
  Number value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::little) return std::byteswap(value);
  return value;
}

}  // namespace detail

// A header of fixed length, known to be complete: `header.u16<2>()` is the number at offset 2.
template <std::size_t kBytes>
class FixedHeader {
 public:
  template <std::size_t kAt>
  [[nodiscard]] std::uint8_t u8() const noexcept {
    return number<std::uint8_t, kAt>();
  }
  template <std::size_t kAt>
  [[nodiscard]] std::uint16_t u16() const noexcept {
    return number<std::uint16_t, kAt>();
  }
  template <std::size_t kAt>
  [[nodiscard]] std::uint32_t u32() const noexcept {
    return number<std::uint32_t, kAt>();
  }
  template <std::size_t kAt, std::size_t kCount>
  [[nodiscard]] Bytes bytes() const noexcept {
    static_assert(kAt + kCount <= kBytes);
    return {at_ + kAt, kCount};
  }

 private:
  friend class ByteReader;
  explicit FixedHeader(const std::byte* at) noexcept : at_(at) {}

  template <typename Number, std::size_t kAt>
  [[nodiscard]] Number number() const noexcept {
    static_assert(kAt + sizeof(Number) <= kBytes);
    return detail::big_endian<Number>(at_ + kAt);
  }

  const std::byte* at_;
};

class ByteReader {
 public:
  explicit constexpr ByteReader(Bytes input) noexcept : input_(input) {}

  [[nodiscard]] std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
  [[nodiscard]] std::uint16_t u16() noexcept { return number<std::uint16_t>(); }
  [[nodiscard]] std::uint32_t u24() noexcept {
    if (!claim(3)) return 0;
    const std::byte* const three = input_.data() + position_ - 3;
    const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(three[i]); };
    return byte(0) << 16 | byte(1) << 8 | byte(2);
  }
  [[nodiscard]] std::uint32_t u32() noexcept { return number<std::uint32_t>(); }

  [[nodiscard]] constexpr Bytes take(std::size_t count) noexcept {
    if (!claim(count)) return {};
    return {input_.data() + position_ - count, count};
  }
  template <std::size_t kBytes>
  [[nodiscard]] FixedHeader<kBytes> header() noexcept {
    static constexpr std::array<std::byte, kBytes> kNothing{};
    return FixedHeader<kBytes>(claim(kBytes) ? input_.data() + position_ - kBytes
                                             : kNothing.data());
  }
  constexpr void skip(std::size_t count) noexcept { static_cast<void>(claim(count)); }

  // What has not been read yet, as one view; it stays unread.
  [[nodiscard]] constexpr Bytes rest() const noexcept {
    return ok_ ? Bytes(input_.data() + position_, input_.size() - position_) : Bytes{};
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

  template <typename Number>
  Number number() noexcept {
    if (!claim(sizeof(Number))) return 0;
    return detail::big_endian<Number>(input_.data() + position_ - sizeof(Number));
  }

  Bytes input_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sluice
