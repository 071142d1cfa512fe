#include "gateway/telemetry/counters.h"

#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gateway/telemetry/resolver_counters.h"

namespace sluice::telemetry {
namespace {

struct Named {
  const char* member;
  const char* metric;
  const char* help;
};

#define SLUICE_X(member, metric, help) {#member, metric, help},
constexpr Named kCounters[] = {SLUICE_COUNTERS(SLUICE_X) SLUICE_RESOLVER_COUNTERS(SLUICE_X)};
constexpr Named kGauges[] = {SLUICE_GAUGES(SLUICE_X) SLUICE_RESOLVER_GAUGES(SLUICE_X)};
#undef SLUICE_X

// https://prometheus.io/docs/practices/naming/
TEST(Counters, HaveValidAndUniqueNamesAndHelp) {
  const std::regex valid("sluice_[a-z][a-z0-9_]*[a-z]");
  std::set<std::string> names;
  const auto look = [&](const Named& one, bool is_counter) {
    const std::string metric = one.metric;
    EXPECT_TRUE(std::regex_match(metric, valid)) << metric;
    EXPECT_EQ(metric.ends_with("_total"), is_counter) << metric;
    EXPECT_TRUE(names.insert(metric).second) << metric << " twice";
    EXPECT_NE(std::string(one.help), "") << metric;
  };
  for (const Named& counter : kCounters) look(counter, true);
  for (const Named& gauge : kGauges) look(gauge, false);
}

TEST(Counters, AddAndSet) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42U);
  counter.set(7);
  EXPECT_EQ(counter.value(), 7U);
}

TEST(Counters, StartAtZero) {
  const auto counters = std::make_unique<WorkerCounters>();
#define SLUICE_X(member, metric, help) EXPECT_EQ(counters->member.value(), 0U) << metric;
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
}

TEST(Totals, AreTheSumOverWorkers) {
  const auto one = std::make_unique<WorkerCounters>();
  const auto two = std::make_unique<WorkerCounters>();
  one->packets.add(3);
  two->packets.add(4);
  two->streams.set(5);
  const std::vector<const WorkerCounters*> both = {one.get(), two.get()};
  const Totals totals = total_of(both);
  EXPECT_EQ(totals.packets, 7U);
  EXPECT_EQ(totals.streams, 5U);
  EXPECT_EQ(totals.bytes, 0U);
  EXPECT_EQ(total_of({}).packets, 0U);
}

// A reader beside the one writer sees a count that only grows, and in the end all of it.
TEST(Counters, OneWriterAndAReader) {
  constexpr std::uint64_t kMost = 1'000'000;
  Counter counter;
  std::jthread writer([&] {
    for (std::uint64_t i = 0; i < kMost; ++i) counter.add();
  });
  for (std::uint64_t last = 0; last < kMost;) {
    const std::uint64_t now = counter.value();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(TimeHistogram, BoundsBelongToTheBucketBelowThem) {
  TimeHistogram times;
  times.observe(0);
  times.observe(kTimeBounds.front());
  times.observe(kTimeBounds.front() + 1);
  times.observe(kTimeBounds.back());
  times.observe(kTimeBounds.back() + 1);
  EXPECT_EQ(times.buckets.front().value(), 2U);
  EXPECT_EQ(times.buckets[1].value(), 1U);
  EXPECT_EQ(times.buckets[kTimeBounds.size() - 1].value(), 1U);
  EXPECT_EQ(times.buckets.back().value(), 1U);
  EXPECT_EQ(times.sum_nanos.value(), 2 * kTimeBounds.front() + 1 + 2 * kTimeBounds.back() + 1);
}

}  // namespace
}  // namespace sluice::telemetry
