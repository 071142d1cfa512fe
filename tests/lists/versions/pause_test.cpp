#include "lists/update/pause.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sluice::lists {
namespace {

using Millis = std::chrono::milliseconds;

TEST(Pause, StaysWithinATenthOfWhatItIs) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const Millis interval(1 + static_cast<std::int64_t>(random() % 100'000'000));
    const Millis first(1 + static_cast<std::int64_t>(random() % 100'000));
    Pause pause(interval, first, random());
    const auto within = [&](double of) {
      const auto got = static_cast<double>(pause.next().count());
      return got >= of * 0.9 - 2 && got <= of * 1.1 + 2;
    };
    EXPECT_TRUE(within(static_cast<double>(interval.count())));
    double expected = static_cast<double>(std::min(first, interval).count());
    for (int failure = 0; failure < 70; ++failure) {
      pause.failed();
      EXPECT_TRUE(within(expected)) << failure;
      if (expected * 2 <= static_cast<double>(interval.count())) {
        expected *= 2;
      } else {
        expected = static_cast<double>(interval.count());
      }
    }
    pause.succeeded();
    EXPECT_TRUE(within(static_cast<double>(interval.count())));
  }
}

TEST(Pause, GatewaysDoNotAskAtTheSameMoment) {
  Pause one(Millis(300'000), Millis(1000), 1);
  Pause two(Millis(300'000), Millis(1000), 2);
  EXPECT_NE(one.next(), two.next());
}

}  // namespace
}  // namespace sluice::lists
