#include "gateway/app/workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <semaphore>

#include "gateway/app/cpus.h"
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

// A service manager must not hear that all is well while one worker is stuck.
TEST_F(TwoWorkers, HaveNotMovedIfOneOfThemIsStuck) {
  open();
  EXPECT_TRUE(becomes([&] { return workers.have_moved(); }));
  bool have_moved = true;
  {
    const std::lock_guard stuck(wires[1].mutex);  // it polls for it
    for (int look = 0; look < 2; ++look) {        // it may have been on its way to the poll
      const int before = wires[0].passed;
      wires[0].push(query("example.com"));
      wires[0].push(query("example.com"));
      EXPECT_TRUE(becomes([&] { return wires[0].passed == before + 2; }));
      have_moved = workers.have_moved();
    }
  }
  EXPECT_FALSE(have_moved);
  EXPECT_TRUE(becomes([&] { return workers.have_moved(); }));
}

TEST_F(TwoWorkers, HaveThreadsWithNames) {
  open();
  EXPECT_TRUE(becomes([&] { return wires[0].thread_name() == "worker-0"; }));
  EXPECT_TRUE(becomes([&] { return wires[1].thread_name() == "worker-1"; }));
}

// The CPUs of this process: the first and the last one.
std::array<std::uint32_t, 2> two_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  EXPECT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  std::uint32_t first = 0;
  while (CPU_ISSET(first, &allowed) == 0) ++first;
  std::uint32_t last = CPU_SETSIZE - 1;
  while (CPU_ISSET(last, &allowed) == 0) --last;
  return {last, first};
}

TEST(WorkersOnCpus, EachStaysOnItsOwn) {
  const std::array<std::uint32_t, 2> cpus = two_cpus();
  engine::SnapshotCell snapshots{test::office_ban({"chat.example"}).snapshot};
  engine::Published<engine::Resolutions> resolutions{std::make_shared<engine::Resolutions>()};
  std::array<LiveDataplane::Wire, 2> wires;
  Workers workers(2, {.limits = kSmall, .cpus = {cpus.begin(), cpus.end()}});
  Dataplanes dataplanes;
  for (LiveDataplane::Wire& wire : wires) {
    dataplanes.push_back(std::make_unique<LiveDataplane>(wire));
  }
  workers.open(std::move(dataplanes), snapshots, resolutions);
  workers.start([] {});
  for (std::size_t i = 0; i < wires.size(); ++i) {
    ASSERT_TRUE(becomes([&] { return !wires[i].thread_name().empty(); }));
    EXPECT_EQ(wires[i].thread_cpus(), std::vector{cpus[i]});
  }
  workers.stop();
}

TEST(WorkersOnCpus, ACpuOnWhichTheProcessMayNotRunIsNamed) {
  EXPECT_TRUE(check_cpus({}));
  EXPECT_TRUE(check_cpus(two_cpus()));
  const std::uint32_t last = CPU_SETSIZE - 1;  // no machine of ours has it
  const auto refused = check_cpus(std::array{two_cpus()[1], last});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), testing::StartsWith("[dataplane] cpus: this process may not run on "
                                                   "CPU 1023, only on "));
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
