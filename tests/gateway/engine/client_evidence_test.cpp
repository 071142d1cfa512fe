#include "gateway/engine/client_evidence.h"

#include <gtest/gtest.h>

#include <string>

#include "filters/flow/shares.h"

namespace sluice::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Nanos kNow = seconds(1'800'000'000);
constexpr HashKey kKey{1, 2};

IpAddress client(int number) {
  return *IpAddress::parse("192.0.2." + std::to_string(number));
}
IpAddress server(int number) {
  return *IpAddress::parse("198.51." + std::to_string(number / 256) + "." +
                           std::to_string(number % 256));
}

TEST(ClientEvidence, CountsForOneClientAndOneServerForItsTime) {
  ClientEvidence evidence(16, kKey);
  EXPECT_TRUE(evidence.note(client(1), server(1), kNow, kNow + minutes(10)));
  EXPECT_TRUE(evidence.has(client(1), server(1), kNow + minutes(9)));
  EXPECT_FALSE(evidence.has(client(1), server(1), kNow + minutes(10)));
  EXPECT_FALSE(evidence.has(client(2), server(1), kNow));
  EXPECT_FALSE(evidence.has(client(1), server(2), kNow));
}

TEST(ClientEvidence, IsNewsOnlyIfItAddsMuch) {
  ClientEvidence evidence(16, kKey);
  EXPECT_TRUE(evidence.note(client(1), server(1), kNow, kNow + hours(1)));
  EXPECT_FALSE(evidence.note(client(1), server(1), kNow, kNow + hours(1)));
  EXPECT_FALSE(evidence.note(client(1), server(1), kNow, kNow + minutes(1)));  // ends earlier
  EXPECT_TRUE(evidence.has(client(1), server(1), kNow + minutes(59)));
  EXPECT_TRUE(evidence.note(client(1), server(1), kNow + minutes(40), kNow + minutes(100)));
}

// One client's flood pushes out its own evidence, and that of the few with the same share.
TEST(ClientEvidence, AFloodOfOneClientLeavesTheEvidenceOfOthers) {
  ClientEvidence evidence(32768, kKey);
  for (int i = 1; i <= 200; ++i) evidence.note(client(i), server(0), kNow, kNow + minutes(10));
  for (int i = 1; i <= 60'000; ++i) evidence.note(client(250), server(i), kNow, kNow + hours(1));
  int left = 0;
  for (int i = 1; i <= 200; ++i) left += evidence.has(client(i), server(0), kNow) ? 1 : 0;
  EXPECT_GE(left, 197);
  EXPECT_EQ(ClientEvidence::memory_bytes(32768), 32768U * 16);
}

TEST(ClientEvidence, TheEntryThatEndsFirstGoes) {
  ClientEvidence evidence(4, kKey);
  for (int i = 0; i < 4; ++i) evidence.note(client(1), server(i), kNow, kNow + minutes(10 + i));
  evidence.note(client(1), server(9), kNow, kNow + minutes(10));
  EXPECT_FALSE(evidence.has(client(1), server(0), kNow));
  EXPECT_TRUE(evidence.has(client(1), server(1), kNow));
  EXPECT_TRUE(evidence.has(client(1), server(9), kNow));
}

TEST(ClientEvidence, AnIpv6NetworkIsOneWitness) {
  EXPECT_EQ(flow::client_of(*IpAddress::parse("2001:db8::1")),
            flow::client_of(*IpAddress::parse("2001:db8::2:3")));
  EXPECT_NE(flow::client_of(*IpAddress::parse("2001:db8::1")),
            flow::client_of(*IpAddress::parse("2001:db8:0:1::1")));
  EXPECT_NE(flow::client_of(client(1)), flow::client_of(client(2)));
}

}  // namespace
}  // namespace sluice::engine
