#pragma once

// The workers of a gateway: for each one a dataplane, a thread, a block of counters and an audit
// ring.
//
//   Workers(count) ─► open(dataplanes) ─► start(ended) ─► stop()
//
// Counters and rings exist from the start, so that metrics and audit trail can be opened before any
// interface is touched.
// Threads: all functions are for one thread; stop() and the destructor end the workers and wait for
// them. `ended` is called in a worker's thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "filters/packet/tunnels.h"
#include "gateway/app/dataplanes.h"
#include "gateway/engine/evidence_exchange.h"
#include "gateway/engine/frame_tap.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/name_sample.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/ties.h"
#include "gateway/engine/worker.h"
#include "gateway/telemetry/audit.h"
#include "gateway/telemetry/counters.h"

namespace sluice::app {

struct WorkersOptions {
  engine::JudgeLimits limits;  // for all workers together
  packet::Tunnels tunnels = packet::Tunnels::all();
  flow::Routes routes = flow::Routes::symmetric;
  std::size_t suggested_names = 0;  // candidates of all workers together; 0: no suggestions
  bool taps = false;                // frames that were blocked can be asked for
  std::size_t audit_ring = 0;       // records, of all workers together; 0: no audit trail
  std::vector<std::uint32_t> cpus;  // worker N stays on the Nth; none: wherever the kernel likes
};

class Workers {
 public:
  // REQUIRES: count > 0.
  Workers(std::size_t count, const WorkersOptions& options);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  [[nodiscard]] std::vector<const telemetry::WorkerCounters*> counters() const;
  [[nodiscard]] std::vector<telemetry::AuditRing*> rings() const;  // none without an audit trail

  // What clients asked for of late, of all workers; from any thread. Allocates.
  [[nodiscard]] std::vector<engine::NameSample::Weighted> sample() const;
  [[nodiscard]] HashKey sample_key() const noexcept { return sample_key_; }
  // Names that lead to banned apps, of each worker; none without suggestions.
  [[nodiscard]] std::vector<const engine::TieTable*> ties() const;
  [[nodiscard]] HashKey tie_key() const noexcept { return tie_key_; }

  // Of each worker; none if nobody can ask for them.
  [[nodiscard]] std::vector<engine::FrameTap*> taps() const;

  // Allocates all tables. `snapshots` and `resolutions` outlive this object.
  // REQUIRES: one dataplane for each worker.
  void open(Dataplanes dataplanes, const engine::SnapshotCell& snapshots,
            const engine::Published<engine::Resolutions>& resolutions);
  // What an operator should know of how the dataplanes were opened. REQUIRES: open().
  [[nodiscard]] std::vector<std::string> notes() const;
  // What must come up from now on. REQUIRES: open().
  void watch(const io::Interest& interest);
  // `ended`: called once for each worker that ends, for whatever reason. REQUIRES: open().
  void start(const std::function<void()>& ended);
  void stop();
  // Whether each worker has polled since this was asked last: none is stuck. REQUIRES: open().
  [[nodiscard]] bool have_moved() noexcept;
  // Why the dataplane of a worker failed; nothing: none failed.
  [[nodiscard]] std::optional<std::string> error() const;

 private:
  struct One {
    std::unique_ptr<telemetry::WorkerCounters> counters;
    std::unique_ptr<telemetry::AuditRing> ring;
    std::unique_ptr<engine::NameSample> sample;
    std::unique_ptr<engine::Ties> ties;
    std::unique_ptr<engine::FrameTap> tap;
    std::unique_ptr<io::Dataplane> dataplane;
    std::unique_ptr<engine::Worker> worker;
    std::atomic<bool> failed = false;
    std::uint64_t turns_seen = 0;  // by have_moved()
    std::jthread thread;
  };

  WorkersOptions options_;
  HashKey sample_key_;
  HashKey tie_key_;
  engine::EvidenceExchange exchange_;
  std::vector<std::unique_ptr<One>> all_;
};

}  // namespace sluice::app
