#pragma once

// Memory for streams: slots of two sizes, each with a bitmap of the bytes that are present.
//
// Most streams fit a small slot. One that outgrows it moves to one of the few large slots. The
// constructor allocates memory_bytes(small, large); nothing allocates afterwards. Not thread-safe:
// one worker owns a pool and all streams in it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::flow {

struct SlotClass {
  std::size_t slots = 0, capacity = 0;  // number of slots, bytes in each
};

class StreamPool {
 public:
  using SlotId = std::uint32_t;
  static constexpr SlotId kNone = 0xffffffffU;

  explicit StreamPool(SlotClass small, SlotClass large = {});

  [[nodiscard]] static std::size_t bytes_per_slot(std::size_t capacity) noexcept;
  [[nodiscard]] static std::size_t memory_bytes(SlotClass small, SlotClass large = {}) noexcept;
  // The capacity of the largest slot.
  [[nodiscard]] std::size_t window() const noexcept;
  // The capacity of the largest slot that is free for a stream that has none, or a small one.
  [[nodiscard]] std::size_t window_left() const noexcept;
  [[nodiscard]] std::size_t in_use() const noexcept;

  // A slot of at least `bytes` bytes; its content is undefined. kNone: none of that size is free.
  [[nodiscard]] SlotId take(std::size_t bytes) noexcept;
  void give_back(SlotId slot) noexcept;
  [[nodiscard]] bool is_large(SlotId slot) const noexcept { return slot >= small_.slots; }
  [[nodiscard]] std::size_t capacity_of(SlotId slot) const noexcept {
    return place_of(slot).shelf.capacity;
  }
  [[nodiscard]] MutableBytes bytes_of(SlotId slot) const noexcept;
  // A bit for each byte of the slot, and one for the place behind the last.
  [[nodiscard]] std::span<std::uint64_t> present_in(SlotId slot) const noexcept;

 private:
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
  // Large slots are numbered behind the small ones.
  [[nodiscard]] Place place_of(SlotId slot) const noexcept;

  Shelf small_, large_;
};

}  // namespace sluice::flow
