#pragma once

// Lets one complaint a minute through, so that a fault that lasts does not fill the log. One
// thread.

#include <chrono>

namespace sluice::telemetry {

class OnceAMinute {
 public:
  [[nodiscard]] bool may() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::minutes(1);
    return true;
  }

 private:
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace sluice::telemetry
