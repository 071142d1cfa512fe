#include "gateway/console/history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::console {
namespace {

using std::chrono::seconds;

class TheHistory : public testing::Test {
 protected:
  bool look(History::Counts counts) { return history.look(now, at, counts); }
  void pass(seconds time) {
    now += time;
    at += time;
  }

  History history;
  History::Time now{seconds(1000)};
  std::chrono::sys_seconds at{seconds(1'700'000'000)};
};

TEST_F(TheHistory, APointSaysHowMuchCountersRose) {
  EXPECT_FALSE(look({.passed = 100, .blocked = 10})) << "nothing to compare with";
  pass(seconds(1));
  EXPECT_FALSE(look({.passed = 120, .blocked = 11})) << "too early";
  pass(seconds(4));
  EXPECT_TRUE(look({.passed = 150, .blocked = 12}));
  ASSERT_EQ(history.points().size(), 1U);
  EXPECT_EQ(history.points()[0].rose.passed, 50U);
  EXPECT_EQ(history.points()[0].rose.blocked, 2U);
  EXPECT_EQ(history.points()[0].seconds, 5.0);
  EXPECT_EQ(history.points()[0].at, at);
}

TEST_F(TheHistory, ALateLookMakesALongPoint) {
  look({});
  pass(seconds(12));
  EXPECT_TRUE(look({.passed = 24}));
  EXPECT_EQ(history.points()[0].seconds, 12.0);
}

TEST_F(TheHistory, CountersThatGoBackDoNotCount) {
  look({.passed = 5, .blocked = 5});
  pass(seconds(5));
  look({.passed = 4, .blocked = 6});
  EXPECT_EQ(history.points()[0].rose.passed, 0U);
  EXPECT_EQ(history.points()[0].rose.blocked, 1U);
}

TEST_F(TheHistory, HoldsTenMinutes) {
  for (std::uint64_t i = 0; i < 3 * History::kPoints; ++i) {
    look({.passed = i * i});
    pass(History::kEvery);
  }
  EXPECT_EQ(history.points().size(), History::kPoints);
  EXPECT_EQ(history.points().back().at - history.points().front().at, seconds(595));
  EXPECT_GT(history.points().back().rose.passed, history.points().front().rose.passed);
}

TEST_F(TheHistory, IsAnObject) {
  look({});
  pass(seconds(5));
  look({.passed = 7, .blocked = 3});
  EXPECT_EQ(
      history.to_object().dump(),
      R"({"every_seconds":5,"points":[{"at":1700000005,"seconds":5.0,"passed":7,"blocked":3}]})");
}

}  // namespace
}  // namespace sluice::console
