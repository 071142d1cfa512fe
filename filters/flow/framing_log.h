#pragma once

// FramingLog: what lies between the pieces of a body (the line of a chunk, the header of an HTTP/2
// frame), kept until the server has acknowledged it.
//
// These bytes say where the next piece begins. They are judged, but a later copy that differs must
// not pass: the server would read another message in what we took for a body. Bytes of the body
// itself say nothing and are not kept, so an upload goes on at the speed of the line, with 32 bytes
// of memory for each piece on its way.
//
//   | line |  body … not kept … | line |  body … | line | …       offsets in the client's stream
//   `entry'                     `entry'          `entry'
//
// Memory: one small slot of a StreamPool from the first entry on, a ring of entries in it. No
// allocation, no exceptions. Not thread-safe: one worker owns pool and logs. Cost: a binary search,
// and one look at each byte that is compared.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/flow/stream_pool.h"

namespace sluice::flow {

// A handle of a few words, kept in the flow. release() before it goes: it does not know its pool.
class FramingLog {
 public:
  static constexpr std::size_t kMaxBytes = 23;  // of an entry
  struct Entry;

  // Adds bytes that lie behind all entries. False: they are too long, there is no room for another
  // entry, or no slot is free. REQUIRES: slots hold an entry or more.
  [[nodiscard]] bool add(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept;
  // No byte differs from one that is kept.
  [[nodiscard]] bool agrees(const StreamPool& pool, std::uint64_t offset,
                            Bytes bytes) const noexcept;
  // Copies each kept byte over the one of `bytes` that lies at its place.
  void overwrite(const StreamPool& pool, std::uint64_t offset, MutableBytes bytes) const noexcept;
  // Another entry needs one of these to go.
  [[nodiscard]] bool is_full(const StreamPool& pool) const noexcept {
    return holds_memory() && count_ == room(pool);
  }
  // Forgets the oldest entry, and says where it ended. REQUIRES: is_full().
  std::uint64_t forget_oldest(StreamPool& pool) noexcept;
  // Forgets what lies in front of `offset`.
  void forget(StreamPool& pool, std::uint64_t offset) noexcept;
  [[nodiscard]] bool holds_memory() const noexcept { return slot_ != StreamPool::kNone; }
  // Forgets all, and gives the memory back.
  void release(StreamPool& pool) noexcept;

 private:
  // Calls visit(kept bytes, their place in [offset, offset + size)) for each entry in it.
  template <typename Visit>
  void for_each_kept(const StreamPool& pool, std::uint64_t offset, std::size_t size,
                     Visit&& visit) const noexcept;
  [[nodiscard]] Entry entry(const StreamPool& pool, std::size_t index) const noexcept;
  [[nodiscard]] std::size_t room(const StreamPool& pool) const noexcept;

  StreamPool::SlotId slot_ = StreamPool::kNone;
  std::uint16_t first_ = 0;  // place of the oldest entry in the ring
  std::uint16_t count_ = 0;
};

}  // namespace sluice::flow
