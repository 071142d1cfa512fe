#include "benchmarks/hostile/rig.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <numeric>

#include "benchmarks/hostile/rules.h"
#include "benchmarks/micro/check.h"
#include "gateway/engine/worker.h"
#include "tests/support/memory_dataplane.h"

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNever = std::numeric_limits<double>::max();
constexpr std::size_t kBatch = io::Batch::kCapacity;

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// A worker with the default limits, and its dataplane.
class Engine {
 public:
  Engine(const engine::SnapshotCell& snapshots, Nanos spacing)
      : spacing_(spacing),
        worker_(std::make_unique<engine::Worker>(
            engine::Worker::Parts{
                .dataplane = dataplane_, .snapshots = snapshots, .counters = *counters_},
            engine::JudgeLimits{}, HashKey{3, 4}, true)) {}
  // An engine that is ready for the attack.
  Engine(const engine::SnapshotCell& snapshots, const Scenario& scenario, const Scenario& ordinary)
      : Engine(snapshots, scenario.spacing) {
    send_all(scenario.opening);
    send_all(ordinary.opening);
    for (const Step& step : ordinary.attack) send(step);
  }

  // Sends one frame in a batch of its own. Returns ns.
  double send(const Step& step) {
    load(std::span(&step, 1));
    const auto start = Clock::now();
    static_cast<void>(worker_->run_batch());
    return ns_since(start);
  }
  // Sends all frames in full batches. Returns ns.
  double send_all(std::span<const Step> steps) {
    load(steps);
    const auto start = Clock::now();
    static_cast<void>(worker_->run());
    return ns_since(start);
  }
  // Whether the last frame passed.
  [[nodiscard]] bool passed() const { return io::passes(dataplane_.fates().back().verdict); }

 private:
  void load(std::span<const Step> steps) {
    dataplane_.clear();
    dataplane_.forget_results();
    for (const Step& step : steps) {
      now_ += spacing_;
      dataplane_.add({.bytes = step.frame,
                      .side = step.side,
                      .wire_length = static_cast<std::uint32_t>(step.frame.size()),
                      .number = ++number_,
                      .time = now_});
    }
  }

  Nanos spacing_;
  Nanos now_ = std::chrono::seconds(1'800'000'000);
  std::uint64_t number_ = 0;
  test::MemoryDataplane dataplane_{{.drop = true, .inject = true, .replace = true, .sides = true}};
  std::unique_ptr<telemetry::WorkerCounters> counters_ =
      std::make_unique<telemetry::WorkerCounters>();
  std::unique_ptr<engine::Worker> worker_;
};

std::size_t wrong_verdicts(const engine::SnapshotCell& snapshots, const Scenario& scenario,
                           const Scenario& ordinary) {
  Engine engine(snapshots, scenario, ordinary);
  std::size_t wrong = 0;
  for (const Step& step : scenario.attack) {
    engine.send(step);
    const bool expected =
        scenario.expect == Expect::any || engine.passed() == (scenario.expect == Expect::pass);
    wrong += expected ? 0 : 1;
  }
  for (const Step& step : scenario.probe) engine.send(step);
  if (!scenario.probe.empty() && engine.passed()) ++wrong;
  return wrong;
}

double empty_batch(const engine::SnapshotCell& snapshots) {
  Engine engine(snapshots, std::chrono::microseconds(10));
  const Step no_ip{.frame = test::ByteVector(64)};
  double least = kNever;
  for (int i = 0; i < 10'000; ++i) least = std::min(least, engine.send(no_ip));
  return least;
}

// The minimum time of each packet and of each batch, over all runs.
struct Least {
  explicit Least(std::size_t packets)
      : packet(packets, kNever), batch((packets + kBatch - 1) / kBatch, kNever) {}

  std::vector<double> packet, batch;
};

void run_once(const engine::SnapshotCell& snapshots, const Scenario& scenario,
              const Scenario& ordinary, Least& least) {
  {
    Engine engine(snapshots, scenario, ordinary);
    for (std::size_t i = 0; i < scenario.attack.size(); ++i) {
      least.packet[i] = std::min(least.packet[i], engine.send(scenario.attack[i]));
    }
  }
  Engine engine(snapshots, scenario, ordinary);
  std::span<const Step> rest = scenario.attack;
  for (double& batch : least.batch) {
    const auto steps = rest.first(std::min(rest.size(), kBatch));
    batch = std::min(batch, engine.send_all(steps));
    rest = rest.subspan(steps.size());
  }
}

double mean_size(const Steps& steps) {
  const std::size_t bytes =
      std::accumulate(steps.begin(), steps.end(), std::size_t{0},
                      [](std::size_t sum, const Step& step) { return sum + step.frame.size(); });
  return static_cast<double>(bytes) / static_cast<double>(steps.size());
}

}  // namespace

Cost Rig::measure(const Scenario& scenario, const Scenario& ordinary, std::size_t least_runs,
                  double least_seconds) const {
  const engine::SnapshotCell snapshots(with_ech(rules_, scenario.ech));
  check(!scenario.attack.empty(), "a scenario has packets");
  Cost cost{.packets = scenario.attack.size(), .bytes = mean_size(scenario.attack)};
  cost.wrong = wrong_verdicts(snapshots, scenario, ordinary);
  Least least(cost.packets);
  const auto start = Clock::now();
  while (cost.runs < least_runs || ns_since(start) < least_seconds * 1e9) {
    run_once(snapshots, scenario, ordinary, least);
    ++cost.runs;
  }
  const double empty = empty_batch(snapshots);
  for (double& ns : least.packet) ns = std::max(ns - empty, 0.0);
  const auto worst = std::ranges::max_element(least.packet);
  cost.worst = *worst;
  cost.worst_at = static_cast<std::size_t>(worst - least.packet.begin());
  std::ranges::sort(least.packet);
  cost.median = least.packet[cost.packets / 2];
  cost.p999 = least.packet[std::min(cost.packets - 1, cost.packets * 999 / 1000)];
  cost.amortised = std::accumulate(least.batch.begin(), least.batch.end(), 0.0) /
                   static_cast<double>(cost.packets);
  return cost;
}

void Rig::play(const Scenario& scenario, double seconds) const {
  const engine::SnapshotCell snapshots(with_ech(rules_, scenario.ech));
  for (const auto start = Clock::now(); ns_since(start) < seconds * 1e9;) {
    Engine engine(snapshots, scenario.spacing);
    engine.send_all(scenario.opening);
    engine.send_all(scenario.attack);
  }
}

}  // namespace sluice::bench
