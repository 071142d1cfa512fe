#include "filters/base/ip_address.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(IpAddress, TextRoundTrips) {
  for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(IpAddress, RefusesMalformedText) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "example.com", ":::", "1.2.3.4 ",
                           "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, WireFormHasTheLengthOfItsFamily) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->wire().size(), 4U);
  EXPECT_EQ(IpAddress::parse("2001:db8::1")->wire().size(), 16U);
}

TEST(Endpoint, PrintsIpv6InBrackets) {
  EXPECT_EQ((Endpoint{*IpAddress::parse("192.0.2.1"), Port{53}}.to_string()), "192.0.2.1:53");
  EXPECT_EQ((Endpoint{*IpAddress::parse("2001:db8::1"), Port{443}}.to_string()),
            "[2001:db8::1]:443");
}

struct PrefixCase {
  const char* prefix;
  const char* inside;
  const char* outside;
};

TEST(IpPrefix, ContainsItsOwnAddressesOnly) {
  for (const PrefixCase& c :
       std::initializer_list<PrefixCase>{{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
                                         {"10.0.0.128/25", "10.0.0.128", "10.0.0.127"},
                                         {"192.0.2.1", "192.0.2.1", "192.0.2.0"},
                                         {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
                                         {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
                                         {"2001:db8::1/128", "2001:db8::1", "2001:db8::2"}}) {
    const auto prefix = IpPrefix::parse(c.prefix);
    ASSERT_TRUE(prefix) << c.prefix;
    EXPECT_TRUE(prefix->contains(*IpAddress::parse(c.inside))) << c.prefix;
    EXPECT_FALSE(prefix->contains(*IpAddress::parse(c.outside))) << c.prefix;
  }
}

TEST(IpPrefix, RefusesHostBitsAndBadLengths) {
  for (const char* text : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                           "2001:db8::1/32", "2001:db8::/129", "x/8", ""}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

TEST(IpPrefix, TheDefaultContainsEveryAddressOfBothFamilies) {
  EXPECT_TRUE(IpPrefix{}.contains(*IpAddress::parse("192.0.2.1")));
  EXPECT_TRUE(IpPrefix{}.contains(*IpAddress::parse("2001:db8::1")));
}

TEST(IpPrefix, TextRoundTrips) {
  for (const char* text : {"10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32", "0.0.0.0/0"}) {
    EXPECT_EQ(IpPrefix::parse(text)->to_string(), text);
  }
}

TEST(IsReserved, IsTrueForAddressesOutsideTheInternet) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "127.0.0.1", "100.64.0.1", "169.254.1.1",
                           "172.31.255.255", "192.168.1.1", "224.0.0.1", "255.255.255.255",
                           "::", "::1", "fc00::1", "fd00::1", "fe80::1", "ff02::1"}) {
    EXPECT_TRUE(is_reserved(*IpAddress::parse(text))) << text;
  }
  for (const char* text : {"9.255.255.255", "100.128.0.1", "172.32.0.1", "192.169.0.1",
                           "223.255.255.255", "2001:db8::1"}) {
    EXPECT_FALSE(is_reserved(*IpAddress::parse(text))) << text;
  }
}

// Bug: clients behind NAT64 got no leases on the servers that they reached.
TEST(IsReserved, IsFalseForNat64Addresses) {
  EXPECT_FALSE(is_reserved(*IpAddress::parse("64:ff9b::c000:201")));
}

}  // namespace
}  // namespace sluice
