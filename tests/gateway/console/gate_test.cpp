#include "gateway/console/gate.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::console {
namespace {

constexpr std::string_view kToken = "0123456789abcdef";

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(HostIn, IsTheHostWithoutPortAndBrackets) {
  EXPECT_EQ(host_in("localhost"), "localhost");
  EXPECT_EQ(host_in("localhost:9465"), "localhost");
  EXPECT_EQ(host_in("127.0.0.1:"), "127.0.0.1");
  EXPECT_EQ(host_in("[::1]:9465"), "::1");
  EXPECT_EQ(host_in("[2001:db8::7]"), "2001:db8::7");
}

TEST(HostIn, RefusesWhatIsNone) {
  for (const char* header :
       {"", ":80", "[]", "[]:80", "[::1", "[::1]80", "[::1]:x", "[localhost]", "localhost:80:80",
        "::1", "localhost:123456", "localhost:-1", "localhost:80 ", "[::1]:80]", "a]", "[[::1]"}) {
    EXPECT_EQ(host_in(header), std::nullopt) << header;
  }
}

TEST(Gate, KnowsLoopbackNamesAndItsAddress) {
  const Gate gate(address("192.0.2.7"), kToken);
  for (const char* host : {"localhost", "LocalHost:80", "127.0.0.1:9465", "127.1.2.3", "[::1]:1",
                           "192.0.2.7", "192.0.2.7:9465"}) {
    EXPECT_TRUE(gate.knows_host(host)) << host;
  }
}

// DNS rebinding: the browser believes that our answer comes from the attacker's name.
TEST(Gate, RefusesNamesThatLeadHere) {
  const Gate gate(address("127.0.0.1"), "");
  for (const char* host :
       {"", "attacker.example", "attacker.example:9465", "localhost.attacker.example",
        "127.0.0.1.attacker.example", "localhost.", "localhost@attacker.example", "192.0.2.7",
        "127.0.0.1, attacker.example", "[::1]:80@attacker.example", "0x7f000001", "2130706433"}) {
    EXPECT_FALSE(gate.knows_host(host)) << host;
  }
}

TEST(Gate, WhereItListensOnAllEveryAddressIsItsOwn) {
  for (const char* all : {"0.0.0.0", "::"}) {
    const Gate gate(address(all), kToken);
    EXPECT_TRUE(gate.knows_host("192.0.2.7:9465")) << all;
    EXPECT_FALSE(gate.knows_host("attacker.example")) << all;
  }
}

TEST(Gate, KnowsItsToken) {
  const Gate gate(address("127.0.0.1"), kToken);
  EXPECT_TRUE(gate.knows_token("Bearer 0123456789abcdef"));
  EXPECT_TRUE(gate.knows_token("bearer 0123456789abcdef"));
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "0123456789abcdef", "Basic 0123456789abcdef",
        "Bearer 0123456789abcde", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0",
        "Bearer  0123456789abcdef", "Bearer 0123456789abcdef "}) {
    EXPECT_FALSE(gate.knows_token(wrong)) << wrong;
  }
}

TEST(Gate, WithoutATokenEverybodyMayAsk) {
  const Gate gate(address("127.0.0.1"), "");
  EXPECT_TRUE(gate.knows_token(""));
  EXPECT_TRUE(gate.knows_token("Bearer whatever"));
}

}  // namespace
}  // namespace sluice::console
