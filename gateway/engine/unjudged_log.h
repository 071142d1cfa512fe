#pragma once

// UnjudgedLog: which drops of what cannot be judged get an audit record, so that an operator sees
// whom they broke, and a flood does not fill the disk.
//
// The first drop of a client (IPv6: of a /64) and reason is written at once, and then one a minute
// at most, with the number of drops that had no record of their own. All clients together get
// kPerSecond records. Of more clients and reasons than there is room for, the one idle longest is
// forgotten; what it still has to tell is written then. One worker owns one; no allocation once
// constructed.

#include <cstdint>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/shares.h"
#include "filters/flow/table.h"
#include "filters/packet/packet.h"
#include "gateway/engine/client_budget.h"
#include "gateway/engine/reason.h"

namespace sluice::engine {

// A drop, or several of one client and reason.
struct Unjudged {
  Endpoint client, server;  // of the last one
  packet::Transport transport = packet::Transport::other;
  Reason reason = Reason::unreadable;
  std::uint64_t suppressed = 0;  // earlier ones without a record
};

class UnjudgedLog {
 public:
  static constexpr std::size_t kEntries = 1024;
  static constexpr std::uint32_t kPerSecond = 50;
  static constexpr Nanos kEvery = std::chrono::minutes(1);

  explicit UnjudgedLog(HashKey key)
      : entries_(kEntries, key, 2 * kEvery), budget_(1, kPerSecond, key) {}

  // Calls `write(unjudged)` if a record is due. False: this drop has none of its own.
  template <typename Write>
  bool note(const Unjudged& drop, Nanos now, Write&& write) noexcept {
    Entry& entry = entries_.touch_or_insert(key_of(drop), now, forget(now, write));
    const std::uint64_t suppressed = entry.drop.suppressed;
    entry.drop = drop;
    entry.drop.suppressed = suppressed;
    const bool rests = entry.written && now >= entry.at && now - entry.at < kEvery;
    if (rests || !budget_.take({}, now)) {
      ++entry.drop.suppressed;
      return false;
    }
    write(entry.drop);
    entry.drop.suppressed = 0;
    entry.at = now;
    entry.written = true;
    return true;
  }
  // What clients that are gone still have to tell.
  template <typename Write>
  void expire(Nanos now, Write&& write) noexcept {
    entries_.expire(now, forget(now, write));
  }

  [[nodiscard]] static constexpr std::size_t memory_bytes() noexcept {
    return kEntries * flow::Table<Entry>::bytes_per_entry();
  }

 private:
  struct Entry {
    Unjudged drop;
    Nanos at{0};  // of the last record
    bool written = false;
  };

  [[nodiscard]] static flow::FlowKey key_of(const Unjudged& drop) noexcept {
    flow::FlowKey key = flow::key_of(flow::client_of(drop.client.address));
    key.transport = static_cast<std::uint64_t>(drop.reason);
    return key;
  }

  // The last record counts all drops that had none, so the one it shows is among them.
  template <typename Write>
  [[nodiscard]] auto forget(Nanos now, Write& write) noexcept {
    return [this, now, &write](Entry& entry, flow::Removal) {
      if (entry.drop.suppressed == 0 || !budget_.take({}, now)) return;
      --entry.drop.suppressed;
      write(entry.drop);
    };
  }

  flow::Table<Entry> entries_;
  ClientBudget budget_;  // of all clients together
};

}  // namespace sluice::engine
