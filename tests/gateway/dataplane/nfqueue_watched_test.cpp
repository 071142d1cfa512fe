#include "gateway/dataplane/nfqueue/watched.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <thread>

#include "tests/support/flow_entries.h"
#include "tests/support/packet_builder.h"

namespace sluice::io {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
IpAddress numbered(std::uint32_t number) {
  const std::array<std::byte, 4> bytes = {std::byte{10}, static_cast<std::byte>(number >> 16),
                                          static_cast<std::byte>(number >> 8),
                                          static_cast<std::byte>(number)};
  return IpAddress::from_bytes(bytes);
}
constexpr HashKey kKey{};

TEST(InterestFilter, KnowsPortsAndPrefixes) {
  const InterestFilter filter(
      Interest{.ports = {Port{53}, Port{65535}},
               .prefixes = {*IpPrefix::parse("10.1.0.0/16"), *IpPrefix::parse("10.1.2.0/24"),
                            *IpPrefix::parse("192.0.2.7"), *IpPrefix::parse("2001:db8::/32")}});
  EXPECT_TRUE(filter.has_port(Port{53}));
  EXPECT_TRUE(filter.has_port(Port{65535}));
  EXPECT_FALSE(filter.has_port(Port{54}));
  for (const char* inside : {"10.1.0.0", "10.1.2.3", "10.1.255.255", "192.0.2.7", "2001:db8:1::"}) {
    EXPECT_TRUE(filter.has_address(address(inside))) << inside;
  }
  for (const char* outside : {"10.0.255.255", "10.2.0.0", "192.0.2.6", "192.0.2.8",
                              "2001:db9::", "::", "255.255.255.255"}) {
    EXPECT_FALSE(filter.has_address(address(outside))) << outside;
  }
  EXPECT_FALSE(InterestFilter(Interest{}).has_address(address("10.1.2.3")));
}

TEST(InterestFilter, SaysWhatEachPrefixSays) {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::uint32_t> any(0, 0xffffff);
  Interest interest;
  for (int i = 0; i < 200; ++i) {
    interest.prefixes.push_back(IpPrefix::around(numbered(any(random)), 104 + any(random) % 25));
  }
  const InterestFilter filter(interest);
  for (int i = 0; i < 20000; ++i) {
    const IpAddress one = numbered(any(random));
    bool expected = false;
    for (const IpPrefix& prefix : interest.prefixes) expected = expected || prefix.contains(one);
    EXPECT_EQ(filter.has_address(one), expected) << one.to_string();
  }
}

TEST(WatchedAddresses, AreWatchedForADay) {
  WatchedAddresses watched(kKey);
  EXPECT_FALSE(watched.has(address("192.0.2.1"), seconds(100)));
  EXPECT_TRUE(watched.add(address("192.0.2.1"), seconds(100)));
  EXPECT_FALSE(watched.add(address("192.0.2.1"), seconds(200))) << "it was watched";
  EXPECT_TRUE(watched.has(address("192.0.2.1"), hours(24)));
  EXPECT_FALSE(watched.has(address("192.0.2.1"), hours(25)));
  EXPECT_FALSE(watched.has(address("192.0.2.2"), seconds(100)));
  EXPECT_TRUE(watched.add(address("192.0.2.1"), hours(26))) << "it was not watched any more";
}

TEST(WatchedAddresses, WithoutRoomAllAreWatched) {
  WatchedAddresses watched(kKey);
  for (std::uint32_t i = 0; i < 2 * WatchedAddresses::kMost; ++i)
    watched.add(numbered(i), seconds(0));
  for (std::uint32_t i = 0; i < 4 * WatchedAddresses::kMost; ++i) {
    ASSERT_TRUE(watched.has(numbered(i), seconds(0)));
  }
}

TEST(WatchedAddresses, AreSharedByThreads) {
  WatchedAddresses watched(kKey);
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&watched, thread] {
        for (std::uint32_t i = 0; i < 500; ++i)
          watched.add(numbered(thread % 2 * 500 + i), seconds(0));
      });
    }
  }
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_TRUE(watched.has(numbered(i), seconds(0)));
}

// The fake offloading dataplane is the model (dataplane.h): what comes up there is never quiet
// here.
TEST(ShowsNoName, IsNeverSaidOfAHello) {
  std::mt19937 random(2);
  int hellos = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string datagram(random() % 40, '\0');
    for (char& byte : datagram)
      byte = static_cast<char>(random() % 4 == 0 ? 20 + random() % 8 : random());
    test::FlowEntries entries({.entries = 1});
    const auto frame =
        test::FrameBuilder("192.0.2.1:5000", "192.0.2.2:6000").payload(datagram).build();
    const auto packet = packet::decode(frame, LinkType::ethernet);
    entries.submit(std::vector<FrameVerdict>{{Verdict::pass_flow, *test::flow_key_of(*packet), 0}});
    if (entries.handle({.bytes = frame})) continue;
    ++hellos;
    EXPECT_FALSE(shows_no_name(packet->payload));
  }
  EXPECT_GT(hellos, 10000);
}

TEST(ShowsNoName, IsNotSaidOfGooglesQuicAndTeredo) {
  const auto says = [](std::string_view datagram) {
    return shows_no_name(std::as_bytes(std::span(datagram)));
  };
  EXPECT_TRUE(says(""));
  EXPECT_TRUE(says("\x01 a WireGuard packet"));
  EXPECT_FALSE(
      says("\x09"
           "12345678Q046"));
  EXPECT_TRUE(
      says("\x09"
           "12345678R046"));
  EXPECT_FALSE(says(std::string_view("\x60xxxxxxx\x20\x01\0\0xxxxxxxx", 20)));
  EXPECT_FALSE(says(std::string_view("\x60xxxxxxxxxxxxxxxxxxxxxxx\x20\x01\0\0", 28)));
  EXPECT_TRUE(says(std::string_view("\x60xxxxxxx\x20\x02\0\0xxxxxxxx", 20)));
}

}  // namespace
}  // namespace sluice::io
