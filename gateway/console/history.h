#pragma once

// What passed and what was blocked over the last minutes: a bounded ring of points, for a chart.
//
// Input: counters that only grow, looked at every second or so. A point says how much they rose
// within its seconds. Pure: time comes in. Threads: one.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <nlohmann/json_fwd.hpp>

namespace sluice::console {

class History {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kEvery{5};
  static constexpr std::size_t kPoints = 120;  // ten minutes

  struct Counts {
    std::uint64_t passed = 0, blocked = 0;  // packets, since the start
  };
  struct Point {
    std::chrono::sys_seconds at;  // its end
    double seconds = 0;
    Counts rose;
  };

  // True: there is a new point. The first look makes none.
  bool look(Time now, std::chrono::sys_seconds at, const Counts& counts);
  // The latest last.
  [[nodiscard]] const std::deque<Point>& points() const noexcept { return points_; }
  // {"every_seconds":5,"points":[{"at","seconds","passed","blocked"}, …]}
  [[nodiscard]] nlohmann::ordered_json to_object() const;

 private:
  bool begun_ = false;
  Time last_;
  Counts before_;
  std::deque<Point> points_;
};

}  // namespace sluice::console
