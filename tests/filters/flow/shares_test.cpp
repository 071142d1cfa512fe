#include "filters/flow/shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <random>

namespace sluice::flow {
namespace {

IpAddress client(std::uint32_t number) {
  return *IpAddress::parse("192.0.2." + std::to_string(number));
}

TEST(Shares, NobodyYieldsWhereNobodyHoldsMuch) {
  Shares shares(8, {1, 2});
  EXPECT_EQ(shares.yields(0, 1), Shares::kNone);
  shares.add(3, client(1), 0);
  EXPECT_EQ(shares.yields(0, 1), Shares::kNone);
  shares.add(4, client(1), 0);
  EXPECT_EQ(shares.yields(0, 1), 3U);
  EXPECT_EQ(shares.yields(1, 1), Shares::kNone);
  shares.touch(3);
  EXPECT_EQ(shares.yields(0, 1), 4U);
}

TEST(Shares, AddressesOfASlash64AreOneClient) {
  EXPECT_EQ(client_of(*IpAddress::parse("2001:db8:0:1::5")), *IpAddress::parse("2001:db8:0:1::"));
  EXPECT_EQ(client_of(client(7)), client(7));
}

// The one that yields belongs to a client that holds more than half of what any holds, and is its
// oldest.
TEST(Shares, AgreeWithANaiveOne) {
  constexpr std::uint32_t kEntries = 64, kClients = 9, kClasses = 3;
  std::mt19937 random(4);
  Shares shares(kEntries, {3, 4});
  using Owner = std::pair<std::size_t, std::uint32_t>;  // class, client
  std::map<Owner, std::list<std::uint32_t>> naive;      // entries, oldest first
  std::map<std::uint32_t, Owner> owners;
  const auto leave = [&](std::uint32_t entry) { std::erase(naive[owners[entry]], entry); };
  const auto enter = [&](std::uint32_t entry, Owner owner) {
    owners[entry] = owner;
    naive[owner].push_back(entry);
  };
  for (int step = 0; step < 30'000; ++step) {
    const auto entry = static_cast<std::uint32_t>(random() % kEntries);
    const std::size_t in_class = random() % kClasses;
    if (!owners.contains(entry)) {
      const auto number =
          static_cast<std::uint32_t>(std::min(random() % kClients, random() % kClients));
      shares.add(entry, client(number), in_class);
      enter(entry, {in_class, number});
    } else if (const auto act = random() % 4; act == 0) {
      shares.touch(entry);
      leave(entry);
      enter(entry, owners[entry]);
    } else if (act == 1) {
      const Owner owner{in_class, owners[entry].second};
      shares.move(entry, in_class);
      leave(entry);
      enter(entry, owner);
    } else {
      shares.remove(entry);
      leave(entry);
      owners.erase(entry);
    }
    for (std::size_t of = 0; of < kClasses; ++of) {
      std::size_t most = 0;
      for (const auto& [owner, entries] : naive) {
        if (owner.first == of) most = std::max(most, entries.size());
      }
      const std::uint32_t yields = shares.yields(of, 0);
      ASSERT_EQ(yields == Shares::kNone, most == 0);
      if (most == 0) continue;
      const auto& entries = naive[owners.at(yields)];
      ASSERT_EQ(owners.at(yields).first, of);
      ASSERT_EQ(entries.front(), yields);
      ASSERT_GT(2 * entries.size(), most);
    }
  }
}

}  // namespace
}  // namespace sluice::flow
