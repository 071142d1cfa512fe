#include "filters/flow/client_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::flow {
namespace {

constexpr std::size_t kWordBits = 64;

// Of a bitmap: a bit for each byte, and one for the place behind the last.
constexpr std::size_t bit_words(std::size_t capacity) {
  return capacity / kWordBits + 1;
}

// A bit for each byte of a slot.
class Bits {
 public:
  explicit Bits(std::span<std::uint64_t> words) : words_(words) {}

  [[nodiscard]] bool has(std::size_t at) const {
    return (words_[at / kWordBits] >> (at % kWordBits) & 1) != 0;
  }

  void set(std::size_t from, std::size_t to) {
    while (from < to) {
      const std::size_t bit = from % kWordBits;
      const std::size_t count = std::min(kWordBits - bit, to - from);
      const std::uint64_t ones =
          count == kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
      words_[from / kWordBits] |= ones << bit;
      from += count;
    }
  }

  // The first place at or behind `from` that is absent.
  [[nodiscard]] std::size_t first_absent(std::size_t from) const {
    std::size_t word = from / kWordBits;
    if (word >= words_.size()) return from;
    std::uint64_t absent = ~words_[word] & (~std::uint64_t{0} << (from % kWordBits));
    while (absent == 0) {
      if (++word == words_.size()) return word * kWordBits;
      absent = ~words_[word];
    }
    return word * kWordBits + static_cast<std::size_t>(std::countr_zero(absent));
  }

  // The first set place of those from `from` to `limit`; `limit`: there is none.
  [[nodiscard]] std::size_t first_set(std::size_t from, std::size_t limit) const {
    if (from >= limit) return limit;
    std::size_t word = from / kWordBits;
    if (word >= words_.size()) return limit;
    std::uint64_t set = words_[word] & (~std::uint64_t{0} << (from % kWordBits));
    while (set == 0) {
      ++word;
      if (word == words_.size() || word * kWordBits >= limit) return limit;
      set = words_[word];
    }
    return std::min(limit, word * kWordBits + static_cast<std::size_t>(std::countr_zero(set)));
  }

  // The last set place at or before `from`; 0: there is none.
  [[nodiscard]] std::size_t last_set(std::size_t from) const {
    std::size_t word = from / kWordBits;
    std::uint64_t set = words_[word] & (~std::uint64_t{0} >> (kWordBits - 1 - from % kWordBits));
    while (set == 0) {
      if (word-- == 0) return 0;
      set = words_[word];
    }
    return word * kWordBits + kWordBits - 1 - static_cast<std::size_t>(std::countl_zero(set));
  }

  // True: the place was not set before.
  bool add(std::size_t at) {
    const bool is_new = !has(at);
    set(at, at + 1);
    return is_new;
  }
  void clear(std::size_t at) { words_[at / kWordBits] &= ~(std::uint64_t{1} << (at % kWordBits)); }

  void clear() { std::ranges::fill(words_, 0); }

  // Moves everything `count` places to the front.
  void shift_down(std::size_t count) {
    const std::size_t words = count / kWordBits;
    const std::size_t bits = count % kWordBits;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const auto word = [&](std::size_t at) { return at < words_.size() ? words_[at] : 0; };
      words_[i] = word(i + words) >> bits;
      if (bits != 0) words_[i] |= word(i + words + 1) << (kWordBits - bits);
    }
  }

 private:
  std::span<std::uint64_t> words_;
};

}  // namespace

StreamPool::Shelf::Shelf(SlotClass of)
    : capacity(of.capacity),
      slots(of.slots),
      bytes(std::make_unique_for_overwrite<std::byte[]>(of.slots * of.capacity)),
      bits(std::make_unique_for_overwrite<std::uint64_t[]>(of.slots * 2 * bit_words(of.capacity))) {
  free.reserve(slots);
  for (std::size_t i = slots; i-- > 0;) free.push_back(static_cast<std::uint32_t>(i));
}

StreamPool::StreamPool(SlotClass small, SlotClass large) : small_(small), large_(large) {}

std::size_t StreamPool::bytes_per_slot(std::size_t capacity) noexcept {
  return capacity + 2 * bit_words(capacity) * sizeof(std::uint64_t) + sizeof(std::uint32_t);
}

std::size_t StreamPool::memory_bytes(SlotClass small, SlotClass large) noexcept {
  return small.slots * bytes_per_slot(small.capacity) +
         large.slots * bytes_per_slot(large.capacity);
}

std::size_t StreamPool::window() const noexcept {
  return std::max(small_.capacity, large_.capacity);
}

std::size_t StreamPool::window_with(std::size_t slots) const noexcept {
  return large_.free.size() >= slots ? window() : small_.capacity;
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
  const std::size_t words = bit_words(shelf.capacity);
  return {shelf.bits.get() + 2 * index * words, words};
}

std::span<std::uint64_t> StreamPool::edges_in(SlotId slot) const noexcept {
  const auto [shelf, index] = place_of(slot);
  const std::size_t words = bit_words(shelf.capacity);
  return {shelf.bits.get() + (2 * index + 1) * words, words};
}

std::size_t ClientStream::window(const StreamPool& pool) const noexcept {
  if (first_ != StreamPool::kNone && pool.is_large(first_)) return pool.capacity_of(first_);
  return pool.window_with(last_ == StreamPool::kNone ? 1 : 2);
}

Insert ClientStream::insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
  if (offset < base_) {
    const std::uint64_t before = std::min<std::uint64_t>(base_ - offset, bytes.size());
    bytes = bytes.subspan(before);
    offset += before;
  }
  if (bytes.empty()) return Insert::known;
  const std::size_t reach = window(pool);
  if (offset - base_ > reach || bytes.size() > reach - (offset - base_)) {
    return Insert::beyond_window;
  }
  const std::size_t from = offset - base_;
  if (!make_room(pool, from + bytes.size())) return Insert::no_memory;
  const Overlap overlap = compare(pool, from, bytes);
  Insert result = overlap.known == bytes.size() ? Insert::known : Insert::stored;
  if (overlap.differs || last_ != StreamPool::kNone) {
    const Insert contested = contest(pool, from, bytes);
    if (contested == Insert::conflicting) result = contested;
    if (contested != Insert::conflicting && contested != Insert::known) return contested;
  }
  Bits edges(pool.edges_in(first_));
  edges.add(from);
  edges.add(from + bytes.size());
  if (overlap.known < bytes.size()) fill(pool, from, bytes);
  return result;
}

// A slot that holds so many bytes. False: none is left. REQUIRES: bytes <= window().
bool ClientStream::make_room(StreamPool& pool, std::size_t bytes) noexcept {
  if (first_ != StreamPool::kNone) {
    if (bytes > pool.capacity_of(first_)) grow(pool, bytes);
    return true;
  }
  first_ = pool.take(bytes);
  if (first_ == StreamPool::kNone) return false;
  Bits(pool.present_in(first_)).clear();
  Bits(pool.edges_in(first_)).clear();
  return true;
}

// Moves to slots that hold so many bytes. REQUIRES: bytes <= window().
void ClientStream::grow(StreamPool& pool, std::size_t bytes) noexcept {
  const auto copy = [](auto from, auto to) { return std::ranges::copy(from, to.begin()).out; };
  const auto move = [&](StreamPool::SlotId& slot) {
    const StreamPool::SlotId from = slot;
    slot = pool.take(bytes);
    copy(pool.bytes_of(from), pool.bytes_of(slot));
    for (const auto bits : {&StreamPool::present_in, &StreamPool::edges_in}) {
      const std::span<std::uint64_t> words = (pool.*bits)(slot);
      std::fill(copy((pool.*bits)(from), words), words.end(), 0);
    }
    pool.give_back(from);
  };
  move(first_);
  if (last_ != StreamPool::kNone) move(last_);
}

ClientStream::Overlap ClientStream::compare(const StreamPool& pool, std::size_t from,
                                            Bytes bytes) const noexcept {
  const Bits present(pool.present_in(first_));
  const Bytes first = pool.bytes_of(first_);
  const std::size_t to = from + bytes.size();
  Overlap overlap;
  for (std::size_t at = present.first_set(from, to); at < to; at = present.first_set(at, to)) {
    const std::size_t end = std::min(present.first_absent(at), to);
    const Bytes known = bytes.subspan(at - from, end - at);
    overlap.known += known.size();
    overlap.differs =
        overlap.differs || !std::ranges::equal(known, first.subspan(at, known.size()));
    at = end;
  }
  return overlap;
}

bool ClientStream::agrees(const StreamPool& pool, std::uint64_t offset,
                          Bytes bytes) const noexcept {
  const std::uint64_t from = offset - base_;
  if (first_ == StreamPool::kNone) return true;
  const std::size_t capacity = pool.capacity_of(first_);
  if (from >= capacity) return true;
  const Bytes inside = bytes.first(std::min<std::uint64_t>(bytes.size(), capacity - from));
  return !compare(pool, from, inside).differs;
}

// Takes in other copies of what is there. `conflicting`: there are new readings; `known`: none.
// Else nothing is changed.
Insert ClientStream::contest(StreamPool& pool, std::size_t from, Bytes bytes) noexcept {
  const Bits present(pool.present_in(first_));
  Bits edges(pool.edges_in(first_));
  const std::size_t to = from + bytes.size();
  const std::size_t capacity = pool.capacity_of(first_);
  const std::size_t before = contested_below(pool, capacity).count;
  const bool is_new_from = edges.add(from), is_new_to = edges.add(to);
  const auto refuse = [&](Insert why) {
    if (is_new_from) edges.clear(from);
    if (is_new_to) edges.clear(to);
    return why;
  };
  // Calls `each` with the place and the copy of each piece that differs from the first copy.
  const auto for_each_other = [&](auto each) {
    const Bytes first = pool.bytes_of(first_);
    for (std::size_t at = from, end = from; at < to; at = end) {
      end = edges.first_set(at + 1, to);
      const Bytes piece = bytes.subspan(at - from, end - at);
      if (present.has(at) && !std::ranges::equal(piece, first.subspan(at, piece.size()))) {
        each(at, piece);
      }
    }
  };
  std::size_t fresh = 0;
  bool is_third = false;
  for_each_other([&](std::size_t at, Bytes piece) {
    const Bytes first = Bytes(pool.bytes_of(first_)).subspan(at, piece.size());
    const Bytes last = view_of_other(pool).subspan(at, piece.size());
    if (std::ranges::equal(first, last)) {
      ++fresh;
    } else {
      is_third = is_third || !std::ranges::equal(piece, last);
    }
  });
  const std::size_t split = contested_below(pool, capacity).count;
  if (is_third || fresh + split > kMaxContested) return refuse(Insert::third_copy);
  if (fresh > 0 && last_ == StreamPool::kNone) {
    last_ = pool.take(capacity);
    if (last_ == StreamPool::kNone) return refuse(Insert::no_memory);
    std::ranges::copy(pool.bytes_of(first_), pool.bytes_of(last_).begin());
  }
  for_each_other([&](std::size_t at, Bytes piece) {
    std::ranges::copy(piece, pool.bytes_of(last_).subspan(at).begin());
  });
  return fresh > 0 || split != before ? Insert::conflicting : Insert::known;
}

// What is absent goes into both copies; one bitmap serves both.
void ClientStream::fill(StreamPool& pool, std::size_t from, Bytes bytes) noexcept {
  Bits present(pool.present_in(first_));
  const std::size_t to = from + bytes.size();
  for (std::size_t at = from, end = from; at < to; at = end) {
    end = present.first_set(at, to);
    const Bytes piece = bytes.subspan(at - from, end - at);
    std::ranges::copy(piece, pool.bytes_of(first_).subspan(at).begin());
    if (last_ != StreamPool::kNone) {
      std::ranges::copy(piece, pool.bytes_of(last_).subspan(at).begin());
    }
    end = std::min(present.first_absent(end), to);
  }
  present.set(from, to);
  filled_ =
      static_cast<std::uint32_t>(std::min(present.first_absent(filled_), pool.capacity_of(first_)));
}

Bytes ClientStream::view_of_other(const StreamPool& pool) const noexcept {
  return pool.bytes_of(last_ == StreamPool::kNone ? first_ : last_);
}

// Those that begin below `end`; of more than kMaxContested only the number is told.
Contested ClientStream::contested_below(const StreamPool& pool, std::size_t end) const noexcept {
  Contested contested;
  if (last_ == StreamPool::kNone) return contested;
  const Bits present(pool.present_in(first_));
  const Bits edges(pool.edges_in(first_));
  const Bytes first = pool.bytes_of(first_), last = pool.bytes_of(last_);
  for (std::size_t at = present.first_set(0, end); at < end; at = present.first_set(at, end)) {
    const auto places = std::ranges::mismatch(first.subspan(at), last.subspan(at));
    at = static_cast<std::size_t>(places.in1 - first.begin());
    if (at >= end) break;
    if (!present.has(at)) continue;  // of absent bytes nobody knows what is there
    const Contested::Piece piece{edges.last_set(at), edges.first_set(at + 1, first.size())};
    if (contested.count < kMaxContested) contested.pieces[contested.count] = piece;
    ++contested.count;
    at = piece.to;
  }
  return contested;
}

Contested ClientStream::contested(const StreamPool& pool) const noexcept {
  return contested_below(pool, filled_);
}

Bytes ClientStream::mixture(const StreamPool& pool, const Contested& contested, unsigned reading,
                            MutableBytes room) const noexcept {
  const Bytes first = view(pool, Reading::first_copy);
  std::ranges::copy(first, room.begin());
  for (std::size_t i = 0; i < contested.count; ++i) {
    if ((reading >> i & 1) == 0) continue;
    const auto [from, to] = contested.pieces[i];
    const Bytes other = Bytes(pool.bytes_of(last_)).subspan(from, to - from);
    std::ranges::copy(other, room.subspan(from).begin());
  }
  return room.first(first.size());
}

Bytes ClientStream::view(const StreamPool& pool, Reading reading) const noexcept {
  if (first_ == StreamPool::kNone) return {};
  const bool last = reading == Reading::last_copy && last_ != StreamPool::kNone;
  return pool.bytes_of(last ? last_ : first_).first(filled_);
}

void ClientStream::consume(StreamPool& pool, std::uint64_t beyond_base) noexcept {
  base_ += beyond_base;
  const bool keeps_filled = beyond_base < filled_;
  filled_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(beyond_base, filled_));
  if (first_ == StreamPool::kNone || beyond_base == 0) return;
  const std::size_t capacity = pool.capacity_of(first_);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(beyond_base, capacity));
  Bits present(pool.present_in(first_));
  if (present.first_set(count, capacity) == capacity) {
    release(pool);
    return;
  }
  present.shift_down(count);
  Bits(pool.edges_in(first_)).shift_down(count);
  if (!keeps_filled) {
    filled_ = static_cast<std::uint32_t>(std::min(present.first_absent(0), capacity));
  }
  const auto slide = [&](std::uint32_t slot) {
    const MutableBytes bytes = pool.bytes_of(slot);
    std::memmove(bytes.data(), bytes.data() + count, bytes.size() - count);
  };
  slide(first_);
  if (last_ == StreamPool::kNone) return;
  slide(last_);
  const MutableBytes first = pool.bytes_of(first_);
  const MutableBytes last = pool.bytes_of(last_);
  for (std::size_t at = 0; at < capacity - count; ++at) {
    if (present.has(at) && first[at] != last[at]) return;
  }
  pool.give_back(last_);
  last_ = StreamPool::kNone;
}

void ClientStream::release(StreamPool& pool) noexcept {
  if (first_ != StreamPool::kNone) pool.give_back(first_);
  if (last_ != StreamPool::kNone) pool.give_back(last_);
  first_ = last_ = StreamPool::kNone;
  base_ += filled_;
  filled_ = 0;
}

void ClientStream::reset(StreamPool& pool) noexcept {
  release(pool);
  base_ = 0;
}

}  // namespace sluice::flow
