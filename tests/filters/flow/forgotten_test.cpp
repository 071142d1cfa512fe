#include "filters/flow/forgotten.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::flow {
namespace {

constexpr std::size_t kMost = 1000;
constexpr Nanos kPeriod = std::chrono::seconds(60);

std::vector<std::uint64_t> hashes(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> all(count);
  for (std::uint64_t& hash : all) hash = random();
  return all;
}

TEST(Forgotten, RemembersEveryOneOfTheLast) {
  Forgotten forgotten({kMost, 64}, kPeriod);
  const auto all = hashes(10 * kMost, 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(forgotten.has(all[i]));
    forgotten.add(all[i], Nanos{0});
    EXPECT_TRUE(forgotten.has(all[i - std::min(i, kMost)]));
  }
  EXPECT_FALSE(forgotten.has(all[0]));
}

TEST(Forgotten, SeldomRemembersWhatWasNeverThere) {
  Forgotten forgotten({kMost, 64}, kPeriod);
  for (const std::uint64_t hash : hashes(2 * kMost, 1)) forgotten.add(hash, Nanos{0});
  std::size_t wrong = 0;
  for (const std::uint64_t hash : hashes(1'000'000, 2)) wrong += forgotten.has(hash) ? 1U : 0U;
  EXPECT_LT(wrong, 5U);
}

TEST(Forgotten, IsSmallerWhereItMayErrMore) {
  Forgotten forgotten({kMost, 16}, kPeriod);
  EXPECT_LE(4 * Forgotten::memory_bytes({kMost, 16}), Forgotten::memory_bytes({kMost, 64}));
  const auto all = hashes(5 * kMost, 1);
  for (const std::uint64_t hash : all) {
    forgotten.add(hash, Nanos{0});
    EXPECT_TRUE(forgotten.has(hash));
  }
  std::size_t wrong = 0;
  for (const std::uint64_t hash : hashes(100'000, 2)) wrong += forgotten.has(hash) ? 1U : 0U;
  EXPECT_LT(wrong, 200U);
}

TEST(Forgotten, IsOverAfterTwoPeriods) {
  Forgotten forgotten({kMost, 64}, kPeriod);
  forgotten.add(7, kPeriod);
  const auto pass = [&](Nanos now) {
    for (int i = 0; i < 8; ++i) forgotten.tidy(now);
  };
  pass(kPeriod + kPeriod * 3 / 2);
  EXPECT_TRUE(forgotten.has(7));
  pass(3 * kPeriod + kPeriod);
  pass(5 * kPeriod + kPeriod);
  EXPECT_FALSE(forgotten.has(7));
}

TEST(Forgotten, KeepsWhenTimeGoesBack) {
  Forgotten forgotten({kMost, 64}, kPeriod);
  forgotten.add(7, 100 * kPeriod);
  for (int i = 0; i < 8; ++i) forgotten.tidy(Nanos{5});
  EXPECT_TRUE(forgotten.has(7));
}

}  // namespace
}  // namespace sluice::flow
