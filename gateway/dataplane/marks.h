#pragma once

// What Sluice writes into the bits of a mark that are its own: of a packet's mark, to tell its
// rules (rules.h) what was judged; of a connection's mark (conntrack), what is decided. Other bits
// stay as they are. Pure.

#include <bit>
#include <cstdint>

#include "filters/base/result.h"

namespace sluice::io {

enum class Mark : std::uint8_t {
  none,      // a connection that is not decided
  passed,    // verdict pass_flow
  dropped,   // verdict drop_flow
  quiet,     // datagrams that show no names, until one looks like a hello
  injected,  // packets only: of our own
};

class Marks {
 public:
  static constexpr unsigned kBits = 3;

  // Error: the bits of `mask` are not next to each other, or too few.
  [[nodiscard]] static constexpr Result<Marks, const char*> of(std::uint32_t mask) noexcept {
    if (std::popcount(mask) < static_cast<int>(kBits)) return fail("needs three bits");
    const std::uint32_t bits = mask >> std::countr_zero(mask);
    if ((bits & (bits + 1)) != 0) return fail("its bits are not next to each other");
    return Marks(mask);
  }

  [[nodiscard]] constexpr std::uint32_t mask() const noexcept { return mask_; }
  // Its bits, in place.
  [[nodiscard]] constexpr std::uint32_t bits(Mark mark) const noexcept {
    return static_cast<std::uint32_t>(mark) << std::countr_zero(mask_);
  }
  // A whole mark: ours is put into another's.
  [[nodiscard]] constexpr std::uint32_t put(Mark mark, std::uint32_t into) const noexcept {
    return (into & ~mask_) | bits(mark);
  }

 private:
  explicit constexpr Marks(std::uint32_t mask) noexcept : mask_(mask) {}

  std::uint32_t mask_;
};

}  // namespace sluice::io
