#pragma once

// Snapshot: all that a worker judges by, immutable once published. SnapshotCell hands the newest
// one to workers, between batches.
//
// Reload: build aside, validate, publish. A worker holds one reference for as long as it likes; it
// looks at a counter once a batch and takes the mutex only when there is something new. The old
// snapshot goes when its last holder lets go.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "filters/match/domain_set.h"
#include "filters/policy/fallbacks.h"
#include "filters/policy/policy.h"

namespace sluice::engine {

struct Snapshot {
  match::DomainSet domains;
  policy::PolicySet policies;
  policy::Fallbacks fallbacks;
};

class SnapshotCell {
 public:
  explicit SnapshotCell(std::shared_ptr<const Snapshot> first) : newest_(std::move(first)) {}

  void publish(std::shared_ptr<const Snapshot> next) {
    {
      const std::lock_guard lock(mutex_);
      newest_.swap(next);
    }  // the old one may be freed below, outside the lock
    generation_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> newest_;
  std::atomic<std::uint64_t> generation_{0};
};

// A worker's hold on a cell. Owned by one thread.
class SnapshotReader {
 public:
  explicit SnapshotReader(const SnapshotCell& cell)
      : cell_(cell), generation_(cell.generation()), held_(cell.newest()) {}

  // Between batches only: the reference is good until the next call.
  [[nodiscard]] const Snapshot& refresh() {
    if (const std::uint64_t now = cell_.generation(); now != generation_) {
      generation_ = now;
      held_ = cell_.newest();
    }
    return *held_;
  }

 private:
  const SnapshotCell& cell_;
  std::uint64_t generation_;
  std::shared_ptr<const Snapshot> held_;
};

}  // namespace sluice::engine
