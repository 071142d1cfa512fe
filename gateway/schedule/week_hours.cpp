#include "gateway/schedule/week_hours.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace sluice::schedule {
namespace {

using date::local_seconds;
using std::chrono::minutes;

constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr date::days kHorizon{15};

std::optional<std::size_t> day_of(std::string_view text) {
  const auto found = std::ranges::find(kDays, text);
  if (found == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kDays.begin());
}

std::optional<unsigned> number_of(std::string_view digits) {
  unsigned number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (digits.size() != 2 || stop != end || error != std::errc{}) return std::nullopt;
  return number;
}

// Minutes of the day.
constexpr std::size_t kNoMinute = 24UL * 60 + 1;
std::size_t minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return kNoMinute;
  const auto hour = number_of(text.substr(0, 2)), minute = number_of(text.substr(3));
  if (!hour || !minute || *hour > 24 || *minute > 59 || (*hour == 24 && *minute > 0)) {
    return kNoMinute;
  }
  return std::size_t{*hour} * 60 + *minute;
}

// Which days of the week, from Monday; nothing: these are no days.
std::optional<std::bitset<7>> days_of(std::string_view text) {
  std::bitset<7> days;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dash = part.find('-');
    const auto first = day_of(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : day_of(part.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (std::size_t day = *first;; day = (day + 1) % kDays.size()) {
      days.set(day);
      if (day == *last) break;
    }
    if (comma == std::string_view::npos) return days;
    text.remove_prefix(comma + 1);
  }
}

std::size_t minute_of_week(local_seconds local) {
  const auto day = date::floor<date::days>(local);
  const std::size_t monday_based = date::weekday(day).iso_encoding() - 1;
  return monday_based * 24 * 60 +
         static_cast<std::size_t>(date::floor<minutes>(local - day).count());
}

// When clocks on the wall show it.
void add_moments(const date::time_zone& zone, local_seconds local, std::vector<Time>& moments) {
  const date::local_info info = zone.get_info(local);
  const auto at = [&](std::chrono::seconds offset) {
    return Time(local.time_since_epoch() - offset);
  };
  switch (info.result) {
    case date::local_info::unique:
      moments.push_back(at(info.first.offset));
      break;
    case date::local_info::ambiguous:
      moments.push_back(at(info.first.offset));
      moments.push_back(at(info.second.offset));
      break;
    default:
      break;  // they never do: add_transitions() has when they jump over it
  }
}

void add_transitions(const date::time_zone& zone, Time after, std::vector<Time>& moments) {
  constexpr std::size_t kMost = 64;
  Time end = zone.get_info(after).end;
  for (std::size_t i = 0; i < kMost && end < after + kHorizon; ++i) {
    moments.push_back(end);
    end = zone.get_info(end).end;
  }
}

}  // namespace

std::string to_string(Time time) {
  return date::format("%FT%TZ", time);
}

Result<WeekHours, std::string> WeekHours::in(const std::string& time_zone) {
  try {
    return WeekHours(date::locate_zone(time_zone));
  } catch (const std::exception&) {
    return fail("\"" + time_zone +
                "\" is no time zone of /usr/share/zoneinfo (Europe/Berlin, UTC)");
  }
}

Result<void, std::string> WeekHours::add(std::string_view hours) {
  const std::size_t blank = hours.find(' ');
  const std::string_view times =
      blank == std::string_view::npos ? std::string_view{} : hours.substr(blank + 1);
  const auto days = days_of(hours.substr(0, blank));
  const std::size_t dash = times.find('-');
  const std::size_t from = minute_of(times.substr(0, dash));
  const std::size_t to =
      dash == std::string_view::npos ? kNoMinute : minute_of(times.substr(dash + 1));
  if (!days || from >= kDay || to == kNoMinute || from == to) {
    return fail("\"" + std::string(hours) + "\" is not of the form Mon-Fri 08:00-18:00");
  }
  const std::size_t length = (to + kDay - from - 1) % kDay + 1;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    if (!days->test(day)) continue;
    for (std::size_t i = 0; i < length; ++i) minutes_.set((day * kDay + from + i) % kWeek);
  }
  return {};
}

bool WeekHours::contains(Time time) const {
  return minutes_.test(minute_of_week(zone_->to_local(time)));
}

std::optional<Time> WeekHours::next_change(Time after) const {
  std::vector<Time> moments;
  const auto today = date::floor<date::days>(zone_->to_local(after));
  const auto monday = today - (date::weekday(today) - date::Monday);
  for (std::size_t minute = 0; minute < kWeek; ++minute) {
    if (minutes_.test(minute) == minutes_.test((minute + kWeek - 1) % kWeek)) continue;
    for (int week = 0; week <= 2; ++week) {
      add_moments(*zone_, monday + date::weeks(week) + minutes(minute), moments);
    }
  }
  add_transitions(*zone_, after, moments);
  std::ranges::sort(moments);
  const bool now = contains(after);
  for (const Time moment : moments) {
    if (moment > after && moment < after + kHorizon && contains(moment) != now) return moment;
  }
  return std::nullopt;
}

}  // namespace sluice::schedule
