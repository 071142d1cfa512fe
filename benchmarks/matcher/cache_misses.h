#pragma once

// The processor's count of cache misses of this thread, where the kernel lets us have it (many
// virtual machines have none).

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
  // Since start(); nothing where there is no counter.
  [[nodiscard]] std::optional<std::uint64_t> stop() noexcept;

 private:
  int event_ = -1;
};

}  // namespace sluice::bench
