#pragma once

// Hours of the week in a time zone: `Mon-Fri 08:00-18:00` in `Europe/Berlin`.
//
//   hours = days blank time "-" time        days = day [ "-" day ] { "," day [ "-" day ] }
//
// Days are Mon Tue Wed Thu Fri Sat Sun, times 00:00 to 24:00. `Fri-Mon` goes over the weekend, and
// `22:00-06:00` ends on the day after. What counts is the clock on the wall: hours that the change
// to summer time leaves out do not come, those that it repeats come twice.
//
// A value; immutable. The time zone database is that of the system (/usr/share/zoneinfo, read by
// libdate-tz): the first look reads a file, later ones allocate nothing. Any thread. Not for
// workers: they are given what comes of it.

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "filters/base/result.h"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): theirs
}  // namespace date

namespace sluice::schedule {

using Time = std::chrono::sys_seconds;

// `2026-12-31T17:00:00Z`
[[nodiscard]] std::string to_string(Time time);

class WeekHours {
 public:
  // No hour, in a zone of the database: `Europe/Berlin`, `UTC`. Error: a line.
  [[nodiscard]] static Result<WeekHours, std::string> in(const std::string& time_zone);
  // Adds hours. Error: a line; nothing is added then.
  [[nodiscard]] Result<void, std::string> add(std::string_view hours);

  [[nodiscard]] bool contains(Time time) const;
  // When contains() next changes, to the second; nothing: not within two weeks.
  [[nodiscard]] std::optional<Time> next_change(Time after) const;

  friend bool operator==(const WeekHours&, const WeekHours&) = default;

 private:
  static constexpr std::size_t kDay = 24UL * 60, kWeek = 7 * kDay;

  explicit WeekHours(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_;  // the database's, for good
  std::bitset<kWeek> minutes_;   // since Monday, 00:00
};

}  // namespace sluice::schedule
