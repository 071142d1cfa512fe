#include "filters/flow/client_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::flow {
namespace {

constexpr std::size_t kWordBits = 64;

constexpr std::size_t words_for(std::size_t bits) {
  return (bits + kWordBits - 1) / kWordBits;
}

// Which bytes of a slot are present: a bit each.
class Presence {
 public:
  explicit Presence(std::span<std::uint64_t> words) : words_(words) {}

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

  [[nodiscard]] bool any() const {
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
  }

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

StreamPool::StreamPool(std::size_t slots, std::size_t capacity)
    : slots_(slots),
      capacity_(capacity),
      bytes_(std::make_unique_for_overwrite<std::byte[]>(slots * capacity)),
      present_(std::make_unique<std::uint64_t[]>(slots * words_for(capacity))) {
  free_.reserve(slots);
  for (std::size_t i = slots; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(i));
}

std::size_t StreamPool::bytes_per_slot(std::size_t capacity) noexcept {
  return capacity + words_for(capacity) * sizeof(std::uint64_t) + sizeof(std::uint32_t);
}

std::uint32_t StreamPool::take() noexcept {
  if (free_.empty()) return kNone;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void StreamPool::give_back(std::uint32_t slot) noexcept {
  free_.push_back(slot);
}

MutableBytes StreamPool::bytes_of(std::uint32_t slot) const noexcept {
  return {bytes_.get() + slot * capacity_, capacity_};
}

std::span<std::uint64_t> StreamPool::present_in(std::uint32_t slot) const noexcept {
  const std::size_t words = words_for(capacity_);
  return {present_.get() + slot * words, words};
}

Insert ClientStream::insert(StreamPool& pool, std::uint64_t offset, Bytes bytes) noexcept {
  if (offset < base_) {
    const std::uint64_t before = std::min<std::uint64_t>(base_ - offset, bytes.size());
    bytes = bytes.subspan(before);
    offset += before;
  }
  if (bytes.empty()) return Insert::known;
  if (offset - base_ > pool.capacity() || bytes.size() > pool.capacity() - (offset - base_)) {
    return Insert::beyond_window;
  }
  if (first_ == StreamPool::kNone) {
    first_ = pool.take();
    if (first_ == StreamPool::kNone) return Insert::no_memory;
    Presence(pool.present_in(first_)).clear();
  }
  const std::size_t from = offset - base_;
  const std::size_t to = from + bytes.size();
  const Overlap overlap = compare(pool, from, bytes);
  if (overlap.differs && last_ == StreamPool::kNone) {
    last_ = pool.take();
    if (last_ == StreamPool::kNone) return Insert::no_memory;
    std::ranges::copy(pool.bytes_of(first_), pool.bytes_of(last_).begin());
  }
  if (!overlap.differs && overlap.known == bytes.size()) return Insert::known;

  // The first copy keeps what it has; the last one takes everything. One bitmap serves both.
  Presence present(pool.present_in(first_));
  const MutableBytes first = pool.bytes_of(first_);
  for (std::size_t at = from; at < to;) {
    if (present.has(at)) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < to && !present.has(end)) ++end;
    std::ranges::copy(bytes.subspan(at - from, end - at), first.subspan(at).begin());
    at = end;
  }
  if (last_ != StreamPool::kNone) {
    std::ranges::copy(bytes, pool.bytes_of(last_).subspan(from).begin());
  }
  present.set(from, to);
  filled_ = static_cast<std::uint32_t>(std::min(present.first_absent(filled_), pool.capacity()));
  return overlap.differs ? Insert::conflicting : Insert::stored;
}

ClientStream::Overlap ClientStream::compare(const StreamPool& pool, std::size_t from,
                                            Bytes bytes) const noexcept {
  const Presence present(pool.present_in(first_));
  const MutableBytes newest = pool.bytes_of(last_ == StreamPool::kNone ? first_ : last_);
  Overlap overlap;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!present.has(from + i)) continue;
    ++overlap.known;
    overlap.differs = overlap.differs || newest[from + i] != bytes[i];
  }
  return overlap;
}

Bytes ClientStream::view(const StreamPool& pool, Reading reading) const noexcept {
  if (first_ == StreamPool::kNone) return {};
  const bool last = reading == Reading::last_copy && last_ != StreamPool::kNone;
  return pool.bytes_of(last ? last_ : first_).first(filled_);
}

void ClientStream::consume(StreamPool& pool, std::size_t count) noexcept {
  base_ += count;
  filled_ -= static_cast<std::uint32_t>(count);
  if (first_ == StreamPool::kNone || count == 0) return;
  Presence present(pool.present_in(first_));
  present.shift_down(count);
  if (!present.any()) {
    release(pool);
    return;
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
  for (std::size_t at = 0; at < pool.capacity() - count; ++at) {
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
