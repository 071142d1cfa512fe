#pragma once

// How long a feed waits before it looks again: an interval, more or less, so that a thousand
// gateways do not ask at the same moment; after failures a pause that starts short and doubles, up
// to that interval.
//
//   succeeded: interval ± 10 %        failed n times: first · 2^(n-1), at most the interval, ± 10 %
//
// Pure but for its state. One thread.

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice::lists {

class Pause {
 public:
  using Millis = std::chrono::milliseconds;

  // `seed`: differs from gateway to gateway. REQUIRES: both over zero.
  Pause(Millis interval, Millis first, std::uint64_t seed) noexcept
      : interval_(interval), first_(std::min(first, interval)), state_(seed) {}

  void succeeded() noexcept { failures_ = 0; }
  void failed() noexcept { ++failures_; }
  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }  // in a row

  // Drawn anew at each call.
  [[nodiscard]] Millis next() noexcept;

 private:
  Millis interval_, first_;
  std::uint32_t failures_ = 0;
  std::uint64_t state_;
};

// From the kernel.
[[nodiscard]] std::uint64_t random_seed() noexcept;

}  // namespace sluice::lists
