#include "gateway/console/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::console {

bool History::look(Time now, std::chrono::sys_seconds at, const Counts& counts) {
  if (begun_ && now - last_ < kEvery) return false;
  if (begun_) {
    const std::chrono::duration<double> passed = now - last_;
    // A counter may be read a little before another one that it is a part of.
    const Counts rose{.passed = counts.passed - std::min(counts.passed, before_.passed),
                      .blocked = counts.blocked - std::min(counts.blocked, before_.blocked)};
    if (points_.size() == kPoints) points_.pop_front();
    points_.push_back({.at = at, .seconds = passed.count(), .rose = rose});
  }
  const bool is_new = begun_;
  begun_ = true;
  last_ = now;
  before_ = counts;
  return is_new;
}

nlohmann::ordered_json History::to_object() const {
  using Json = nlohmann::ordered_json;
  Json points = Json::array();
  for (const Point& point : points_) {
    points.push_back({{"at", point.at.time_since_epoch().count()},
                      {"seconds", point.seconds},
                      {"passed", point.rose.passed},
                      {"blocked", point.rose.blocked}});
  }
  return {{"every_seconds", kEvery.count()}, {"points", std::move(points)}};
}

}  // namespace sluice::console
