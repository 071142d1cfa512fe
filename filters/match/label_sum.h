#pragma once

// The hash sum of a label, a word at a time: the result of sluice_label_sum (match/domain_image.h),
// faster. Private to match/. Pure; reads only inside the label's buffer.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "filters/base/bytes.h"
#include "filters/match/domain_image.h"
#include "filters/match/labels.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sluice::match {

static_assert(std::endian::native == std::endian::little, "whole words are loaded little-endian");

// `count` bytes (1 to 8) that end at `end`, in the high bytes of the word; the low ones are zero.
[[nodiscard]] inline std::uint64_t word_before(Bytes buffer, std::size_t end,
                                               std::size_t count) noexcept {
  const std::size_t unused = 64 - 8 * count;
  std::uint64_t word = 0;
  if (end >= sizeof word) [[likely]] {
    std::memcpy(&word, buffer.data() + end - sizeof word, sizeof word);
    return word >> unused << unused;
  }
  for (std::size_t i = end - count; i < end; ++i) {
    word = word >> 8 | std::to_integer<std::uint64_t>(buffer[i]) << 56;
  }
  return word;
}

// The result of sluice_label_sum, a word at a time.
[[nodiscard]] inline std::uint64_t label_sum_by_words(Bytes buffer, Label label,
                                                      const SluiceHashKey& key) noexcept {
  std::size_t end = label.at + label.size;
  std::uint64_t sum = 0;
  std::size_t left = label.size;
  for (std::size_t i = 0; i < kSluiceHashWords && (left > 0 || i < 2); ++i) {
    const std::size_t count = std::min<std::size_t>(left, 8);
    const std::uint64_t word = count == 0 ? 0 : word_before(buffer, end, count);
    sum += sluice_word_sum(sluice_fold_word(word), key.words[i ^ 1]);
    end -= count;
    left -= count;
  }
  return sum;
}

#ifdef __SSE2__
// Both words of a label of up to 16 bytes at once. No branch depends on the label's size, which a
// branch predictor cannot know. REQUIRES: 16 bytes before the label's end.
[[nodiscard]] inline std::uint64_t short_label_sum(const std::byte* end, std::size_t size,
                                                   const SluiceHashKey& key) noexcept {
  alignas(32) static constexpr std::array<std::uint8_t, 32> kMask = [] {
    std::array<std::uint8_t, 32> mask{};
    std::fill(mask.begin() + 16, mask.end(), 0xff);
    return mask;
  }();
  const auto load = [](const void* from) {
    __m128i bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
  };
  __m128i label = _mm_and_si128(load(end - 16), load(kMask.data() + size));
  // Only 'A' to 'Z' become the largest 26 signed bytes.
  const __m128i shifted = _mm_add_epi8(label, _mm_set1_epi8(127 - 'Z'));
  const __m128i upper = _mm_cmpgt_epi8(shifted, _mm_set1_epi8(127 - 26));
  label = _mm_or_si128(label, _mm_and_si128(upper, _mm_set1_epi8('a' - 'A')));
  const __m128i halves = _mm_add_epi32(label, load(key.words));
  const __m128i products = _mm_mul_epu32(halves, _mm_srli_epi64(halves, 32));
  const __m128i sum = _mm_add_epi64(products, _mm_unpackhi_epi64(products, products));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(sum));
}
#endif

[[nodiscard]] inline std::uint64_t label_sum(Bytes buffer, Label label,
                                             const SluiceHashKey& key) noexcept {
#ifdef __SSE2__
  const std::size_t end = label.at + label.size;
  if (label.size <= 16 && end >= 16) [[likely]] {
    return short_label_sum(buffer.data() + end, label.size, key);
  }
#endif
  return label_sum_by_words(buffer, label, key);
}

}  // namespace sluice::match
