#include "filters/flow/framing_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace sluice::flow {
namespace {

using ByteVector = std::vector<std::byte>;

ByteVector bytes(std::size_t count, unsigned seed) {
  ByteVector all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<std::byte>(seed + i);
  return all;
}

TEST(FramingLog, KeepsWhatItIsGivenAndNothingElse) {
  StreamPool pool({.slots = 1, .capacity = 64});
  FramingLog log;
  EXPECT_TRUE(log.agrees(pool, 0, bytes(10, 0)));
  ASSERT_TRUE(log.add(pool, 100, bytes(4, 1)));
  ASSERT_TRUE(log.add(pool, 200, bytes(3, 9)));
  EXPECT_FALSE(log.add(pool, 300, bytes(3, 9))) << "no room";
  EXPECT_TRUE(log.agrees(pool, 90, bytes(10, 77)));
  EXPECT_TRUE(log.agrees(pool, 104, bytes(96, 77)));
  EXPECT_TRUE(log.agrees(pool, 102, bytes(2, 3)));
  EXPECT_FALSE(log.agrees(pool, 102, bytes(2, 4)));
  EXPECT_FALSE(log.agrees(pool, 0, bytes(400, 0)));
  ByteVector other = bytes(103, 0xc0);
  log.overwrite(pool, 99, other);
  EXPECT_EQ(other[0], std::byte{0xc0});
  EXPECT_TRUE(std::ranges::equal(Bytes(other).subspan(1, 4), bytes(4, 1)));
  EXPECT_EQ(other[101], std::byte{9});
  EXPECT_TRUE(log.agrees(pool, 99, other));
  log.forget(pool, 103);
  EXPECT_FALSE(log.agrees(pool, 100, bytes(4, 0))) << "only what ends in front is forgotten";
  log.forget(pool, 104);
  EXPECT_TRUE(log.agrees(pool, 100, bytes(4, 0)));
  EXPECT_EQ(pool.in_use(), 1U);
  log.forget(pool, 203);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(FramingLog, HasNoRoomForLongBytesAndWithoutASlot) {
  StreamPool pool({.slots = 1, .capacity = 64});
  FramingLog log, other;
  EXPECT_FALSE(log.add(pool, 0, bytes(FramingLog::kMaxBytes + 1, 0)));
  EXPECT_FALSE(log.holds_memory());
  EXPECT_TRUE(log.add(pool, 0, bytes(FramingLog::kMaxBytes, 0)));
  EXPECT_FALSE(other.add(pool, 0, bytes(1, 0)));
  log.release(pool);
  EXPECT_TRUE(other.add(pool, 0, bytes(1, 0)));
}

TEST(FramingLog, ForgetsTheOldestForAnother) {
  StreamPool pool({.slots = 1, .capacity = 64});
  FramingLog log;
  EXPECT_FALSE(log.is_full(pool)) << "it has no slot yet";
  ASSERT_TRUE(log.add(pool, 100, bytes(4, 1)));
  EXPECT_FALSE(log.is_full(pool));
  ASSERT_TRUE(log.add(pool, 200, bytes(3, 9)));
  ASSERT_TRUE(log.is_full(pool));
  EXPECT_EQ(log.forget_oldest(pool), 104U);
  EXPECT_TRUE(log.agrees(pool, 100, bytes(4, 77)));
  EXPECT_TRUE(log.add(pool, 300, bytes(3, 5)));
  EXPECT_FALSE(log.agrees(pool, 200, bytes(3, 77)));
  EXPECT_FALSE(log.agrees(pool, 300, bytes(3, 77)));
}

// Against a map of each byte that is kept.
TEST(FramingLogProperty, DoesAsANaiveOneDoes) {
  std::mt19937 random(16);
  for (int round = 0; round < 200; ++round) {
    StreamPool pool({.slots = 1, .capacity = 32 * (1 + random() % 7)});
    FramingLog log;
    std::map<std::uint64_t, std::byte> naive;
    std::uint64_t end = random() % 50, forgotten = 0;
    for (int step = 0; step < 100; ++step) {
      const ByteVector some = bytes(1 + random() % 30, static_cast<unsigned>(random()));
      switch (random() % 4) {
        case 0: {
          const std::uint64_t at = end + random() % 20;
          if (!log.add(pool, at, some)) break;
          for (std::size_t i = 0; i < some.size(); ++i) naive[at + i] = some[i];
          end = at + some.size();
          break;
        }
        case 1:
          forgotten = std::max<std::uint64_t>(forgotten, random() % (end + 1));
          // Whole entries only: a naive one cannot tell them, so it forgets where a gap is.
          while (forgotten > 0 && naive.contains(forgotten) && naive.contains(forgotten - 1)) {
            --forgotten;
          }
          log.forget(pool, forgotten);
          naive.erase(naive.begin(), naive.lower_bound(forgotten));
          break;
        default: {
          const std::uint64_t at = forgotten + random() % (end - forgotten + 20);
          ByteVector expected = some, copy = some;
          for (std::size_t i = 0; i < some.size(); ++i) {
            if (const auto kept = naive.find(at + i); kept != naive.end())
              expected[i] = kept->second;
          }
          ASSERT_EQ(log.agrees(pool, at, some), expected == some);
          log.overwrite(pool, at, copy);
          ASSERT_EQ(copy, expected);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::flow
