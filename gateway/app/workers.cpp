#include "gateway/app/workers.h"

#include <pthread.h>

#include <utility>

#include "gateway/app/cpus.h"
#include "gateway/app/limits.h"
#include "gateway/app/setup.h"
#include "gateway/os/random_key.h"

namespace sluice::app {
namespace {

constexpr std::size_t kLeastRing = 16;
constexpr std::size_t kLeastNames = 64;

}  // namespace

Workers::Workers(std::size_t count, const WorkersOptions& options)
    : options_(options),
      sample_key_(os::random_key()),
      tie_key_(os::random_key()),
      exchange_(count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto one = std::make_unique<One>();
    one->counters = std::make_unique<telemetry::WorkerCounters>();
    one->sample = std::make_unique<engine::NameSample>(sample_key_);
    if (options.suggested_names > 0) {
      one->ties = std::make_unique<engine::Ties>(
          share_of(options.suggested_names, count, kLeastNames), tie_key_);
    }
    if (options.taps) one->tap = std::make_unique<engine::FrameTap>();
    if (options.audit_ring > 0) {
      one->ring =
          std::make_unique<telemetry::AuditRing>(share_of(options.audit_ring, count, kLeastRing));
    }
    all_.push_back(std::move(one));
  }
}

Workers::~Workers() {
  stop();
}

std::vector<const telemetry::WorkerCounters*> Workers::counters() const {
  std::vector<const telemetry::WorkerCounters*> counters;
  counters.reserve(all_.size());
  for (const auto& one : all_) counters.push_back(one->counters.get());
  return counters;
}

std::vector<engine::NameSample::Weighted> Workers::sample() const {
  std::vector<engine::NameSample::Weighted> sample;
  for (const auto& one : all_) one->sample->read(sample);
  return sample;
}

std::vector<const engine::TieTable*> Workers::ties() const {
  std::vector<const engine::TieTable*> tables;
  for (const auto& one : all_) {
    if (one->ties) tables.push_back(&one->ties->table());
  }
  return tables;
}

std::vector<engine::FrameTap*> Workers::taps() const {
  std::vector<engine::FrameTap*> taps;
  for (const auto& one : all_) {
    if (one->tap) taps.push_back(one->tap.get());
  }
  return taps;
}

std::vector<telemetry::AuditRing*> Workers::rings() const {
  std::vector<telemetry::AuditRing*> rings;
  for (const auto& one : all_) {
    if (one->ring) rings.push_back(one->ring.get());
  }
  return rings;
}

void Workers::open(Dataplanes dataplanes, const engine::SnapshotCell& snapshots,
                   const engine::Published<engine::Resolutions>& resolutions) {
  const engine::JudgeLimits limits = share_of(options_.limits, count());
  const HashKey flow_key = os::random_key();
  for (std::size_t i = 0; i < count(); ++i) {
    One& one = *all_[i];
    one.dataplane = std::move(dataplanes[i]);
    const engine::Worker::Parts parts{.dataplane = *one.dataplane,
                                      .snapshots = snapshots,
                                      .counters = *one.counters,
                                      .audit = one.ring.get(),
                                      .resolutions = &resolutions,
                                      .tunnels = options_.tunnels,
                                      .routes = options_.routes,
                                      .evidence = {count() > 1 ? &exchange_ : nullptr, i},
                                      .sample = one.sample.get(),
                                      .ties = one.ties.get(),
                                      .tap = one.tap.get()};
    one.worker = std::make_unique<engine::Worker>(parts, limits, flow_key, true);
  }
}

std::vector<std::string> Workers::notes() const {
  return all_.front()->dataplane->notes();  // they share what there is to say
}

void Workers::watch(const io::Interest& interest) {
  for (const auto& one : all_) one->dataplane->watch(interest);
}

void Workers::start(const std::function<void()>& ended) {
  for (std::size_t i = 0; i < count(); ++i) {
    One& one = *all_[i];
    const bool has_cpu = i < options_.cpus.size();
    one.thread = std::jthread([&one, i, ended, has_cpu, cpu = has_cpu ? options_.cpus[i] : 0] {
      // A CPU that went away since it was checked: then it runs on any.
      if (has_cpu) stay_on(cpu);
      const std::string name = "worker-" + std::to_string(i);  // 15 characters at most
      pthread_setname_np(pthread_self(), name.c_str());
      one.failed = one.worker->run() == io::Poll::failed;
      ended();
    });
  }
}

void Workers::stop() {
  for (const auto& one : all_) {
    if (one->dataplane) one->dataplane->stop();
  }
  for (const auto& one : all_) {
    if (one->thread.joinable()) one->thread.join();
  }
}

bool Workers::have_moved() noexcept {
  bool all = true;
  for (const auto& one : all_) {
    const std::uint64_t turns = one->worker->turns();
    all = turns != std::exchange(one->turns_seen, turns) && all;
  }
  return all;
}

std::optional<std::string> Workers::error() const {
  for (const auto& one : all_) {
    if (one->failed) return one->dataplane->error();
  }
  return std::nullopt;
}

}  // namespace sluice::app
