#pragma once

// The parts that blocks of counters are made of.
//
// Threads: one writer, any number of readers. An increment is a relaxed load and a relaxed store,
// without a lock prefix.

#include <array>
#include <atomic>
#include <cstdint>

namespace sluice::telemetry {

class Counter {
 public:
  // By the one writer only.
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Upper bounds of the buckets, in nanoseconds.
inline constexpr std::array<std::uint64_t, 12> kTimeBounds = {
    100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 1'000'000, 10'000'000};

struct TimeHistogram {
  // Not cumulative; the last bucket is for times above all bounds.
  std::array<Counter, kTimeBounds.size() + 1> buckets;
  Counter sum_nanos;
  void observe(std::uint64_t nanos) noexcept;
};

}  // namespace sluice::telemetry
