#pragma once

// What a client sent on one TCP connection, put in order as the server may see it.
//
// Segments come in any order, again, and overlapping. Where two copies of one byte differ, both
// readings are kept, *first copy wins* and *last copy wins*, and both are judged (DESIGN: "How
// traffic is judged"): the server reads one of them.
//
//   offset 0 = first byte behind the SYN
//            base                 contiguous            base + capacity
//     |  gone  |  ######################  |   ####    #   |   refused: beyond_window
//              `-- view(reading) --------'  `- kept, waits for the gap
//
// Memory: slots of a StreamPool, sized at start, one for each stream and a second one from the
// first conflict on. No allocation, no exceptions. Not thread-safe: one worker owns pool and
// streams.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::flow {

enum class Reading : std::uint8_t { first_copy, last_copy };

// Slots of one size, with the bitmap of which of their bytes are present.
class StreamPool {
 public:
  // Allocates slots * bytes_per_slot(capacity); the only allocation.
  StreamPool(std::size_t slots, std::size_t capacity);

  [[nodiscard]] static std::size_t bytes_per_slot(std::size_t capacity) noexcept;
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::size_t in_use() const noexcept { return slots_ - free_.size(); }

 private:
  friend class ClientStream;
  static constexpr std::uint32_t kNone = 0xffffffffU;
  [[nodiscard]] std::uint32_t take() noexcept;  // kNone: exhausted
  void give_back(std::uint32_t slot) noexcept;
  [[nodiscard]] MutableBytes bytes_of(std::uint32_t slot) const noexcept;
  [[nodiscard]] std::span<std::uint64_t> present_in(std::uint32_t slot) const noexcept;

  std::size_t slots_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> bytes_;
  std::unique_ptr<std::uint64_t[]> present_;
  std::vector<std::uint32_t> free_;
};

enum class Insert : std::uint8_t {
  stored,         // all of it is now in the stream
  known,          // nothing new: the same bytes again, or bytes before base
  conflicting,    // stored, and it differs from what was there: readings differ from now on
  beyond_window,  // ends behind base + capacity: nothing was stored
  no_memory,      // the pool is exhausted: nothing was stored
};

// A handle of a few words, kept in the flow. release() before it goes: it does not know its pool.
class ClientStream {
 public:
  // Puts `bytes` at `offset`. Bytes before base are left out.
  [[nodiscard]] Insert insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept;

  // The bytes from base up to the first gap; valid until the next call that is not const.
  [[nodiscard]] Bytes view(const StreamPool& pool, Reading reading) const noexcept;
  [[nodiscard]] bool readings_differ() const noexcept { return last_ != StreamPool::kNone; }

  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  // Offset of the first missing byte.
  [[nodiscard]] std::uint64_t contiguous() const noexcept { return base_ + filled_; }
  [[nodiscard]] bool holds_memory() const noexcept { return first_ != StreamPool::kNone; }

  // Forgets `count` bytes from base (judged, and acknowledged by the server); readings that were
  // the same in all that is left are one again. REQUIRES: count <= contiguous() - base().
  void consume(StreamPool& pool, std::size_t count) noexcept;
  // Gives the memory back; the stream is empty, its base is what contiguous() was.
  void release(StreamPool& pool) noexcept;
  // Empty, base 0.
  void reset(StreamPool& pool) noexcept;

 private:
  struct Overlap {
    std::size_t known = 0;  // bytes that are there already
    bool differs = false;   // some of them were others in the newest reading
  };
  [[nodiscard]] Overlap compare(const StreamPool& pool, std::size_t from,
                                Bytes bytes) const noexcept;

  std::uint64_t base_ = 0;
  std::uint32_t filled_ = 0;
  std::uint32_t first_ = StreamPool::kNone;  // slot of the first-copy reading
  std::uint32_t last_ = StreamPool::kNone;   // slot of the other, once they differ
};

}  // namespace sluice::flow
