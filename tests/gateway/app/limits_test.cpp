#include "gateway/app/limits.h"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Share, IsRoundedUp) {
  EXPECT_EQ(share_of(100, 1), 100U);
  EXPECT_EQ(share_of(100, 3), 34U);
  EXPECT_EQ(share_of(99, 3), 33U);
  EXPECT_EQ(share_of(1, 8), 1U);
}

TEST(Share, IsNeitherUselesslySmallNorMoreThanTheTotal) {
  EXPECT_EQ(share_of(1000, 100, 64), 64U);
  EXPECT_EQ(share_of(1000, 2, 64), 500U);
  EXPECT_EQ(share_of(10, 2, 64), 10U);
  EXPECT_EQ(share_of(0, 2, 64), 0U);
}

TEST(JudgeLimitsShare, OfOneWorkerIsTheTotal) {
  const engine::JudgeLimits total = limits_of({});
  const engine::JudgeLimits share = share_of(total, 1);
  EXPECT_EQ(share.flows, total.flows);
  EXPECT_EQ(share.streams, total.streams);
  EXPECT_EQ(share.fragments.datagrams, total.fragments.datagrams);
  EXPECT_EQ(engine::Judge::memory_bytes(share), engine::Judge::memory_bytes(total));
}

TEST(JudgeLimitsShare, DividesSizesAndKeepsTimesAndRates) {
  const engine::JudgeLimits total = limits_of({});
  const engine::JudgeLimits share = share_of(total, 4);
  EXPECT_EQ(share.flows, total.flows / 4);
  EXPECT_EQ(share.streams, total.streams / 4);
  EXPECT_EQ(share.questions, total.questions / 4);
  EXPECT_EQ(share.named_datagrams, total.named_datagrams / 4);
  // Each worker knows all addresses, for the others tell it.
  EXPECT_EQ(share.leases.leases, total.leases.leases);
  EXPECT_EQ(share.leases.innocents, total.leases.innocents);
  EXPECT_EQ(share.fragments.datagrams, total.fragments.datagrams / 4);
  EXPECT_EQ(share.hellos.flows, total.hellos.flows / 4);
  EXPECT_EQ(share.hellos.streams, total.hellos.streams / 4);
  EXPECT_EQ(share.hellos.clients, total.hellos.clients / 4);
  EXPECT_EQ(share.idle_timeout, total.idle_timeout);
  EXPECT_EQ(share.fragments.timeout, total.fragments.timeout);
  EXPECT_EQ(share.hellos.initials_per_second, total.hellos.initials_per_second);
}

TEST(JudgeLimitsShare, OfManyWorkersHasRoomForSomething) {
  const engine::JudgeLimits share = share_of(limits_of({}), 1000);
  EXPECT_EQ(share.flows, 66U);
  EXPECT_EQ(share.streams, 4U);
  EXPECT_EQ(share.fragments.datagrams, 4U);  // the least that the reassembler takes
  EXPECT_EQ(share.hellos.streams, 4U);
}

}  // namespace
}  // namespace sluice::app
