#include "gateway/app/workers.h"

#include <gtest/gtest.h>

#include <array>
#include <semaphore>

#include "tests/gateway/app/ban.h"
#include "tests/gateway/app/live_dataplane.h"

namespace sluice::app {
namespace {

using test::FrameBuilder;
using test::LiveDataplane;

constexpr engine::JudgeLimits kSmall = {.flows = 1024, .streams = 64};

test::ByteVector query(std::string_view name) {
  return FrameBuilder("10.0.0.1:5000", "192.0.2.53:53").payload(test::dns_query(name)).build();
}

template <typename Condition>
bool becomes(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class TwoWorkers : public testing::Test {
 protected:
  void open() {
    Dataplanes dataplanes;
    for (LiveDataplane::Wire& wire : wires) {
      dataplanes.push_back(std::make_unique<LiveDataplane>(wire));
    }
    workers.open(std::move(dataplanes), snapshots, resolutions);
    workers.start([this] { ended.release(); });
  }

  engine::SnapshotCell snapshots{test::office_ban({"chat.example"}).snapshot};
  engine::Published<engine::Resolutions> resolutions{std::make_shared<engine::Resolutions>()};
  std::array<LiveDataplane::Wire, 2> wires;
  std::counting_semaphore<> ended{0};
  Workers workers{2, {.limits = kSmall, .audit_ring = 64}};
};

TEST_F(TwoWorkers, EachCountsAndRecordsForItself) {
  open();
  wires[0].push(query("chat.example"));
  wires[1].push(query("chat.example"));
  wires[1].push(query("example.com"));
  ASSERT_TRUE(becomes([&] { return wires[0].dropped == 1 && wires[1].passed == 1; }));
  workers.stop();
  const auto counters = workers.counters();
  EXPECT_EQ(counters[0]->packets.value(), 1U);
  EXPECT_EQ(counters[1]->packets.value(), 2U);
  EXPECT_EQ(wires[1].dropped, 1);
  for (telemetry::AuditRing* ring : workers.rings()) {
    ASSERT_NE(ring->front(), nullptr);
    ring->release();
    EXPECT_EQ(ring->front(), nullptr);
  }
}

TEST_F(TwoWorkers, HaveThreadsWithNames) {
  open();
  EXPECT_TRUE(becomes([&] { return wires[0].thread_name() == "worker-0"; }));
  EXPECT_TRUE(becomes([&] { return wires[1].thread_name() == "worker-1"; }));
}

TEST_F(TwoWorkers, BothTakeWhatIsPublished) {
  open();
  snapshots.publish(test::office_ban({"other.example"}).snapshot);
  for (LiveDataplane::Wire& wire : wires) {
    EXPECT_TRUE(becomes([&] {
      const int before = wire.passed + wire.dropped;
      wire.push(query("other.example"));
      EXPECT_TRUE(becomes([&] { return wire.passed + wire.dropped > before; }));
      return wire.dropped > 0;
    }));
  }
}

TEST_F(TwoWorkers, DivideTheLimits) {
  open();
  for (const telemetry::WorkerCounters* counters : workers.counters()) {
    EXPECT_EQ(counters->flows_capacity.value(), 512U);
    EXPECT_EQ(counters->streams_capacity.value(), 32U);
  }
  for (const telemetry::AuditRing* ring : workers.rings()) EXPECT_EQ(ring->capacity(), 32U);
}

TEST_F(TwoWorkers, SayWhichDataplaneFailed) {
  open();
  EXPECT_FALSE(workers.error());
  wires[1].cut();
  ended.acquire();
  EXPECT_EQ(workers.error(), "the cable is cut");
  workers.stop();
  ended.acquire();
  workers.stop();  // again is harmless
}

TEST_F(TwoWorkers, CanGoBeforeTheyStart) {
  EXPECT_EQ(workers.count(), 2U);
  EXPECT_EQ(workers.rings().size(), 2U);
}

TEST(Workers, HaveNoRingsWithoutAnAuditTrail) {
  const Workers workers(2, {.limits = kSmall});
  EXPECT_TRUE(workers.rings().empty());
}

}  // namespace
}  // namespace sluice::app
