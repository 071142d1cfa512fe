#include "filters/flow/forgotten.h"

#include <algorithm>
#include <bit>

namespace sluice::flow {
namespace {

constexpr std::size_t kWord = 64;
constexpr int kProbes = 8;
constexpr std::size_t kClearAtOnce = 512;  // words of the spare filter

std::size_t words_for(const Forgotten::Size& size) {
  return std::bit_ceil(std::max(size.most * size.bits, kWord)) / kWord;
}

// The probes of one hash: from its low half on, in steps of its high half.
std::uint64_t probe(std::uint64_t hash, int number) {
  return hash + static_cast<std::uint64_t>(number) * (hash >> 32 | 1);
}

}  // namespace

Forgotten::Forgotten(Size size, Nanos period)
    : size_(size), period_(period), mask_(words_for(size) * kWord - 1) {
  for (Filter& filter : filters_) {
    filter.bits = std::make_unique<std::uint64_t[]>(words_for(size));
  }
  cleared_ = words_for(size);
}

std::size_t Forgotten::memory_bytes(Size size) noexcept {
  return kFilters * words_for(size) * sizeof(std::uint64_t);
}

void Forgotten::add(std::uint64_t hash, Nanos now) noexcept {
  if (filters_[newest_].added == size_.most) turn(now);
  Filter& filter = filters_[newest_];
  if (filter.added == 0) started_ = now;
  for (int i = 0; i < kProbes; ++i) {
    const std::uint64_t bit = probe(hash, i) & mask_;
    filter.bits[bit / kWord] |= std::uint64_t{1} << bit % kWord;
  }
  ++filter.added;
  clear((words_for(size_) + size_.most - 1) / size_.most);  // so it is clear in time
}

bool Forgotten::has(std::uint64_t hash) const noexcept {
  return has(filters_[newest_], hash) || has(filters_[(newest_ + 2) % kFilters], hash);
}

bool Forgotten::has(const Filter& filter, std::uint64_t hash) const noexcept {
  if (filter.added == 0) return false;
  for (int i = 0; i < kProbes; ++i) {
    const std::uint64_t bit = probe(hash, i) & mask_;
    if ((filter.bits[bit / kWord] >> bit % kWord & 1) == 0) return false;
  }
  return true;
}

// Time may go back: a generation from the future is not over.
void Forgotten::tidy(Nanos now) noexcept {
  const bool is_empty =
      filters_[newest_].added == 0 && filters_[(newest_ + 2) % kFilters].added == 0;
  if (is_empty) return;
  clear(kClearAtOnce);
  if (now - started_ >= period_ && cleared_ == (mask_ + 1) / kWord) turn(now);
}

void Forgotten::clear(std::size_t words) noexcept {
  const std::size_t end = std::min(cleared_ + words, (mask_ + 1) / kWord);
  std::uint64_t* const bits = filters_[(newest_ + 1) % kFilters].bits.get();
  std::fill(bits + cleared_, bits + end, 0);
  cleared_ = end;
}

// The spare filter becomes the newest, and the one before the newest the spare one.
void Forgotten::turn(Nanos now) noexcept {
  clear((mask_ + 1) / kWord);
  newest_ = (newest_ + 1) % kFilters;
  filters_[newest_].added = 0;
  cleared_ = 0;
  started_ = now;
}

}  // namespace sluice::flow
