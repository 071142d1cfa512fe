#include "filters/flow/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>
#include <vector>

namespace sluice::flow {
namespace {

struct Value {
  std::uint32_t number = 0;
};

FlowKey key(std::uint32_t number) {
  FlowKey result;
  result.ports = number;
  return result;
}

constexpr Nanos kTimeout{1000};
const auto kIgnore = [](Value&, Removal) {};

TEST(FlowTable, FindsWhatWasInserted) {
  Table<Value> table(8, {1, 2}, kTimeout);
  EXPECT_EQ(table.find(key(1)), nullptr);
  Value& value = table.insert(key(1), Nanos{0}, kIgnore);
  value.number = 7;
  EXPECT_EQ(table.find(key(1)), &value);
  EXPECT_EQ(table.find(key(2)), nullptr);
  EXPECT_EQ(table.size(), 1U);
}

// A busy entry is not moved for each packet, and still does not expire.
TEST(FlowTable, AnEntryThatIsUsedAgainSoonIsNotMoved) {
  Table<Value> table(2, {1, 2}, 256 * kTimeout);
  table.insert(key(1), Nanos{0}, kIgnore);
  table.insert(key(2), Nanos{1}, kIgnore);
  table.touch(*table.find(key(1)), kTimeout - Nanos{1});  // within a step
  table.insert(key(3), kTimeout, kIgnore);
  EXPECT_EQ(table.find(key(1)), nullptr);
  table.touch(*table.find(key(2)), kTimeout + Nanos{1});  // behind it
  table.insert(key(4), kTimeout + Nanos{2}, kIgnore);
  EXPECT_NE(table.find(key(2)), nullptr);
  EXPECT_EQ(table.find(key(3)), nullptr);
}

TEST(FlowTable, EvictsTheLeastValuableFirst) {
  Table<Value> table(3, {1, 2}, kTimeout);
  std::vector<Removal> removals;
  const auto on_remove = [&](Value&, Removal why) { removals.push_back(why); };
  const auto insert = [&](std::uint32_t number, Keep keep) {
    table.keep(table.insert(key(number), Nanos{number}, on_remove), keep, on_remove);
  };
  insert(1, Keep::held);
  insert(2, Keep::pinned);
  insert(3, Keep::light);
  insert(4, Keep::held);    // pushes out 3
  insert(5, Keep::pinned);  // pushes out 2
  insert(6, Keep::held);    // pushes out 5
  insert(7, Keep::light);   // pushes out 1
  EXPECT_EQ(removals, (std::vector{Removal::evicted_light, Removal::evicted_pinned,
                                   Removal::evicted_pinned, Removal::evicted_held}));
  EXPECT_EQ(table.find(key(1)), nullptr);
  EXPECT_NE(table.find(key(4)), nullptr);
}

IpAddress client(std::uint32_t number) {
  return *IpAddress::parse("10." + std::to_string(number >> 16) + "." +
                           std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255));
}

// A class at its limit evicts one of its own, and the others keep what they have.
TEST(FlowTable, AFloodFillsNoClassButItsOwn) {
  ClassLimits limits;
  limits[Keep::unanswered] = 10;
  limits[Keep::unanswered_held] = 5;
  limits[Keep::pinned] = 20;
  Table<Value> table(100, {1, 2}, kTimeout, limits);
  for (std::uint32_t i = 0; i < 40; ++i) {
    table.insert(key(i), client(i), Keep::light, Nanos{i}, kIgnore);
  }
  std::vector<Removal> removals;
  const auto on_remove = [&](Value&, Removal why) { removals.push_back(why); };
  for (std::uint32_t i = 1000; i < 1500; ++i) {
    table.insert(key(i), client(i), Keep::unanswered, Nanos{i}, on_remove);
  }
  EXPECT_EQ(removals, std::vector(490, Removal::evicted_unanswered));
  EXPECT_EQ(table.size(), 50U);
  removals.clear();
  for (std::uint32_t i = 2000; i < 2500; ++i) {
    Value& value = table.insert(key(i), client(i), Keep::unanswered, Nanos{i}, on_remove);
    table.keep(value, Keep::pinned, on_remove);
  }
  EXPECT_EQ(std::ranges::count(removals, Removal::evicted_light), 0);
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_NE(table.find(key(i)), nullptr);
}

TEST(FlowTable, TheClientThatHoldsMostGivesWay) {
  constexpr std::uint32_t kCapacity = 1024;
  Table<Value> table(kCapacity, {1, 2}, kTimeout, ClassLimits{});
  for (std::uint32_t i = 0; i < 100; ++i) {
    table.insert(key(i), client(i), Keep::light, Nanos{0}, kIgnore);
  }
  for (std::uint32_t i = 1000; i < 9000; ++i) {
    table.insert(key(i), client(7777), Keep::light, Nanos{1}, kIgnore);
  }
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_NE(table.find(key(i)), nullptr);
  EXPECT_EQ(table.find(key(1000)), nullptr);
  EXPECT_NE(table.find(key(8999)), nullptr);
}

// Forged clients with an entry each push out one another, not a client that has a few.
TEST(FlowTable, AmongEqualsTheOneIdleLongestGivesWay) {
  constexpr std::uint32_t kCapacity = 1024;
  Table<Value> table(kCapacity, {1, 2}, kTimeout, ClassLimits{});
  for (std::uint32_t i = 0; i < kCapacity; ++i) {
    table.insert(key(i), client(i), Keep::light, Nanos{i}, kIgnore);
  }
  for (std::uint32_t i = 5000; i < 5010; ++i) {
    table.insert(key(i), client(9), Keep::light, Nanos{5000}, kIgnore);
  }
  for (std::uint32_t i = 10'000; i < 10'900; ++i) {
    table.insert(key(i), client(i), Keep::light, Nanos{i}, kIgnore);
  }
  for (std::uint32_t i = 5000; i < 5010; ++i) EXPECT_NE(table.find(key(i)), nullptr);
  EXPECT_EQ(table.find(key(100)), nullptr);
}

TEST(FlowTable, AllAddressesOfASlash64AreOneClient) {
  Table<Value> table(256, {1, 2}, kTimeout, ClassLimits{});
  const IpAddress probe = *IpAddress::parse("2001:db8:0:1::5");
  for (std::uint32_t i = 0; i < 3; ++i) {
    table.insert(key(i), probe, Keep::light, Nanos{0}, kIgnore);
  }
  for (std::uint32_t i = 1000; i < 3000; ++i) {
    const IpAddress other = *IpAddress::parse("2001:db8:0:2::" + std::to_string(i));
    table.insert(key(i), other, Keep::light, Nanos{i}, kIgnore);
  }
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_NE(table.find(key(i)), nullptr);
}

TEST(FlowTable, ExpiresABoundedNumberOfIdleEntries) {
  Table<Value> table(64, {1, 2}, kTimeout);
  std::size_t removed = 0;
  const auto on_remove = [&](Value&, Removal why) { removed += why == Removal::idle; };
  for (std::uint32_t i = 0; i < 40; ++i) table.insert(key(i), Nanos{i}, on_remove);
  table.touch(*table.find(key(0)), Nanos{900});
  table.expire(Nanos{999}, on_remove);
  EXPECT_EQ(removed, 0U);
  table.expire(Nanos{1500}, on_remove, 16);
  EXPECT_EQ(removed, 16U);
  table.expire(Nanos{1500}, on_remove, 100);
  EXPECT_EQ(removed, 39U);
  EXPECT_NE(table.find(key(0)), nullptr);
}

TEST(FlowTable, AnEntryFromTheFutureIsNotIdle) {
  Table<Value> table(4, {1, 2}, kTimeout);
  table.insert(key(1), Nanos{1'000'000}, kIgnore);
  table.expire(Nanos{5}, kIgnore);
  EXPECT_EQ(table.size(), 1U);
}

// Compares one class with a list in order of use.
TEST(FlowTable, AgreesWithANaiveOne) {
  std::mt19937 random(4);
  constexpr std::size_t kCapacity = 50;
  Table<Value> table(kCapacity, {3, 4}, Nanos{100});
  std::list<std::pair<std::uint32_t, Nanos>> naive;  // longest idle first
  const auto where = [&](std::uint32_t number) {
    return std::ranges::find(naive, number, &std::pair<std::uint32_t, Nanos>::first);
  };
  Nanos now{0};
  for (int step = 0; step < 20000; ++step) {
    now += Nanos{random() % 4};
    const auto number = static_cast<std::uint32_t>(random() % 120);
    Value* const value = table.find(key(number));
    ASSERT_EQ(value != nullptr, where(number) != naive.end());
    if (value != nullptr) {
      ASSERT_EQ(value->number, number);
      table.touch(*value, now);
      naive.erase(where(number));
    } else {
      if (naive.size() == kCapacity) naive.pop_front();
      table.insert(key(number), now, kIgnore).number = number;
    }
    naive.emplace_back(number, now);
    if (step % 64 == 0) {
      table.expire(now, kIgnore, kCapacity);
      std::erase_if(naive, [&](const auto& item) { return now - item.second >= Nanos{100}; });
    }
    ASSERT_EQ(table.size(), naive.size());
  }
}

}  // namespace
}  // namespace sluice::flow
