#pragma once

// What a client sent on one TCP connection, put in order as the server may see it.
//
// Segments come in any order, again, and overlapping. Where two copies of some bytes differ, both
// are kept: the server may take either, for each of them may be lost, and stacks choose as they
// like. It chooses between segments, so the stream is cut where any segment began or ended, and
// every mixture of the contested pieces is a reading that is judged:
//
//   first copies  | GET / HTTP/1.1 | Host: wech | at.com | …      pieces 2 and 3 contested:
//   other copies  |                | Host: weat | her.io | …      four readings
//
// A third version of a piece, or more than kMaxContested of them, is not taken in.
//
//   offset 0 = first byte behind the SYN
//            base                 contiguous            base + window
//     |  gone  |  ######################  |   ####    #   |   refused: beyond_window
//              `-- view(reading) --------'  `- kept, waits for the gap
//
// Memory: slots of a StreamPool, sized at start, one for each stream and a second one from the
// first conflict on. What is ordinary fits a small slot; a stream that outgrows it moves to one of
// the few large ones. No allocation, no exceptions. Not thread-safe: one worker owns pool and
// streams.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::flow {

// Two of the readings: all first copies, all other copies.
enum class Reading : std::uint8_t { first_copy, last_copy };

// Pieces of which two copies differ, as places in the view.
inline constexpr std::size_t kMaxContested = 4;
struct Contested {
  struct Piece {
    std::size_t from, to;
  };
  std::array<Piece, kMaxContested> pieces{};
  std::size_t count = 0;
  // Readings are numbered: bit i of a number tells which copy of piece i it has.
  [[nodiscard]] unsigned readings() const noexcept { return 1U << count; }
};

struct SlotClass {
  std::size_t slots = 0, capacity = 0;
};

// Slots of two sizes, each with two bitmaps: which of its bytes are present, and where segments
// begin or end.
class StreamPool {
 public:
  // Allocates memory_bytes(small, large); the only allocation.
  explicit StreamPool(SlotClass small, SlotClass large = {});

  [[nodiscard]] static std::size_t bytes_per_slot(std::size_t capacity) noexcept;
  [[nodiscard]] static std::size_t memory_bytes(SlotClass small, SlotClass large = {}) noexcept;
  // How far a stream may reach from its base at most.
  [[nodiscard]] std::size_t window() const noexcept;
  [[nodiscard]] std::size_t in_use() const noexcept;

 private:
  friend class ClientStream;
  using SlotId = std::uint32_t;
  static constexpr SlotId kNone = 0xffffffffU;

  struct Shelf {
    explicit Shelf(SlotClass of);
    std::size_t capacity;
    std::size_t slots;
    std::unique_ptr<std::byte[]> bytes;
    std::unique_ptr<std::uint64_t[]> bits;
    std::vector<std::uint32_t> free;
  };
  struct Place {
    const Shelf& shelf;
    std::size_t index;
  };

  [[nodiscard]] bool is_large(SlotId slot) const noexcept { return slot >= small_.slots; }
  // How far a stream may reach that needs so many slots.
  [[nodiscard]] std::size_t window_with(std::size_t slots) const noexcept;
  // One that holds so many bytes; kNone: those of that class are all in use.
  [[nodiscard]] SlotId take(std::size_t bytes) noexcept;
  void give_back(SlotId slot) noexcept;
  // Large ones are numbered behind the small ones.
  [[nodiscard]] Place place_of(SlotId slot) const noexcept;
  [[nodiscard]] MutableBytes bytes_of(SlotId slot) const noexcept;
  [[nodiscard]] std::size_t capacity_of(SlotId slot) const noexcept {
    return place_of(slot).shelf.capacity;
  }
  [[nodiscard]] std::span<std::uint64_t> present_in(SlotId slot) const noexcept;
  [[nodiscard]] std::span<std::uint64_t> edges_in(SlotId slot) const noexcept;

  Shelf small_, large_;
};

enum class Insert : std::uint8_t {
  stored,         // all of it is now in the stream
  known,          // nothing new: the same bytes again, or bytes before base
  conflicting,    // stored, and there are readings now that there were not before
  third_copy,     // more contested pieces than are kept, or a third copy of one: nothing was stored
  beyond_window,  // ends behind base + window(): nothing was stored
  no_memory,      // no slot is left for a stream, or for its other copies: nothing was stored
};

// A handle of a few words, kept in the flow. release() before it goes: it does not know its pool.
class ClientStream {
 public:
  // How far it may reach from its base: less where no large slot is left.
  [[nodiscard]] std::size_t window(const StreamPool& pool) const noexcept;
  // Puts `bytes` at `offset`. Bytes before base are left out.
  [[nodiscard]] Insert insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept;

  // No byte differs from a first copy that is there. REQUIRES: offset >= base().
  [[nodiscard]] bool agrees(const StreamPool& pool, std::uint64_t offset,
                            Bytes bytes) const noexcept;

  // The bytes from base up to the first gap; valid until the next call that is not const.
  [[nodiscard]] Bytes view(const StreamPool& pool, Reading reading) const noexcept;
  // The contested pieces that begin in the view.
  [[nodiscard]] Contested contested(const StreamPool& pool) const noexcept;
  // The view in one of the readings, in `room`. REQUIRES: room for the pool's window.
  [[nodiscard]] Bytes mixture(const StreamPool& pool, const Contested& contested, unsigned reading,
                              MutableBytes room) const noexcept;
  [[nodiscard]] bool readings_differ() const noexcept { return last_ != StreamPool::kNone; }

  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  // Offset of the first missing byte.
  [[nodiscard]] std::uint64_t contiguous() const noexcept { return base_ + filled_; }
  [[nodiscard]] bool holds_memory() const noexcept { return first_ != StreamPool::kNone; }

  // Forgets `count` bytes from base (judged, and acknowledged by the server); readings that were
  // the same in all that is left are one again. The count may go beyond what has come: bytes that
  // say nothing are then left out when they come.
  void consume(StreamPool& pool, std::uint64_t count) noexcept;
  // Gives the memory back; the stream is empty, its base is what contiguous() was.
  void release(StreamPool& pool) noexcept;
  // Empty, base 0.
  void reset(StreamPool& pool) noexcept;

 private:
  [[nodiscard]] bool make_room(StreamPool& pool, std::size_t bytes) noexcept;
  void grow(StreamPool& pool, std::size_t bytes) noexcept;
  struct Overlap {
    std::size_t known = 0;  // bytes that are there already
    bool differs = false;   // some of them from the first copy
  };
  [[nodiscard]] Overlap compare(const StreamPool& pool, std::size_t from,
                                Bytes bytes) const noexcept;
  [[nodiscard]] Insert contest(StreamPool& pool, std::size_t from, Bytes bytes) noexcept;
  [[nodiscard]] Contested contested_below(const StreamPool& pool, std::size_t end) const noexcept;
  [[nodiscard]] Bytes view_of_other(const StreamPool& pool) const noexcept;
  void fill(StreamPool& pool, std::size_t from, Bytes bytes) noexcept;

  std::uint64_t base_ = 0;
  std::uint32_t filled_ = 0;
  std::uint32_t first_ = StreamPool::kNone;  // slot of the first copies, and of the bitmaps
  std::uint32_t last_ = StreamPool::kNone;   // slot of the other copies, once there are any
};

}  // namespace sluice::flow
