#include "gateway/schedule/week_hours.h"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::schedule {
namespace {

using std::chrono::minutes;

Time at(std::string_view text) {
  std::istringstream stream{std::string(text)};
  Time time;
  stream >> date::parse("%FT%TZ", time);
  EXPECT_FALSE(stream.fail()) << text;
  return time;
}

WeekHours of(const std::string& zone, std::initializer_list<std::string_view> all) {
  WeekHours week = WeekHours::in(zone).value();
  for (const std::string_view text : all) EXPECT_TRUE(week.add(text)) << text;
  return week;
}

TEST(WeekHours, AreThoseOfTheClockOnTheWall) {
  const WeekHours office = of("Europe/Berlin", {"Mon-Fri 08:00-18:00"});
  // A Monday in winter (UTC+1), one in summer (UTC+2), and a Sunday.
  EXPECT_FALSE(office.contains(at("2026-01-05T06:59:59Z")));
  EXPECT_TRUE(office.contains(at("2026-01-05T07:00:00Z")));
  EXPECT_FALSE(office.contains(at("2026-01-05T17:00:00Z")));
  EXPECT_TRUE(office.contains(at("2026-07-06T06:00:00Z")));
  EXPECT_FALSE(office.contains(at("2026-07-06T16:00:00Z")));
  EXPECT_FALSE(office.contains(at("2026-07-05T10:00:00Z")));
  EXPECT_EQ(to_string(*office.next_change(at("2026-01-02T20:00:00Z"))), "2026-01-05T07:00:00Z");
}

// 2026-03-29, 02:00 to 03:00, does not come in Berlin; 2026-10-25, 02:00 to 03:00, comes twice.
TEST(WeekHours, FollowSummerTime) {
  const WeekHours night = of("Europe/Berlin", {"Sun 02:00-03:00"});
  EXPECT_FALSE(night.contains(at("2026-03-29T00:59:59Z")));
  EXPECT_FALSE(night.contains(at("2026-03-29T01:00:00Z")));
  EXPECT_EQ(night.next_change(at("2026-03-28T12:00:00Z")), at("2026-04-05T00:00:00Z"));
  EXPECT_TRUE(night.contains(at("2026-10-25T00:30:00Z")));
  EXPECT_TRUE(night.contains(at("2026-10-25T01:30:00Z")));
  EXPECT_EQ(night.next_change(at("2026-10-24T12:00:00Z")), at("2026-10-25T00:00:00Z"));
  EXPECT_EQ(night.next_change(at("2026-10-25T00:00:00Z")), at("2026-10-25T02:00:00Z"));
  // It begins in the hour that does not come: where the clock jumps over it.
  const WeekHours late = of("Europe/Berlin", {"Sun 02:30-04:00"});
  EXPECT_EQ(late.next_change(at("2026-03-28T12:00:00Z")), at("2026-03-29T01:00:00Z"));
}

TEST(WeekHours, GoOverMidnightAndTheEndOfTheWeek) {
  const WeekHours week = of("UTC", {"Sat-Mon 22:00-06:00", "Wed,Fri 00:00-24:00"});
  EXPECT_TRUE(week.contains(at("2026-01-05T05:59:00Z")));  // Monday, of Sunday
  EXPECT_FALSE(week.contains(at("2026-01-05T06:00:00Z")));
  EXPECT_TRUE(week.contains(at("2026-01-06T05:00:00Z")));  // Tuesday, of Monday
  EXPECT_FALSE(week.contains(at("2026-01-06T22:00:00Z")));
  EXPECT_TRUE(week.contains(at("2026-01-07T23:59:59Z")));
  EXPECT_FALSE(week.contains(at("2026-01-08T00:00:00Z")));
  EXPECT_EQ(of("UTC", {"Mon-Sun 00:00-24:00"}).next_change(at("2026-01-05T00:00:00Z")),
            std::nullopt);
}

TEST(WeekHours, RefuseWhatIsNoHours) {
  WeekHours week = WeekHours::in("UTC").value();
  for (const char* text : {"", "Mon", "Mon-Fri", "08:00-18:00", "mon 08:00-18:00", "Mon 8:00-18:00",
                           "Mon 08:00", "Mon 08:00-08:00", "Mon 24:00-08:00", "Mon 08:60-09:00",
                           "Mon 08:00-24:01", "Mon, 08:00-09:00", "Mon  08:00-09:00",
                           "Mon 08:00-09:00 ", "Mon-Fri-Sun 08:00-09:00", "Mon 08:00-+9:00"}) {
    EXPECT_FALSE(week.add(text)) << text;
  }
  EXPECT_EQ(week, WeekHours::in("UTC").value());
  EXPECT_EQ(week.add("Mon").error(), "\"Mon\" is not of the form Mon-Fri 08:00-18:00");
  EXPECT_FALSE(WeekHours::in("Europe/Berlinn"));
  EXPECT_FALSE(WeekHours::in(""));
}

// Property: between two changes nothing changes, and at each one it does.
TEST(WeekHours, NextChangeAgreesWithALookAtEachMinute) {
  std::mt19937 generator(11);
  const auto random = [&] { return static_cast<unsigned>(generator()); };
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  const char* const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const std::pair<const char*, const char*> weeks[] = {
      {"Europe/Berlin", "2026-03-27T00:00:00Z"},       {"Europe/Berlin", "2026-10-22T13:07:00Z"},
      {"Australia/Lord_Howe", "2026-04-02T00:00:00Z"}, {"America/New_York", "2026-11-01T00:00:00Z"},
      {"Pacific/Apia", "2011-12-28T00:00:00Z"},        {"UTC", "2026-02-26T00:00:00Z"}};
  for (const auto& [zone, start] : weeks) {
    for (int round = 0; round < 8; ++round) {
      WeekHours week = WeekHours::in(zone).value();
      for (unsigned i = 0; i < 1 + random() % 3; ++i) {
        const std::string from = two(random() % 24) + ":" + two(random() % 60);
        const std::string to = two(random() % 24) + ":" + two(random() % 60);
        static_cast<void>(week.add(std::string(days[random() % 7]) + "-" + days[random() % 7] +
                                   " " + from + "-" + to));
      }
      std::optional<Time> next = week.next_change(at(start));
      bool now = week.contains(at(start));
      for (Time time = at(start); time < at(start) + std::chrono::hours(24 * 8);
           time += minutes(1)) {
        if (next && time == *next) {
          ASSERT_NE(week.contains(time), now) << zone << " " << to_string(time);
          now = !now;
          next = week.next_change(time);
        }
        ASSERT_EQ(week.contains(time), now) << zone << " " << to_string(time);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::schedule
