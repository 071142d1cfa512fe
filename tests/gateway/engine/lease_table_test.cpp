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
const name::Name kBanned = *name::Name::from_text("short.wechat.com");

TEST(LeaseTable, ALeaseHoldsForItsLifetime) {
  LeaseTable table({16, 16}, kKey);
  EXPECT_EQ(table.find(server(1), kNow), nullptr);
  table.learn_banned(server(1), kBanned, kNow, minutes(10));
  const Lease* lease = table.find(server(1), kNow + minutes(9));
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->name, kBanned);
  EXPECT_EQ(lease->evidence, 1U);
  EXPECT_EQ(table.find(server(1), kNow + minutes(10)), nullptr);
  EXPECT_EQ(table.find(server(2), kNow), nullptr);
}

TEST(LeaseTable, LifetimesAreKeptWithinBounds) {
  LeaseTable table({16, 16}, kKey);
  table.learn_banned(server(1), kBanned, kNow, seconds(0));
  EXPECT_NE(table.find(server(1), kNow + minutes(4)), nullptr);
  EXPECT_EQ(table.find(server(1), kNow + minutes(5)), nullptr);
  table.learn_banned(server(2), kBanned, kNow, hours(24 * 365));
  EXPECT_EQ(table.find(server(2), kNow + hours(24)), nullptr);
}

TEST(LeaseTable, EvidenceAddsUpUntilTheLeaseIsOver) {
  LeaseTable table({16, 16}, kKey);
  for (int i = 0; i < 3; ++i) table.learn_banned(server(1), kBanned, kNow, minutes(10));
  EXPECT_EQ(table.find(server(1), kNow)->evidence, 3U);
  table.learn_banned(server(1), kBanned, kNow + hours(1), minutes(10));
  EXPECT_EQ(table.find(server(1), kNow + hours(1))->evidence, 1U);
}

// In any order.
TEST(LeaseTable, OneInnocentNameMakesAnAddressShared) {
  LeaseTable table({16, 16}, kKey);
  table.learn_innocent(server(1), kNow, minutes(30));
  table.learn_banned(server(1), kBanned, kNow, hours(2));
  table.learn_banned(server(2), kBanned, kNow, hours(2));
  table.learn_innocent(server(2), kNow, minutes(30));
  table.learn_innocent(server(3), kNow,
                       minutes(30));  // no lease here, but prefixes are guarded, too
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(table.is_shared(server(i), kNow + minutes(29))) << i;
    EXPECT_FALSE(table.is_shared(server(i), kNow + minutes(30))) << i;
  }
  EXPECT_FALSE(table.is_shared(server(4), kNow));
}

TEST(LeaseTable, AFullTableEvictsTheLeastRecentlyUsedAndCountsIt) {
  LeaseTable table({16, 16}, kKey);
  for (int i = 0; i < 16; ++i) table.learn_banned(server(i), kBanned, kNow, hours(1));
  EXPECT_NE(table.find(server(0), kNow + minutes(1)), nullptr);  // used
  table.learn_banned(server(16), kBanned, kNow + minutes(1), hours(1));
  EXPECT_EQ(table.leases(), 16U);
  EXPECT_EQ(table.evicted(), 1U);
  EXPECT_NE(table.find(server(0), kNow), nullptr);
  EXPECT_EQ(table.find(server(1), kNow), nullptr);
}

TEST(LeaseTable, AFloodOfInnocentNamesEvictsNoLeaseAndNoGuard) {
  LeaseTable table({16, 16}, kKey);
  table.learn_innocent(server(1), kNow, hours(1));
  table.learn_banned(server(1), kBanned, kNow, hours(1));
  for (int i = 100; i < 400; ++i) table.learn_innocent(server(i), kNow, hours(1));
  EXPECT_NE(table.find(server(1), kNow), nullptr);
  EXPECT_TRUE(table.is_shared(server(1), kNow));
  EXPECT_LE(table.innocents(), 16U);
}

// Resolvers that block a name answer with reserved addresses.
TEST(LeaseTable, ReservedAddressesTeachNothing) {
  LeaseTable table({16, 16}, kKey);
  for (const char* text : {"0.0.0.0", "10.1.2.3", "127.0.0.1", "::1", "fd00::1"}) {
    table.learn_banned(*IpAddress::parse(text), kBanned, kNow, hours(1));
  }
  EXPECT_EQ(table.leases(), 0U);
}

TEST(LeaseTable, ExpiryEmptiesIt) {
  LeaseTable table({16, 16}, kKey);
  table.learn_banned(server(1), kBanned, kNow, minutes(10));
  table.learn_innocent(server(2), kNow, minutes(10));
  table.expire(kNow + hours(25));
  EXPECT_EQ(table.leases() + table.innocents(), 0U);
  EXPECT_EQ(table.evicted(), 0U);
}

}  // namespace
}  // namespace sluice::engine
