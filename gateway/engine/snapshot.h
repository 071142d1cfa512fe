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

#include "filters/match/address_set.h"
#include "filters/match/domain_set.h"
#include "filters/policy/dns_scope.h"
#include "filters/policy/fallbacks.h"
#include "filters/policy/policy.h"

namespace sluice::engine {

struct Snapshot {
  std::uint64_t generation = 0;  // grows with each publication; verdicts for flows carry it
  match::DomainSet domains;
  match::AddressSet addresses;  // those among `domains`
  policy::PolicySet policies;
  policy::Fallbacks fallbacks;
  policy::DnsScope dns;
  bool kill_open_flows = false;  // a flow ends when its name is banned by a later snapshot
};

// The newest value of a kind: whoever makes one publishes it, workers take it between batches.
template <typename Value>
class Published {
 public:
  explicit Published(std::shared_ptr<const Value> first) : newest_(std::move(first)) {}

  void publish(std::shared_ptr<const Value> next) {
    {
      const std::lock_guard lock(mutex_);
      newest_.swap(next);
    }  // the old one may be freed below, outside the lock
    generation_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const Value> newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Value> newest_;
  std::atomic<std::uint64_t> generation_{0};
};

// A worker's hold on it. Owned by one thread.
template <typename Value>
class PublishedReader {
 public:
  explicit PublishedReader(const Published<Value>& cell)
      : cell_(cell), generation_(cell.generation()), held_(cell.newest()) {}

  // Between batches only: the reference is good until the next call.
  [[nodiscard]] const Value& refresh() {
    if (const std::uint64_t now = cell_.generation(); now != generation_) {
      generation_ = now;
      held_ = cell_.newest();
    }
    return *held_;
  }

 private:
  const Published<Value>& cell_;
  std::uint64_t generation_;
  std::shared_ptr<const Value> held_;
};

using SnapshotCell = Published<Snapshot>;
using SnapshotReader = PublishedReader<Snapshot>;

}  // namespace sluice::engine
