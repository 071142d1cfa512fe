#pragma once

// A bounded table of flows with keyed hash, an idle timeout and counted evictions.
//
// Sized at construction; never allocates afterwards. Not thread-safe: one worker owns one table.
// A value stays at its address until it is removed. Entries live in three classes:
//
//   light   nothing is lost with them that traffic does not bring again
//   pinned  a refusal that must stand
//   held    bytes of theirs are kept for judgement
//
// A full table evicts the entry that has been idle longest of the first class that has any. So a
// flood of new flows pushes out no blocked flow, and a flood of blocked ones no flow under
// judgement: of those there are fewer than the table holds, for each has memory of a smaller pool.
// Idle counts in steps of a second (a 256th of the timeout where that is less): what is used again
// within one stays where it is among the others.
//
// `on_remove(Value&, Removal)` is told of every removal and gives back what the value holds
// elsewhere. Cost: find, insert and touch O(1) expected; expire() a bounded number of removals a
// call. Resident bytes: capacity * bytes_per_flow().

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

namespace sluice::flow {

enum class Keep : std::uint8_t { light, pinned, held };
inline constexpr std::size_t kKeeps = 3;

enum class Removal : std::uint8_t {
  idle,            // nothing came for the timeout
  evicted_light,   // the table was full
  evicted_pinned,  // full of pinned and held ones
  evicted_held,    // full of held ones
};
inline constexpr std::size_t kRemovals = 4;
[[nodiscard]] std::string_view to_string(Removal removal) noexcept;

template <typename Value>
class Table {
 public:
  Table(std::size_t capacity, HashKey key, Nanos idle_timeout)
      : key_(key),
        idle_timeout_(idle_timeout),
        touch_after_(std::min<Nanos>(idle_timeout / 256, std::chrono::seconds(1))),
        capacity_(static_cast<std::uint32_t>(capacity)),
        bucket_mask_(std::bit_ceil(static_cast<std::uint32_t>(capacity)) - 1),
        heads_(std::make_unique<Head[]>(capacity)),
        links_(std::make_unique<Links[]>(capacity)),
        values_(std::make_unique<Value[]>(capacity)),
        buckets_(std::make_unique<Index[]>(bucket_mask_ + std::size_t{1})) {
    for (std::size_t i = 0; i <= bucket_mask_; ++i) buckets_[i] = kNone;
    for (Index i = capacity_; i-- > 0;) {
      heads_[i].chain = free_;
      free_ = i;
    }
  }

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

  // A value as constructed, light. REQUIRES: `key` is not in the table, `hash` is its own.
  template <typename OnRemove>
  Value& insert(const FlowKey& key, Nanos now, OnRemove&& on_remove) noexcept {
    return insert(key, hash(key), now, on_remove);
  }
  template <typename OnRemove>
  Value& insert(const FlowKey& key, std::uint64_t hash, Nanos now, OnRemove&& on_remove) noexcept {
    if (free_ == kNone) evict(on_remove);
    const Index index = free_;
    Head& head = heads_[index];
    free_ = head.chain;
    Index& bucket = buckets_[hash & bucket_mask_];
    head.key = key;
    head.last_seen = now;
    head.chain = bucket;
    bucket = index;
    links_[index].keep = Keep::light;
    link_newest(index);
    ++size_;
    values_[index] = Value{};
    return values_[index];
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
    if (lists_[list_of(index)].newest == index) return;
    unlink(index);
    link_newest(index);
  }

  // Moves to a class, as its most recently used; nothing where it is in it already.
  void keep(Value& value, Keep keep) noexcept {
    const Index index = index_of(value);
    if (links_[index].keep == keep) return;
    unlink(index);
    links_[index].keep = keep;
    link_newest(index);
  }

  // The one of a class that has been idle longest; null: there is none.
  [[nodiscard]] Value* oldest(Keep keep) noexcept {
    const Index index = lists_[static_cast<std::size_t>(keep)].oldest;
    return index == kNone ? nullptr : &values_[index];
  }

  // Removes at most `most` entries of each class that have been idle for the timeout. Time may go
  // back (in captures it does): an entry from the future is not idle.
  template <typename OnRemove>
  void expire(Nanos now, OnRemove&& on_remove, std::size_t most = 16) noexcept {
    for (const List& list : lists_) {
      for (std::size_t i = 0; i < most && list.oldest != kNone; ++i) {
        if (now - heads_[list.oldest].last_seen < idle_timeout_) break;
        remove(list.oldest, Removal::idle, on_remove);
      }
    }
  }

  // A number below capacity(), its own as long as the value is in the table.
  [[nodiscard]] std::uint32_t index_of(const Value& value) const noexcept {
    return static_cast<std::uint32_t>(&value - values_.get());
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] static constexpr std::size_t bytes_per_flow() noexcept {
    return sizeof(Head) + sizeof(Links) + sizeof(Value) +
           2 * sizeof(Index);  // up to two buckets an entry
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0xffffffffU;

  // What every packet looks at fills one cache line; the rest lies apart.
  struct alignas(64) Head {
    FlowKey key;
    Nanos last_seen{0};
    Index chain = kNone;  // next in the bucket, or next free entry
  };
  struct Links {
    Index older = kNone, newer = kNone;
    Keep keep = Keep::light;
  };
  struct List {
    Index oldest = kNone, newest = kNone;
  };

  [[nodiscard]] std::size_t bucket_of(const FlowKey& key) const noexcept {
    return hash_of(key, key_) & bucket_mask_;
  }
  [[nodiscard]] std::size_t list_of(Index index) const noexcept {
    return static_cast<std::size_t>(links_[index].keep);
  }

  void link_newest(Index index) noexcept {
    List& list = lists_[list_of(index)];
    links_[index].older = list.newest;
    links_[index].newer = kNone;
    (list.newest == kNone ? list.oldest : links_[list.newest].newer) = index;
    list.newest = index;
  }

  void unlink(Index index) noexcept {
    List& list = lists_[list_of(index)];
    const Links& links = links_[index];
    (links.older == kNone ? list.oldest : links_[links.older].newer) = links.newer;
    (links.newer == kNone ? list.newest : links_[links.newer].older) = links.older;
  }

  template <typename OnRemove>
  void evict(OnRemove&& on_remove) noexcept {
    constexpr std::array kReasons = {Removal::evicted_light, Removal::evicted_pinned,
                                     Removal::evicted_held};
    for (std::size_t keep = 0; keep < kKeeps; ++keep) {
      if (lists_[keep].oldest == kNone) continue;
      remove(lists_[keep].oldest, kReasons[keep], on_remove);
      return;
    }
  }

  template <typename OnRemove>
  void remove(Index index, Removal why, OnRemove&& on_remove) noexcept {
    on_remove(values_[index], why);
    unlink(index);
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
  std::array<List, kKeeps> lists_;
  std::unique_ptr<Head[]> heads_;
  std::unique_ptr<Links[]> links_;
  std::unique_ptr<Value[]> values_;
  std::unique_ptr<Index[]> buckets_;
};

}  // namespace sluice::flow
