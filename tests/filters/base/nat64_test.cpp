#include "filters/base/nat64.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sluice {
namespace {

std::string embedded(std::string_view prefix, std::string_view address) {
  Nat64 nat64 = Nat64::none();
  const auto parsed = IpPrefix::parse(prefix);
  EXPECT_TRUE(parsed && Nat64::may_be_prefix(*parsed)) << prefix;
  EXPECT_TRUE(nat64.add(*parsed));
  const auto v4 = nat64.embedded(*IpAddress::parse(address));
  return v4 ? v4->to_string() : "none";
}

// The examples of RFC 6052 section 2.4.
TEST(Nat64, ReadsEachFormOfAnAddress) {
  EXPECT_EQ(embedded("2001:db8::/32", "2001:db8:c000:221::"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:100::/40", "2001:db8:1c0:2:21::"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"), "192.0.2.33");
  EXPECT_EQ(embedded("2001:db8:122:344::/96", "2001:db8:122:345::192.0.2.33"), "none");
}

TEST(Nat64, KnowsTheWellKnownPrefix) {
  const Nat64 nat64;
  EXPECT_EQ(nat64.embedded(*IpAddress::parse("64:ff9b::203.0.113.7"))->to_string(), "203.0.113.7");
  EXPECT_FALSE(nat64.embedded(*IpAddress::parse("64:ff9b:1::203.0.113.7")));
  EXPECT_FALSE(nat64.embedded(*IpAddress::parse("203.0.113.7")));
  EXPECT_FALSE(Nat64::none().embedded(*IpAddress::parse("64:ff9b::203.0.113.7")));
}

TEST(Nat64, TheLongestPrefixCounts) {
  Nat64 nat64;
  for (const char* prefix : {"2001:db8::/32", "2001:db8:1:2::/96"}) {
    EXPECT_TRUE(nat64.add(*IpPrefix::parse(prefix)));
  }
  EXPECT_EQ(nat64.embedded(*IpAddress::parse("2001:db8:1:2::192.0.2.1"))->to_string(), "192.0.2.1");
  EXPECT_EQ(nat64.embedded(*IpAddress::parse("2001:db8:c000:201::"))->to_string(), "192.0.2.1");
}

TEST(Nat64, RefusesWhatIsNoPrefixOfATranslator) {
  for (const char* prefix : {"64:ff9b::/95", "::/0", "10.0.0.0/8", "192.0.2.0/24",
                             "2001:db8:0:0:100::/96", "2001:db8::1/128"}) {
    EXPECT_FALSE(Nat64::may_be_prefix(*IpPrefix::parse(prefix))) << prefix;
  }
}

TEST(Nat64, HasABound) {
  Nat64 nat64;
  for (std::size_t i = 1; i < Nat64::kMost; ++i) {
    EXPECT_TRUE(nat64.add(*IpPrefix::parse("2001:db8:" + std::to_string(i) + "::/96")));
  }
  EXPECT_FALSE(nat64.add(*IpPrefix::parse("2001:db8::/96")));
}

}  // namespace
}  // namespace sluice
