#pragma once

// A bitmap over words that somebody else owns: which bytes of a stream are present. Pure; a place
// costs 1/64 of a word operation where runs are long.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::flow {

class Bitmap {
 public:
  static constexpr std::size_t kWordBits = 64;

  // For `places` places, and one behind the last.
  [[nodiscard]] static constexpr std::size_t words_for(std::size_t places) noexcept {
    return places / kWordBits + 1;
  }

  explicit Bitmap(std::span<std::uint64_t> words) noexcept : words_(words) {}

  void clear() noexcept { std::ranges::fill(words_, 0); }

  void set(std::size_t from, std::size_t to) noexcept {
    while (from < to) {
      const std::size_t bit = from % kWordBits;
      const std::size_t count = std::min(kWordBits - bit, to - from);
      const std::uint64_t ones = count == kWordBits ? kAll : (std::uint64_t{1} << count) - 1;
      words_[from / kWordBits] |= ones << bit;
      from += count;
    }
  }

  // The first place at or behind `from` that is not set.
  [[nodiscard]] std::size_t first_absent(std::size_t from) const noexcept {
    std::size_t word = from / kWordBits;
    if (word >= words_.size()) return from;
    std::uint64_t absent = ~words_[word] & (kAll << (from % kWordBits));
    while (absent == 0) {
      if (++word == words_.size()) return word * kWordBits;
      absent = ~words_[word];
    }
    return word * kWordBits + static_cast<std::size_t>(std::countr_zero(absent));
  }

  // The first set place from `from` on, before `limit`; `limit`: there is none.
  [[nodiscard]] std::size_t first_set(std::size_t from, std::size_t limit) const noexcept {
    if (from >= limit) return limit;
    std::size_t word = from / kWordBits;
    if (word >= words_.size()) return limit;
    std::uint64_t set = words_[word] & (kAll << (from % kWordBits));
    while (set == 0) {
      ++word;
      if (word == words_.size() || word * kWordBits >= limit) return limit;
      set = words_[word];
    }
    return std::min(limit, word * kWordBits + static_cast<std::size_t>(std::countr_zero(set)));
  }

  // The 64 places from `from` on; the lowest bit is the first one.
  [[nodiscard]] std::uint64_t word_from(std::size_t from) const noexcept {
    const auto word = [&](std::size_t at) { return at < words_.size() ? words_[at] : 0; };
    const std::size_t at = from / kWordBits, bits = from % kWordBits;
    if (bits == 0) return word(at);
    return word(at) >> bits | word(at + 1) << (kWordBits - bits);
  }

  // Moves everything `count` places to the front. REQUIRES: no place from `end` on is set.
  void shift_down(std::size_t count, std::size_t end) noexcept {
    const std::size_t words = count / kWordBits;
    const std::size_t bits = count % kWordBits;
    const std::size_t used = std::min(end / kWordBits + 1, words_.size());
    for (std::size_t i = 0; i < used; ++i) {
      const auto word = [&](std::size_t at) { return at < used ? words_[at] : 0; };
      words_[i] = word(i + words) >> bits;
      if (bits != 0) words_[i] |= word(i + words + 1) << (kWordBits - bits);
    }
  }

 private:
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  std::span<std::uint64_t> words_;
};

}  // namespace sluice::flow
