#pragma once

// Counts the cache misses of this thread with the CPU's own counter, if the kernel offers it. Many
// virtual machines have no such counter.

#include <cstdint>
#include <optional>

namespace sluice::bench {

class CacheMisses {
 public:
  CacheMisses();
  ~CacheMisses();
  CacheMisses(const CacheMisses&) = delete;
  CacheMisses& operator=(const CacheMisses&) = delete;

  [[nodiscard]] bool available() const noexcept { return event_ >= 0; }
  void start() noexcept;
  // Misses since start(). nullopt: there is no counter.
  [[nodiscard]] std::optional<std::uint64_t> stop() noexcept;

 private:
  int event_ = -1;
};

}  // namespace sluice::bench
