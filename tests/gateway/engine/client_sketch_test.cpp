#include "gateway/engine/client_sketch.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::engine {
namespace {

TEST(ClientSketch, CountsNobodyAndOneClientExactly) {
  ClientSketch sketch;
  EXPECT_EQ(sketch.estimate(), 0U);
  for (int i = 0; i < 100; ++i) sketch.add(0x1234567890abcdefU);
  EXPECT_EQ(sketch.estimate(), 1U);
}

TEST(ClientSketch, IsNearTheTruth) {
  std::mt19937_64 random(1);
  for (const std::uint32_t clients : {3U, 10U, 50U, 200U}) {
    double sum = 0;
    constexpr int kTries = 200;
    for (int i = 0; i < kTries; ++i) {
      ClientSketch sketch;
      for (std::uint32_t j = 0; j < clients; ++j) sketch.add(random());
      sum += sketch.estimate();
    }
    EXPECT_NEAR(sum / kTries, clients, 0.06 * clients) << clients;
  }
}

TEST(ClientSketch, HasABoundAndNeverFallsAsClientsCome) {
  std::mt19937_64 random(2);
  ClientSketch sketch;
  std::uint32_t before = 0;
  for (int i = 0; i < 10'000; ++i) {
    sketch.add(random());
    ASSERT_GE(sketch.estimate(), before);
    before = sketch.estimate();
  }
  EXPECT_EQ(before, ClientSketch::kMost);
}

TEST(ClientSketch, OfTwoWorkersIsThatOfBoth) {
  std::mt19937_64 random(3);
  ClientSketch one, other, both;
  for (int i = 0; i < 40; ++i) {
    const std::uint64_t client = random();
    (i % 2 == 0 ? one : other).add(client);
    both.add(client);
  }
  one.add(other);
  EXPECT_EQ(one.words(), both.words());
}

}  // namespace
}  // namespace sluice::engine
