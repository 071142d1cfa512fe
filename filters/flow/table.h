#pragma once

// A bounded table of flows with keyed hash, an idle timeout, counted evictions, and a share for
// each client.
//
// Sized at construction; never allocates afterwards. Not thread-safe: one worker owns one table.
// A value stays at its address until it is removed. Entries live in five classes (keep_lists.h). A
// class may have a limit, and then evicts one of its own for each that comes; so a flood fills no
// class but its own. A table that is full evicts from the first class that has any, `light` first.
// Idle counts in steps of a second (a 256th of the timeout where that is less): what is used again
// within one stays where it is among the others.
//
// `on_remove(Value&, Removal)` is told of every removal and gives back what the value holds
// elsewhere. Cost: find, insert, touch and keep O(1) expected; expire() a bounded number of
// removals a call. Resident bytes: capacity * bytes_per_flow(), without clients bytes_per_entry().

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/flow_key.h"
#include "filters/flow/keep_lists.h"

namespace sluice::flow {

enum class Removal : std::uint8_t {
  idle,                // nothing came for the timeout
  evicted_unanswered,  // too many that nobody has answered
  evicted_light,       // the table was full
  evicted_pinned,      // too many refusals
  evicted_held,        // the table was full of others that are held
};
inline constexpr std::size_t kRemovals = 5;
[[nodiscard]] std::string_view to_string(Removal removal) noexcept;

template <typename Value>
class Table {
 public:
  // Entries of nobody in particular: of each class the one idle longest is evicted.
  Table(std::size_t capacity, HashKey key, Nanos idle_timeout)
      : Table(capacity, key, idle_timeout, ClassLimits{}, KeepLists::Owners::none) {}
  // Entries of clients.
  Table(std::size_t capacity, HashKey key, Nanos idle_timeout, const ClassLimits& limits)
      : Table(capacity, key, idle_timeout, limits, KeepLists::Owners::clients) {}

  // Of a key in this table. Whoever has several keys to look up asks for what they need in memory
  // first: the bucket of each, then what the bucket leads to.
  [[nodiscard]] std::uint64_t hash(const FlowKey& key) const noexcept { return hash_of(key, key_); }
  void prefetch_bucket(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&buckets_[hash & bucket_mask_]);
  }
  void prefetch_entry(std::uint64_t hash) const noexcept {
    const Index index = buckets_[hash & bucket_mask_];
    if (index == kNone) return;
    __builtin_prefetch(&heads_[index]);
    __builtin_prefetch(&values_[index]);
  }

  // Null: not there.
  [[nodiscard]] Value* find(const FlowKey& key) noexcept { return find(key, hash(key)); }
  [[nodiscard]] Value* find(const FlowKey& key, std::uint64_t hash) noexcept {
    for (Index i = buckets_[hash & bucket_mask_]; i != kNone; i = heads_[i].chain) {
      if (heads_[i].key == key) return &values_[i];
    }
    return nullptr;
  }

  // A value as constructed, light, of nobody in particular. REQUIRES: `key` is not in the table,
  // `hash` is its own.
  template <typename OnRemove>
  Value& insert(const FlowKey& key, Nanos now, OnRemove&& on_remove) noexcept {
    return take(key, hash(key), Keep::light, nullptr, now, on_remove);
  }
  template <typename OnRemove>
  Value& insert(const FlowKey& key, std::uint64_t hash, Nanos now, OnRemove&& on_remove) noexcept {
    return take(key, hash, Keep::light, nullptr, now, on_remove);
  }
  // A value as constructed, of a client. REQUIRES: the same; the table is one of clients.
  template <typename OnRemove>
  Value& insert(const FlowKey& key, const IpAddress& client, Keep keep, Nanos now,
                OnRemove&& on_remove) noexcept {
    return take(key, hash(key), keep, &client, now, on_remove);
  }
  template <typename OnRemove>
  Value& insert(const FlowKey& key, std::uint64_t hash, const IpAddress& client, Keep keep,
                Nanos now, OnRemove&& on_remove) noexcept {
    return take(key, hash, keep, &client, now, on_remove);
  }

  // The value of `key`, as by insert() where it is not there; the most recently used of its class.
  template <typename OnRemove>
  Value& touch_or_insert(const FlowKey& key, Nanos now, OnRemove&& on_remove) noexcept {
    const std::uint64_t hash = this->hash(key);
    Value* const value = find(key, hash);
    if (value == nullptr) return insert(key, hash, now, on_remove);
    touch(*value, now);
    return *value;
  }

  // Becomes the most recently used of its class, unless it was so of late.
  void touch(Value& value, Nanos now) noexcept {
    const Index index = index_of(value);
    if (now - heads_[index].last_seen < touch_after_ && heads_[index].last_seen <= now) return;
    heads_[index].last_seen = now;
    lists_.touch(index);
  }

  // Moves to a class, as its most recently used; nothing where it is in it already. May evict
  // another value of that class.
  template <typename OnRemove>
  void keep(Value& value, Keep keep, OnRemove&& on_remove) noexcept {
    const Index index = index_of(value);
    if (lists_.keep_of(index) == keep) return;
    if (is_full_of(keep)) evict(keep, on_remove);
    lists_.move(index, keep);
  }
  // One more of the class makes another give way.
  [[nodiscard]] bool is_full_of(Keep keep) const noexcept { return lists_.is_full_of(keep); }
  // The one of a class that gives way; null: there is none.
  [[nodiscard]] Value* first_to_go(Keep keep) noexcept {
    const Index index = lists_.first_to_go(keep);
    return index == kNone ? nullptr : &values_[index];
  }

  // Removes the one of a class that gives way. REQUIRES: there is one.
  template <typename OnRemove>
  void evict(Keep keep, OnRemove&& on_remove) noexcept {
    constexpr std::array kReasons = {Removal::evicted_unanswered, Removal::evicted_unanswered,
                                     Removal::evicted_unanswered, Removal::evicted_light,
                                     Removal::evicted_pinned,     Removal::evicted_held,
                                     Removal::evicted_held};
    static_assert(kReasons.size() == kKeeps);
    remove(lists_.first_to_go(keep), kReasons[static_cast<std::size_t>(keep)], on_remove);
  }

  // Removes at most `most` entries of each class that have been idle for the timeout. Time may go
  // back (in captures it does): an entry from the future is not idle.
  template <typename OnRemove>
  void expire(Nanos now, OnRemove&& on_remove, std::size_t most = 16) noexcept {
    for (std::size_t keep = 0; keep < kKeeps; ++keep) {
      for (std::size_t i = 0; i < most; ++i) {
        const Index oldest = lists_.oldest(static_cast<Keep>(keep));
        if (oldest == kNone || now - heads_[oldest].last_seen < idle_timeout_) break;
        remove(oldest, Removal::idle, on_remove);
      }
    }
  }

  // A number below capacity(), its own as long as the value is in the table.
  [[nodiscard]] std::uint32_t index_of(const Value& value) const noexcept {
    return static_cast<std::uint32_t>(&value - values_.get());
  }
  [[nodiscard]] Value& at(std::uint32_t index) noexcept { return values_[index]; }
  [[nodiscard]] const FlowKey& key_of(const Value& value) const noexcept {
    return heads_[index_of(value)].key;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] static constexpr std::size_t bytes_per_flow() noexcept {
    return bytes_per_entry(KeepLists::Owners::clients);
  }
  [[nodiscard]] static constexpr std::size_t bytes_per_entry(
      KeepLists::Owners owners = KeepLists::Owners::none) noexcept {
    return sizeof(Head) + KeepLists::bytes_per_entry(owners) + sizeof(Value) +
           2 * sizeof(Index);  // up to two buckets an entry
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = KeepLists::kNone;

  // What every packet looks at fills one cache line; the rest lies apart.
  struct alignas(64) Head {
    FlowKey key;
    Nanos last_seen{0};
    Index chain = kNone;  // next in the bucket, or next free entry
  };
  Table(std::size_t capacity, HashKey key, Nanos idle_timeout, const ClassLimits& limits,
        KeepLists::Owners owners)
      : key_(key),
        idle_timeout_(idle_timeout),
        touch_after_(std::min<Nanos>(idle_timeout / 256, std::chrono::seconds(1))),
        capacity_(static_cast<std::uint32_t>(capacity)),
        bucket_mask_(std::bit_ceil(static_cast<std::uint32_t>(capacity)) - 1),
        heads_(std::make_unique<Head[]>(capacity)),
        values_(std::make_unique<Value[]>(capacity)),
        buckets_(std::make_unique<Index[]>(bucket_mask_ + std::size_t{1})),
        lists_(capacity, limits, owners, key) {
    for (std::size_t i = 0; i <= bucket_mask_; ++i) buckets_[i] = kNone;
    for (Index i = capacity_; i-- > 0;) {
      heads_[i].chain = free_;
      free_ = i;
    }
  }

  [[nodiscard]] std::size_t bucket_of(const FlowKey& key) const noexcept {
    return hash_of(key, key_) & bucket_mask_;
  }
  template <typename OnRemove>
  Value& take(const FlowKey& key, std::uint64_t hash, Keep keep, const IpAddress* client, Nanos now,
              OnRemove&& on_remove) noexcept {
    if (is_full_of(keep)) {
      evict(keep, on_remove);
    } else if (free_ == kNone) {
      evict_any(on_remove);
    }
    const Index index = free_;
    Head& head = heads_[index];
    free_ = head.chain;
    Index& bucket = buckets_[hash & bucket_mask_];
    head.key = key;
    head.last_seen = now;
    head.chain = bucket;
    bucket = index;
    lists_.add(index, keep, client);
    ++size_;
    values_[index] = Value{};
    return values_[index];
  }

  // Classes with limits leave room for `light`, so it has some.
  template <typename OnRemove>
  void evict_any(OnRemove&& on_remove) noexcept {
    for (const Keep keep : {Keep::light, Keep::unanswered, Keep::unanswered_held,
                            Keep::unanswered_long, Keep::pinned, Keep::held, Keep::held_long}) {
      if (lists_.oldest(keep) != kNone) return evict(keep, on_remove);
    }
  }

  template <typename OnRemove>
  void remove(Index index, Removal why, OnRemove&& on_remove) noexcept {
    on_remove(values_[index], why);
    lists_.remove(index);
    Head& head = heads_[index];
    Index* link = &buckets_[bucket_of(head.key)];
    while (*link != index) link = &heads_[*link].chain;
    *link = head.chain;
    head.chain = free_;
    free_ = index;
    --size_;
  }

  HashKey key_;
  Nanos idle_timeout_;
  Nanos touch_after_;
  Index capacity_;
  Index bucket_mask_;
  Index free_ = kNone;
  std::size_t size_ = 0;
  std::unique_ptr<Head[]> heads_;
  std::unique_ptr<Value[]> values_;
  std::unique_ptr<Index[]> buckets_;
  KeepLists lists_;
};

}  // namespace sluice::flow
