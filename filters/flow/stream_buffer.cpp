#include "filters/flow/stream_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "filters/flow/bitmap.h"

namespace sluice::flow {
namespace {

// A hole of this part of a slot is worth moving the rest for: 8 bytes are moved for each one that
// was consumed, at most.
constexpr std::size_t kWorthMoving = 8;

bool is_worth_moving(std::size_t hole, std::size_t capacity) {
  return hole >= capacity / kWorthMoving;
}

std::uint64_t ones(std::size_t count) {
  return count == Bitmap::kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// 0xff if the place is kept, else 0.
std::byte mask_of(std::uint64_t kept, std::size_t place) {
  return static_cast<std::byte>(0 - (kept >> place & 1U));
}

// The part of `bytes` from `base` on; moves `offset` to where that lies.
template <typename Span>
Span behind(std::uint64_t base, std::uint64_t& offset, Span bytes) {
  if (offset >= base) return bytes;
  const std::uint64_t before = std::min<std::uint64_t>(base - offset, bytes.size());
  offset += before;
  return bytes.subspan(before);
}

}  // namespace

template <typename VisitRun, typename VisitMixed>
void StreamBuffer::for_each_kept(const StreamPool& pool, std::uint64_t offset, std::size_t size,
                                 VisitRun&& visit_run, VisitMixed&& visit_mixed) const noexcept {
  if (slot_ == StreamPool::kNone || offset - base_ >= end_) return;
  const Bitmap present(pool.present_in(slot_));
  const std::size_t from = start_ + (offset - base_);
  const std::size_t limit = std::min<std::size_t>(from + size, start_ + end_);
  for (std::size_t at = present.first_set(from, limit); at < limit;
       at = present.first_set(at, limit)) {
    std::size_t end = std::min(present.first_absent(at), limit);
    const bool is_run = end == limit || end - at >= Bitmap::kWordBits;
    if (!is_run) end = std::min(at + Bitmap::kWordBits, limit);
    const Bytes bytes = Bytes(pool.bytes_of(slot_)).subspan(at, end - at);
    if (is_run) {
      visit_run(bytes, at - from);
    } else {
      visit_mixed(bytes, at - from, present.word_from(at) & ones(bytes.size()));
    }
    at = end;
  }
}

StreamBuffer::Overlap StreamBuffer::compare(const StreamPool& pool, std::uint64_t offset,
                                            Bytes bytes) const noexcept {
  Overlap overlap;
  const auto compare_run = [&](Bytes kept, std::size_t at) {
    overlap.known += kept.size();
    overlap.differs = overlap.differs || !std::ranges::equal(kept, bytes.subspan(at, kept.size()));
  };
  const auto compare_mixed = [&](Bytes there, std::size_t at, std::uint64_t kept) {
    const std::byte* const other = bytes.subspan(at, there.size()).data();
    std::byte difference{};
    for (std::size_t i = 0; i < there.size(); ++i) {
      difference |= (there.data()[i] ^ other[i]) & mask_of(kept, i);
    }
    overlap.known += static_cast<std::size_t>(std::popcount(kept));
    overlap.differs = overlap.differs || difference != std::byte{};
  };
  for_each_kept(pool, offset, bytes.size(), compare_run, compare_mixed);
  return overlap;
}

bool StreamBuffer::agrees(const StreamPool& pool, std::uint64_t offset,
                          Bytes bytes) const noexcept {
  bytes = behind(base_, offset, bytes);
  return !compare(pool, offset, bytes).differs;
}

std::size_t StreamBuffer::window(const StreamPool& pool) const noexcept {
  if (slot_ == StreamPool::kNone) return pool.window_left();
  const std::size_t capacity = pool.capacity_of(slot_);
  if (!pool.is_large(slot_) && pool.window_left() > capacity) return pool.window_left();
  return is_worth_moving(start_, capacity) ? capacity : capacity - start_;
}

Insert StreamBuffer::insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
  bytes = behind(base_, offset, bytes);
  if (bytes.empty()) return Insert::known;
  const std::size_t reach = window(pool);
  if (offset - base_ > reach || bytes.size() > reach - (offset - base_)) {
    return Insert::beyond_window;
  }
  const Overlap overlap = compare(pool, offset, bytes);
  if (overlap.differs) return Insert::differs;
  if (overlap.known == bytes.size()) return Insert::known;
  const std::size_t from = offset - base_, to = from + bytes.size();
  if (!make_room(pool, to)) return Insert::no_memory;
  copy_bytes(bytes, pool.bytes_of(slot_).subspan(start_ + from));
  Bitmap present(pool.present_in(slot_));
  present.set(start_ + from, start_ + to);
  end_ = std::max(end_, static_cast<std::uint32_t>(to));
  filled_ = static_cast<std::uint32_t>(
      std::min<std::size_t>(present.first_absent(start_ + filled_) - start_, end_));
  return Insert::stored;
}

void StreamBuffer::overwrite(const StreamPool& pool, std::uint64_t offset,
                             MutableBytes bytes) const noexcept {
  bytes = behind(base_, offset, bytes);
  const auto copy_run = [&](Bytes kept, std::size_t at) { copy_bytes(kept, bytes.subspan(at)); };
  const auto copy_mixed = [&](Bytes there, std::size_t at, std::uint64_t kept) {
    std::byte* const to = bytes.subspan(at, there.size()).data();
    for (std::size_t i = 0; i < there.size(); ++i) {
      const std::byte mask = mask_of(kept, i);
      to[i] = (there.data()[i] & mask) | (to[i] & ~mask);
    }
  };
  for_each_kept(pool, offset, bytes.size(), copy_run, copy_mixed);
}

// A slot that reaches so far from base. False: none is free. REQUIRES: reach <= window().
bool StreamBuffer::make_room(StreamPool& pool, std::size_t reach) noexcept {
  if (slot_ == StreamPool::kNone) {
    slot_ = pool.take(reach);
    if (slot_ == StreamPool::kNone) return false;
    Bitmap(pool.present_in(slot_)).clear();
    start_ = end_ = 0;
    return true;
  }
  const std::size_t capacity = pool.capacity_of(slot_);
  if (start_ + reach <= capacity) return true;
  if (reach > capacity) {
    grow(pool, reach);
  } else {
    move_down(pool);
  }
  return true;
}

void StreamBuffer::move_down(StreamPool& pool) noexcept {
  const MutableBytes bytes = pool.bytes_of(slot_);
  std::memmove(bytes.data(), bytes.data() + start_, end_);
  Bitmap(pool.present_in(slot_)).shift_down(start_, start_ + end_);
  start_ = 0;
}

// Moves to a slot that holds so many bytes. REQUIRES: one is free.
void StreamBuffer::grow(StreamPool& pool, std::size_t bytes) noexcept {
  if (start_ > 0) move_down(pool);
  const StreamPool::SlotId from = slot_;
  slot_ = pool.take(bytes);
  copy_bytes(pool.bytes_of(from).first(end_), pool.bytes_of(slot_));
  const auto words = pool.present_in(slot_);
  const auto rest = std::ranges::copy(pool.present_in(from), words.begin()).out;
  std::fill(rest, words.end(), 0);
  pool.give_back(from);
}

Bytes StreamBuffer::view(const StreamPool& pool) const noexcept {
  if (slot_ == StreamPool::kNone) return {};
  return pool.bytes_of(slot_).subspan(start_, filled_);
}

Bytes StreamBuffer::view_from(const StreamPool& pool, std::uint64_t offset) const noexcept {
  const std::uint64_t from = offset - base_;
  if (from <= filled_) return view(pool).subspan(from);
  if (from >= end_) return {};
  const Bitmap present(pool.present_in(slot_));
  const std::size_t at = start_ + from;
  const std::size_t end = std::min<std::size_t>(present.first_absent(at), start_ + end_);
  return pool.bytes_of(slot_).subspan(at, end - at);
}

MutableBytes StreamBuffer::kept(StreamPool& pool) noexcept {
  if (slot_ == StreamPool::kNone) return {};
  return pool.bytes_of(slot_).subspan(start_, filled_);
}

void StreamBuffer::consume(StreamPool& pool, std::uint64_t count) noexcept {
  base_ += count;
  const bool keeps_filled = count <= filled_;
  filled_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(count, filled_));
  if (slot_ == StreamPool::kNone || count == 0) return;
  if (count >= end_) {
    release(pool);
    return;
  }
  start_ += static_cast<std::uint32_t>(count);
  end_ -= static_cast<std::uint32_t>(count);
  if (!keeps_filled) {
    const Bitmap present(pool.present_in(slot_));
    filled_ = static_cast<std::uint32_t>(
        std::min<std::size_t>(present.first_absent(start_) - start_, end_));
  }
  if (start_ >= end_) move_down(pool);
}

void StreamBuffer::release(StreamPool& pool) noexcept {
  if (slot_ != StreamPool::kNone) pool.give_back(slot_);
  slot_ = StreamPool::kNone;
  base_ += filled_;
  filled_ = start_ = end_ = 0;
}

void StreamBuffer::reset(StreamPool& pool) noexcept {
  release(pool);
  base_ = 0;
}

}  // namespace sluice::flow
