#pragma once

// When to look at the clock again: at the next border of a schedule, at once if the clock was set
// back, and each minute, whatever the clock says. A value; one thread.

#include <chrono>
#include <optional>

#include "gateway/schedule/week_hours.h"

namespace sluice::app {

class Timetable {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kLongest{60};

  [[nodiscard]] bool is_due(schedule::Time now, Steady steady) const noexcept {
    return !looked_ || now < *looked_ || (next_ && now >= *next_) ||
           steady - looked_steady_ >= kLongest;
  }
  // `next`: the border after `now`.
  void looked(schedule::Time now, Steady steady, std::optional<schedule::Time> next) noexcept {
    looked_ = now;
    looked_steady_ = steady;
    next_ = next;
  }

 private:
  std::optional<schedule::Time> looked_, next_;
  Steady looked_steady_;
};

}  // namespace sluice::app
