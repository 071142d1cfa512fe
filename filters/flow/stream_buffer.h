#pragma once

// StreamBuffer: the bytes of one direction of a connection (or of one hello in datagrams), put in
// order.
//
// Segments come in any order, again, and overlapping. There is one reading: of each byte the first
// copy counts. insert() says where a later copy differs and stores nothing of that segment; the
// caller then drops the segment, or overwrites it with the kept copy before it passes (README.md).
//
//   offset 0 = first byte of the stream
//            base                 contiguous            base + window
//     |  gone  |  ######################  |   ####    #   |   refused: beyond_window
//              `------- view() ----------'  `- kept, waits for the gap
//
// Memory: one slot of a StreamPool from the first byte on; a stream that outgrows a small slot
// moves to a large one. No allocation, no exceptions. Not thread-safe: one worker owns pool and
// streams. Cost: insert() and consume() look at, or move, a bounded number of bytes for each byte
// that came in: what is consumed leaves a hole in front, and the rest moves down only when the hole
// is as long as the rest, or is needed and at least 1/8 of the slot.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/flow/stream_pool.h"

namespace sluice::flow {

enum class Insert : std::uint8_t {
  stored,         // all of it is now in the stream
  known,          // nothing new: the same bytes again, or bytes before base
  differs,        // a byte differs from the kept copy: nothing was stored
  beyond_window,  // ends behind base + window(): nothing was stored
  no_memory,      // no slot is free: nothing was stored
};

// A handle of a few words, kept in the flow. release() before it goes: it does not know its pool.
class StreamBuffer {
 public:
  // How far it may reach from its base. Less while no large slot is free.
  [[nodiscard]] std::size_t window(const StreamPool& pool) const noexcept;
  // A byte at `offset` would have its place if a large slot were free.
  [[nodiscard]] bool lacks_large(const StreamPool& pool, std::uint64_t offset) const noexcept {
    return offset >= base_ + window(pool) && offset < base_ + pool.window() && !holds_large(pool);
  }
  // Puts `bytes` at `offset`. Bytes before base are left out.
  [[nodiscard]] Insert insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept;
  // No byte differs from a kept one.
  [[nodiscard]] bool agrees(const StreamPool& pool, std::uint64_t offset,
                            Bytes bytes) const noexcept;
  // Copies each kept byte over the one of `bytes` that lies at its place.
  void overwrite(const StreamPool& pool, std::uint64_t offset, MutableBytes bytes) const noexcept;

  // The bytes from base up to the first gap; valid until the next call that is not const.
  [[nodiscard]] Bytes view(const StreamPool& pool) const noexcept;
  // The bytes from `offset` up to the first gap behind it. Costs a scan where `offset` lies behind
  // the view. REQUIRES: offset >= base().
  [[nodiscard]] Bytes view_from(const StreamPool& pool, std::uint64_t offset) const noexcept;
  // view() to be changed: what is kept is what may pass.
  [[nodiscard]] MutableBytes kept(StreamPool& pool) noexcept;
  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  // Offset of the first missing byte.
  [[nodiscard]] std::uint64_t contiguous() const noexcept { return base_ + filled_; }
  // Behind the last kept byte, beyond gaps.
  [[nodiscard]] std::uint64_t end() const noexcept { return base_ + end_; }
  [[nodiscard]] bool holds_memory() const noexcept { return slot_ != StreamPool::kNone; }
  [[nodiscard]] bool holds_large(const StreamPool& pool) const noexcept {
    return holds_memory() && pool.is_large(slot_);
  }

  // Forgets `count` bytes from base. The count may go beyond what has come: bytes that are of no
  // interest are then left out when they come.
  void consume(StreamPool& pool, std::uint64_t count) noexcept;
  // Gives the memory back; the stream is empty, its base is what contiguous() was.
  void release(StreamPool& pool) noexcept;
  // Empty, base 0.
  void reset(StreamPool& pool) noexcept;

 private:
  [[nodiscard]] bool make_room(StreamPool& pool, std::size_t reach) noexcept;
  void move_down(StreamPool& pool) noexcept;
  void grow(StreamPool& pool, std::size_t bytes) noexcept;
  struct Overlap {
    std::size_t known = 0;  // bytes that are kept already
    bool differs = false;   // one of them differs
  };
  // REQUIRES: offset >= base().
  [[nodiscard]] Overlap compare(const StreamPool& pool, std::uint64_t offset,
                                Bytes bytes) const noexcept;
  // Calls visit_run(kept bytes, their place in [offset, offset + size)) for each run of kept bytes.
  // Where runs are short, visit_mixed(bytes, their place, which are kept: a bit for each) for up to
  // 64 places at once.
  template <typename VisitRun, typename VisitMixed>
  void for_each_kept(const StreamPool& pool, std::uint64_t offset, std::size_t size,
                     VisitRun&& visit_run, VisitMixed&& visit_mixed) const noexcept;

  std::uint64_t base_ = 0;
  std::uint32_t filled_ = 0;  // bytes of the view
  std::uint32_t start_ = 0;   // where base lies in the slot
  std::uint32_t end_ = 0;     // behind the last kept byte, counted from base
  StreamPool::SlotId slot_ = StreamPool::kNone;
};

}  // namespace sluice::flow
