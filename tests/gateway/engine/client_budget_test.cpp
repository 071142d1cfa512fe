#include "gateway/engine/client_budget.h"

#include <gtest/gtest.h>

namespace sluice::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const IpAddress kOne = *IpAddress::parse("192.0.2.1");
const IpAddress kAnother = *IpAddress::parse("2001:db8::1");

unsigned taken(ClientBudget& budget, const IpAddress& client, Nanos now, unsigned tries) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i) count += budget.take(client, now) ? 1U : 0U;
  return count;
}

TEST(ClientBudget, AllowsABurstOfOneSecondAndThenTheRate) {
  ClientBudget budget(8, 100, {1, 2});
  EXPECT_EQ(taken(budget, kOne, seconds(50), 1000), 100U);
  EXPECT_EQ(taken(budget, kOne, seconds(50) + milliseconds(100), 1000), 10U);
  EXPECT_EQ(taken(budget, kOne, seconds(60), 1000), 100U);
}

TEST(ClientBudget, IsSeparateForEachClient) {
  ClientBudget budget(8, 10, {1, 2});
  EXPECT_EQ(taken(budget, kOne, seconds(1), 50), 10U);
  EXPECT_EQ(taken(budget, kAnother, seconds(1), 50), 10U);
}

TEST(ClientBudget, AllAddressesOfASlash64HaveOne) {
  ClientBudget budget(8, 10, {1, 2});
  EXPECT_EQ(taken(budget, kAnother, seconds(1), 50), 10U);
  EXPECT_EQ(taken(budget, *IpAddress::parse("2001:db8::2"), seconds(1), 50), 0U);
  EXPECT_EQ(taken(budget, *IpAddress::parse("2001:db8:0:1::2"), seconds(1), 50), 10U);
}

TEST(ClientBudget, KeepsServingWhenTimeGoesBack) {
  ClientBudget budget(8, 10, {1, 2});
  EXPECT_EQ(taken(budget, kOne, seconds(10'000), 50), 10U);
  EXPECT_EQ(taken(budget, kOne, seconds(10), 50), 10U);
}

TEST(ClientBudget, ForgetsTheClientIdleLongest) {
  ClientBudget budget(2, 10, {1, 2});
  EXPECT_EQ(taken(budget, kOne, seconds(1), 50), 10U);
  for (int i = 0; i < 4; ++i) {
    const auto address = IpAddress::parse("198.51.100." + std::to_string(i));
    EXPECT_EQ(taken(budget, *address, seconds(1), 50), 10U);
  }
  EXPECT_EQ(taken(budget, kOne, seconds(1), 50), 10U);
}

}  // namespace
}  // namespace sluice::engine
