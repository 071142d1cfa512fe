#pragma once

// One lookup in the buckets of a set: from the right, label by label, until a suffix is missing.
// Private to match/. No allocation, no exceptions.

#include <bit>
#include <cstdint>

#include "filters/match/image_parts.h"
#include "filters/match/label_sum.h"
#include "filters/match/labels.h"

namespace sluice::match {

// Bit i: slot i of the bucket has this tag.
[[nodiscard]] inline std::uint32_t bucket_matches(const SluiceBucket& bucket,
                                                  std::uint16_t tag) noexcept {
#ifdef __SSE2__
  static_assert(kSluiceBucketSlots <= 16 && sizeof bucket >= 2 * sizeof(__m128i));
  __m128i lanes[2];
  std::memcpy(lanes, &bucket, sizeof lanes);
  const __m128i wanted = _mm_set1_epi16(static_cast<short>(tag));
  const __m128i equal =
      _mm_packs_epi16(_mm_cmpeq_epi16(lanes[0], wanted), _mm_cmpeq_epi16(lanes[1], wanted));
  const auto matches = static_cast<std::uint32_t>(_mm_movemask_epi8(equal));
  return matches & ((1U << kSluiceBucketSlots) - 1);
#else
  return sluice_bucket_matches(&bucket, tag);
#endif
}

// A suffix that has rules, by its tag; not verified yet. Trivial, so that arrays of it need no
// initialisation.
struct FoundSuffix {
  std::uint32_t rule;      // the first one
  std::uint32_t label_at;  // where the suffix starts in the name's buffer
  std::uint8_t depth;      // number of its labels
  bool whole;              // it is the whole name
  bool has_globs;          // some of its rules are globs
};

// Calls `take(suffix)` for each suffix with the tag of this hash. True: the set may have a longer
// suffix.
template <typename Take>
bool probe(const HotPart& set, std::uint64_t hash, Take&& take) noexcept {
  bool go_on = false;
  std::size_t at = sluice_home_bucket(hash, set.header->home_buckets);
  for (std::uint32_t n = 0; n < kSluiceMaxProbe; ++n, ++at) {
    const SluiceBucket& bucket = set.buckets[at];
    for (std::uint32_t matches = bucket_matches(bucket, sluice_tag(hash)); matches != 0;
         matches &= matches - 1) {
      const std::uint32_t suffix = bucket.suffixes[std::countr_zero(matches)];
      go_on = go_on || (suffix & SLUICE_SUFFIX_GO_ON) != 0;
      if ((suffix & SLUICE_SUFFIX_HAS_RULES) != 0) take(suffix);
    }
    if ((bucket.overflow & sluice_overflow_bit(hash)) == 0) break;
  }
  return go_on;
}

[[nodiscard]] inline FoundSuffix found_suffix(std::uint32_t suffix, std::size_t label_at,
                                              std::uint8_t depth, bool whole) noexcept {
  return {suffix & SLUICE_SUFFIX_RULE, static_cast<std::uint32_t>(label_at), depth, whole,
          (suffix & SLUICE_SUFFIX_HAS_GLOBS) != 0};
}

// The suffixes that every lookup starts with: of one label (if the set has such entries), of two
// and of three. If the set has none of them, nothing covers the name. Most lookups end here.
class FirstSuffixes {
 public:
  template <typename Source>
  FirstSuffixes(const SluiceImageHeader& header, Source name) noexcept
      : labels_(last_labels(name)) {
    if (labels_.count == 0) return;
    const SluiceHashKey& key = header.key;
    const auto extend = [&](std::uint64_t hash, Label label) {
      return sluice_extend(hash, label_sum(name.buffer, label, key), label.size, key.multiplier);
    };
    top_ = extend(key.start, labels_.first);
    // Missing suffixes repeat an existing one, so the lookup needs no branch.
    second_ = labels_.count > 1 ? extend(top_, labels_.second) : top_;
    third_ = labels_.count > 2 ? extend(second_, labels_.third) : second_;
  }

  void prefetch(const HotPart& set) const noexcept {
    if (set.header->top_level != 0) __builtin_prefetch(&bucket_of(set, top_));
    __builtin_prefetch(&filter_word(set, second_));
    __builtin_prefetch(&filter_word(set, third_));
  }
  void prefetch_buckets(const HotPart& set) const noexcept {
    __builtin_prefetch(&bucket_of(set, second_));
    __builtin_prefetch(&bucket_of(set, third_));
  }
  // False: nothing covers the name.
  [[nodiscard]] bool may_be_there(const HotPart& set) const noexcept {
    // One branch: each of the two conditions alone is harder to predict.
    return (int{may_pass(set, second_)} | int{may_pass(set, third_)}) != 0 ||
           (set.header->top_level != 0 && may_be_in(bucket_of(set, top_), top_));
  }
  // Calls `take(found)` for the suffixes that the set may have. True: the name has longer suffixes,
  // and the set may have one of them.
  template <typename Take>
  bool find(const HotPart& set, Take&& take) const noexcept {
    const auto look = [&](std::uint64_t hash, Label label, std::uint8_t depth) {
      return probe(set, hash, [&](std::uint32_t suffix) {
        take(found_suffix(suffix, label.at, depth, labels_.count == depth && !labels_.more));
      });
    };
    // Suffixes of one label are in the table only as entries: they tell nothing of longer ones.
    if (labels_.count > 0 && set.header->top_level != 0) look(top_, labels_.first, 1);
    return labels_.count > 1 && look(second_, labels_.second, 2) && labels_.count > 2 &&
           look(third_, labels_.third, 3) && labels_.more;
  }
  [[nodiscard]] std::uint64_t hash_of_two_labels() const noexcept { return second_; }
  [[nodiscard]] std::uint64_t hash_of_three_labels() const noexcept { return third_; }

 private:
  [[nodiscard]] static const std::uint64_t& filter_word(const HotPart& set,
                                                        std::uint64_t hash) noexcept {
    return set.filter[sluice_filter_word(hash, static_cast<std::uint32_t>(set.filter.size()))];
  }
  [[nodiscard]] static bool may_pass(const HotPart& set, std::uint64_t hash) noexcept {
    const std::uint64_t bits = sluice_filter_bits(hash);
    return (filter_word(set, hash) & bits) == bits;
  }
  [[nodiscard]] static const SluiceBucket& bucket_of(const HotPart& set,
                                                     std::uint64_t hash) noexcept {
    return set.buckets[sluice_home_bucket(hash, set.header->home_buckets)];
  }
  [[nodiscard]] static bool may_be_in(const SluiceBucket& bucket, std::uint64_t hash) noexcept {
    return (bucket_matches(bucket, sluice_tag(hash)) |
            (bucket.overflow & sluice_overflow_bit(hash))) != 0;
  }

  LastLabels labels_;
  std::uint64_t top_ = 0, second_ = 0, third_ = 0;
};

// The longer suffixes, one after the other.
template <typename Source>
class SuffixWalk {
 public:
  // REQUIRES: a name with more than three labels.
  SuffixWalk(const HotPart& set, Source name, const FirstSuffixes& first) noexcept
      : set_(set), labels_(name), hash_(first.hash_of_three_labels()) {
    Label label;
    static_cast<void>(labels_.next(label) && labels_.next(label) && labels_.next(label));
  }

  // Goes on to the next suffix. False: there is none.
  bool advance() noexcept {
    Label label;
    if (!labels_.next(label)) return false;
    const SluiceHashKey& key = set_.header->key;
    hash_ =
        sluice_extend(hash_, label_sum(labels_.buffer(), label, key), label.size, key.multiplier);
    label_at_ = label.at;
    ++depth_;
    return true;
  }
  void prefetch() const noexcept {
    __builtin_prefetch(&set_.buckets[sluice_home_bucket(hash_, set_.header->home_buckets)]);
  }
  // Calls `take(found)` for the suffix if the set may have it. True: the set may have a longer one.
  template <typename Take>
  bool find(Take&& take) const noexcept {
    return probe(set_, hash_, [&](std::uint32_t suffix) {
      take(found_suffix(suffix, label_at_, depth_, labels_.at_start()));
    });
  }

 private:
  const HotPart& set_;
  typename LabelsOf<Source>::Type labels_;
  std::uint64_t hash_;
  std::size_t label_at_ = 0;
  std::uint8_t depth_ = 3;
};

}  // namespace sluice::match
