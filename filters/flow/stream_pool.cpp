#include "filters/flow/stream_pool.h"

#include <algorithm>

#include "filters/flow/bitmap.h"

namespace sluice::flow {

StreamPool::Shelf::Shelf(SlotClass of)
    : capacity(of.capacity),
      slots(of.slots),
      bytes(std::make_unique_for_overwrite<std::byte[]>(of.slots * of.capacity)),
      bits(std::make_unique_for_overwrite<std::uint64_t[]>(of.slots *
                                                           Bitmap::words_for(of.capacity))) {
  free.reserve(slots);
  for (std::size_t i = slots; i-- > 0;) free.push_back(static_cast<std::uint32_t>(i));
}

StreamPool::StreamPool(SlotClass small, SlotClass large) : small_(small), large_(large) {}

std::size_t StreamPool::bytes_per_slot(std::size_t capacity) noexcept {
  return capacity + Bitmap::words_for(capacity) * sizeof(std::uint64_t) + sizeof(std::uint32_t);
}

std::size_t StreamPool::memory_bytes(SlotClass small, SlotClass large) noexcept {
  return small.slots * bytes_per_slot(small.capacity) +
         large.slots * bytes_per_slot(large.capacity);
}

std::size_t StreamPool::window() const noexcept {
  return std::max(small_.capacity, large_.capacity);
}

std::size_t StreamPool::window_left() const noexcept {
  return large_.free.empty() ? small_.capacity : window();
}

std::size_t StreamPool::in_use() const noexcept {
  return small_.slots - small_.free.size() + large_.slots - large_.free.size();
}

StreamPool::SlotId StreamPool::take(std::size_t bytes) noexcept {
  Shelf& shelf = bytes <= small_.capacity ? small_ : large_;
  if (shelf.free.empty()) return kNone;
  const std::uint32_t index = shelf.free.back();
  shelf.free.pop_back();
  return &shelf == &small_ ? index : static_cast<SlotId>(small_.slots + index);
}

void StreamPool::give_back(SlotId slot) noexcept {
  if (is_large(slot)) {
    large_.free.push_back(static_cast<std::uint32_t>(slot - small_.slots));
  } else {
    small_.free.push_back(slot);
  }
}

StreamPool::Place StreamPool::place_of(SlotId slot) const noexcept {
  return is_large(slot) ? Place{large_, slot - small_.slots} : Place{small_, slot};
}

MutableBytes StreamPool::bytes_of(SlotId slot) const noexcept {
  const auto [shelf, index] = place_of(slot);
  return {shelf.bytes.get() + index * shelf.capacity, shelf.capacity};
}

std::span<std::uint64_t> StreamPool::present_in(SlotId slot) const noexcept {
  const auto [shelf, index] = place_of(slot);
  const std::size_t words = Bitmap::words_for(shelf.capacity);
  return {shelf.bits.get() + index * words, words};
}

}  // namespace sluice::flow
