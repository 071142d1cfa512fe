#include "gateway/engine/lease_table.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Nanos kNow = seconds(1'800'000'000);
constexpr HashKey kKey{1, 2};

IpAddress server(int number) {
  return *IpAddress::parse("198.51." + std::to_string(number / 256) + "." +
                           std::to_string(number % 256));
}
IpAddress client(int number) {
  return *IpAddress::parse("192.0.2." + std::to_string(number));
}
constexpr AppTag kApp = 7;
const name::Name kBanned = *name::Name::from_text("short.wechat.com");

TEST(LeaseTable, ALeaseHoldsForItsLifetime) {
  LeaseTable table({16, 16}, kKey);
  EXPECT_EQ(table.find(server(1), kNow), nullptr);
  table.learn_banned(server(1), kApp, kBanned, kNow, minutes(10));
  const Lease* lease = table.find(server(1), kNow + minutes(9));
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->claims[0].name.name(), kBanned);
  EXPECT_EQ(lease->claims[0].evidence, 1U);
  EXPECT_EQ(table.find(server(1), kNow + minutes(10)), nullptr);
  EXPECT_EQ(table.find(server(2), kNow), nullptr);
}

TEST(LeaseTable, LifetimesAreKeptWithinBounds) {
  LeaseTable table({16, 16}, kKey);
  table.learn_banned(server(1), kApp, kBanned, kNow, seconds(0));
  EXPECT_NE(table.find(server(1), kNow + minutes(4)), nullptr);
  EXPECT_EQ(table.find(server(1), kNow + minutes(5)), nullptr);
  table.learn_banned(server(2), kApp, kBanned, kNow, hours(24 * 365));
  EXPECT_EQ(table.find(server(2), kNow + hours(24)), nullptr);
}

TEST(LeaseTable, EvidenceAddsUpUntilTheLeaseIsOver) {
  LeaseTable table({16, 16}, kKey);
  for (int i = 0; i < 3; ++i) table.learn_banned(server(1), kApp, kBanned, kNow, minutes(10));
  EXPECT_EQ(table.find(server(1), kNow)->claims[0].evidence, 3U);
  table.learn_banned(server(1), kApp, kBanned, kNow + hours(1), minutes(10));
  EXPECT_EQ(table.find(server(1), kNow + hours(1))->claims[0].evidence, 1U);
}

TEST(LeaseTable, EachAppHasItsClaim) {
  LeaseTable table({16, 16}, kKey);
  const name::Name other = *name::Name::from_text("a.games.example");
  EXPECT_TRUE(table.learn_banned(server(1), kApp, kBanned, kNow, minutes(10)));
  EXPECT_TRUE(table.learn_banned(server(1), 8, other, kNow, hours(1)));
  EXPECT_FALSE(table.learn_banned(server(1), kApp, kBanned, kNow, minutes(10)));
  const Lease* const lease = table.find(server(1), kNow + minutes(30));
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->claims[0].evidence, 2U);
  EXPECT_EQ(lease->claims[0].expires, kNow + minutes(10));
  EXPECT_EQ(lease->claims[1].name.name(), other);
  EXPECT_EQ(table.leases(), 1U);
}

TEST(LeaseTable, ClaimsAreBoundedAndTheOneThatEndsFirstGoes) {
  LeaseTable table({16, 16}, kKey);
  for (AppTag app = 1; app <= Lease::kMostClaims + 1; ++app) {
    table.learn_banned(server(1), app, kBanned, kNow, minutes(10 + app));
  }
  EXPECT_EQ(table.evicted(), 1U);
  for (const Claim& claim : table.find(server(1), kNow)->claims) EXPECT_NE(claim.app, 1U);
}

// In any order.
TEST(LeaseTable, AnAddressIsSharedWhereThreeClientsAgree) {
  LeaseTable table({16, 16}, kKey);
  table.learn_banned(server(2), kApp, kBanned, kNow, hours(2));
  for (int i = 1; i <= 3; ++i) {
    for (int number = 1; number <= 3; ++number) {
      EXPECT_FALSE(table.is_shared(server(number), kNow));
      EXPECT_TRUE(table.learn_innocent(server(number), client(i), kNow, minutes(20 + 10 * i)));
      EXPECT_FALSE(table.learn_innocent(server(number), client(i), kNow, minutes(5)));
    }
  }
  table.learn_banned(server(1), kApp, kBanned, kNow, hours(2));
  for (int number = 1; number <= 3; ++number) {
    EXPECT_TRUE(table.is_shared(server(number), kNow + minutes(29))) << number;
    EXPECT_FALSE(table.is_shared(server(number), kNow + minutes(30))) << number;
    // A fourth one takes the place of the one that ends first.
    table.learn_innocent(server(number), client(4), kNow, minutes(50));
    EXPECT_TRUE(table.is_shared(server(number), kNow + minutes(39))) << number;
  }
  EXPECT_FALSE(table.is_shared(server(4), kNow));
}

TEST(LeaseTable, AFullTableEvictsTheLeastRecentlyUsedAndCountsIt) {
  LeaseTable table({16, 16}, kKey);
  for (int i = 0; i < 16; ++i) table.learn_banned(server(i), kApp, kBanned, kNow, hours(1));
  EXPECT_NE(table.find(server(0), kNow + minutes(1)), nullptr);  // used
  table.learn_banned(server(16), kApp, kBanned, kNow + minutes(1), hours(1));
  EXPECT_EQ(table.leases(), 16U);
  EXPECT_EQ(table.evicted(), 1U);
  EXPECT_NE(table.find(server(0), kNow), nullptr);
  EXPECT_EQ(table.find(server(1), kNow), nullptr);
}

TEST(LeaseTable, AFloodOfInnocentNamesEvictsNoLeaseAndNoGuard) {
  LeaseTable table({16, 16}, kKey);
  for (int i = 1; i <= 3; ++i) table.learn_innocent(server(1), client(i), kNow, hours(1));
  table.learn_banned(server(1), kApp, kBanned, kNow, hours(1));
  for (int i = 100; i < 400; ++i) table.learn_innocent(server(i), client(9), kNow, hours(1));
  EXPECT_NE(table.find(server(1), kNow), nullptr);
  EXPECT_TRUE(table.is_shared(server(1), kNow));
  EXPECT_LE(table.innocents(), 16U);
}

// Resolvers that block a name answer with reserved addresses.
TEST(LeaseTable, ReservedAddressesTeachNothing) {
  LeaseTable table({16, 16}, kKey);
  for (const char* text : {"0.0.0.0", "10.1.2.3", "127.0.0.1", "::1", "fd00::1"}) {
    table.learn_banned(*IpAddress::parse(text), kApp, kBanned, kNow, hours(1));
  }
  EXPECT_EQ(table.leases(), 0U);
}

TEST(LeaseTable, ExpiryEmptiesIt) {
  LeaseTable table({16, 16}, kKey);
  table.learn_banned(server(1), kApp, kBanned, kNow, minutes(10));
  table.learn_innocent(server(2), client(1), kNow, minutes(10));
  table.expire(kNow + hours(25));
  EXPECT_EQ(table.leases() + table.innocents(), 0U);
  EXPECT_EQ(table.evicted(), 0U);
}

}  // namespace
}  // namespace sluice::engine
