#include "gateway/app/timetable.h"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using std::chrono::seconds;

TEST(Timetable, IsDueAtBordersWhenTheClockGoesBackAndEachMinute) {
  Timetable table;
  const schedule::Time now(seconds(1'800'000'000));
  const Timetable::Steady steady(seconds(500));
  EXPECT_TRUE(table.is_due(now, steady));
  table.looked(now, steady, now + seconds(100));
  EXPECT_FALSE(table.is_due(now, steady));
  EXPECT_FALSE(table.is_due(now + seconds(99), steady + seconds(59)));
  EXPECT_TRUE(table.is_due(now + seconds(100), steady));
  EXPECT_TRUE(table.is_due(now - seconds(1), steady));
  EXPECT_TRUE(table.is_due(now, steady + seconds(60)));  // the clock stands still
  table.looked(now, steady, std::nullopt);
  EXPECT_FALSE(table.is_due(now + seconds(1'000'000), steady));
}

}  // namespace
}  // namespace sluice::app
