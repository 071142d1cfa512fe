#pragma once

// SplitMix64 (Steele, Lea and Flood, 2014). The same seed gives the same numbers on every platform;
// the distributions of the standard library do not promise that.

#include <cstdint>

namespace sluice::bench {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }
  // 0 to bound - 1. The bias of the remainder is below 1 in 10^11 for the bounds used here.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  // In [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::bench
