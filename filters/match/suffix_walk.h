#pragma once

// One look-up on its way through the buckets of a set: from the right, label by label, until a
// suffix is not there. Private to match/. No allocation, no exceptions.

#include <bit>
#include <cstdint>

#include "filters/match/image_parts.h"
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

// A suffix that has rules, by its tag; not verified yet.
struct FoundSuffix {
  RuleId rule;             // the first
  std::uint32_t label_at;  // where the suffix starts in the name's buffer
  std::uint8_t depth;      // its labels
  bool whole;              // it is all of the name
  bool has_globs;          // among its rules
};

template <typename Source>
class SuffixWalk {
 public:
  // REQUIRES: a set that is not empty.
  SuffixWalk(const HotPart& set, Source name) noexcept
      : set_(set), labels_(name), hash_(set.header->key.start) {}

  // Takes in labels up to the next suffix that has to be looked for; false: there is none.
  bool advance() noexcept {
    if (!take_label()) return false;
    return depth_ > 1 || set_.header->top_level != 0 || take_label();
  }
  [[nodiscard]] std::size_t home_bucket() const noexcept {
    return sluice_home_bucket(hash_, set_.header->home_buckets);
  }
  // At a suffix of one label. They are there only as entries: they say nothing of longer ones.
  [[nodiscard]] bool at_top() const noexcept { return depth_ == 1; }
  // Slots of a bucket that may hold the suffix.
  [[nodiscard]] std::uint32_t matches_in(std::size_t bucket) const noexcept {
    return bucket_matches(set_.buckets[bucket], sluice_tag(hash_));
  }
  [[nodiscard]] bool overflows(std::size_t bucket) const noexcept {
    return (set_.buckets[bucket].overflow & sluice_overflow_bit(hash_)) != 0;
  }
  // Calls `take(found)` for each slot that may hold the suffix and has rules. False: no longer
  // suffix can be there.
  template <typename Take>
  bool probe(Take&& take) noexcept {
    bool go_on = at_top();
    std::size_t bucket = home_bucket();
    for (std::uint32_t n = 0; n < kSluiceMaxProbe; ++n, ++bucket) {
      for (std::uint32_t matches = matches_in(bucket); matches != 0; matches &= matches - 1) {
        const std::uint32_t suffix = set_.buckets[bucket].suffixes[std::countr_zero(matches)];
        go_on = go_on || (suffix & SLUICE_SUFFIX_GO_ON) != 0;
        if ((suffix & SLUICE_SUFFIX_HAS_RULES) != 0) {
          take(FoundSuffix{{suffix & SLUICE_SUFFIX_RULE},
                           label_at_,
                           depth_,
                           labels_.at_start(),
                           (suffix & SLUICE_SUFFIX_HAS_GLOBS) != 0});
        }
      }
      if (!overflows(bucket)) break;
    }
    return go_on;
  }

 private:
  bool take_label() noexcept {
    Label label;
    if (!labels_.next(label)) return false;
    const SluiceHashKey& key = set_.header->key;
    hash_ =
        sluice_extend(hash_, label_sum(labels_.buffer(), label, key), label.size, key.multiplier);
    label_at_ = label.at;
    ++depth_;
    return true;
  }

  const HotPart& set_;
  typename LabelsOf<Source>::Type labels_;
  std::uint64_t hash_;
  std::uint32_t label_at_ = 0;
  std::uint8_t depth_ = 0;
};

}  // namespace sluice::match
