#include "gateway/engine/unjudged_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::engine {
namespace {

constexpr Nanos kStart = std::chrono::hours(1000);
constexpr Nanos kSecond = std::chrono::seconds(1);

class UnjudgedLogTest : public testing::Test {
 protected:
  bool drop(std::string_view client, Reason reason, Nanos at) {
    return log_.note({.client = {*IpAddress::parse(client), Port{5000}},
                      .server = {*IpAddress::parse("198.51.100.2"), Port{443}},
                      .transport = packet::Transport::tcp,
                      .reason = reason},
                     at, [this](const Unjudged& drop) { written_.push_back(drop); });
  }
  void expire(Nanos at) {
    log_.expire(at, [this](const Unjudged& drop) { written_.push_back(drop); });
  }

  UnjudgedLog log_{{1, 2}};
  std::vector<Unjudged> written_;
};

TEST_F(UnjudgedLogTest, AClientHasOneRecordAMinuteForEachReason) {
  EXPECT_TRUE(drop("192.0.2.1", Reason::unreadable, kStart));
  for (int i = 1; i <= 50; ++i) {
    EXPECT_FALSE(drop("192.0.2.1", Reason::unreadable, kStart + i * kSecond));
  }
  EXPECT_TRUE(drop("192.0.2.1", Reason::urgent, kStart + 51 * kSecond));
  EXPECT_TRUE(drop("192.0.2.2", Reason::unreadable, kStart + 52 * kSecond));
  EXPECT_TRUE(drop("192.0.2.1", Reason::unreadable, kStart + 60 * kSecond));
  ASSERT_EQ(written_.size(), 4U);
  EXPECT_EQ(written_[0].suppressed, 0U);
  EXPECT_EQ(written_[2].client.address, IpAddress::parse("192.0.2.2"));
  EXPECT_EQ(written_[3].suppressed, 50U);
}

TEST_F(UnjudgedLogTest, AnIpv6SiteIsOneClient) {
  EXPECT_TRUE(drop("2001:db8::1", Reason::unreadable, kStart));
  EXPECT_FALSE(drop("2001:db8::ffff:2", Reason::unreadable, kStart));
  EXPECT_TRUE(drop("2001:db8:0:1::1", Reason::unreadable, kStart));
}

TEST_F(UnjudgedLogTest, WhatWasSuppressedIsToldWhenTheClientIsGone) {
  drop("192.0.2.1", Reason::unreadable, kStart);
  for (int i = 0; i < 7; ++i) drop("192.0.2.1", Reason::unreadable, kStart + kSecond);
  expire(kStart + std::chrono::minutes(10));
  ASSERT_EQ(written_.size(), 2U);
  EXPECT_EQ(written_[1].suppressed, 6U);  // and the one that the record shows
  expire(kStart + std::chrono::minutes(20));
  EXPECT_EQ(written_.size(), 2U);
}

// Strangers can claim any address.
TEST_F(UnjudgedLogTest, AFloodOfClientsIsBounded) {
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::string client = "10." + std::to_string(i >> 16 & 255) + "." +
                               std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    drop(client, Reason::unreadable, kStart + Nanos{i});
  }
  EXPECT_LE(written_.size(), UnjudgedLog::kPerSecond + 1);
  EXPECT_TRUE(drop("192.0.2.1", Reason::unreadable, kStart + 2 * kSecond));
}

TEST_F(UnjudgedLogTest, AClockThatGoesBackKeepsNobodySilent) {
  EXPECT_TRUE(drop("192.0.2.1", Reason::unreadable, kStart));
  EXPECT_TRUE(drop("192.0.2.1", Reason::unreadable, kStart - std::chrono::hours(1)));
}

}  // namespace
}  // namespace sluice::engine
