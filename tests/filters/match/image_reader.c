/* The image read with nothing but its C header, as a BPF program reads it: is it C11, and does it
 * say what the C++ reader says? */

#include "filters/match/domain_image.h"

/* 1: the suffix of hash `h` may be there, with what is known of it in *suffix. */
static int find_suffix(const struct SluiceImageHeader* header, uint64_t h, uint32_t* suffix) {
  const uint8_t* image = (const uint8_t*)header;
  const struct SluiceBucket* bucket = (const struct SluiceBucket*)(image + header->buckets.at) +
                                      sluice_home_bucket(h, header->home_buckets);
  int there = 0;
  *suffix = 0;
  for (uint32_t n = 0; n < kSluiceMaxProbe; ++n, ++bucket) {
    const uint32_t matches = sluice_bucket_matches(bucket, sluice_tag(h));
    for (uint32_t i = 0; i < kSluiceBucketSlots; ++i) {
      if ((matches >> i & 1) == 0) continue;
      there = 1;
      *suffix |= bucket->suffixes[i];
    }
    if ((bucket->overflow & sluice_overflow_bit(h)) == 0) break;
  }
  return there;
}

static int passes_filter(const struct SluiceImageHeader* header, uint64_t h) {
  const uint64_t* filter = (const uint64_t*)((const uint8_t*)header + header->filter.at);
  const uint64_t bits = sluice_filter_bits(h);
  return (filter[sluice_filter_word(h, (uint32_t)header->filter.count)] & bits) == bits;
}

/* Labels of the longest suffix of the wire name that may have rules; 0: none has. */
uint32_t longest_suffix_with_rules(const void* image, const uint8_t* name) {
  const struct SluiceImageHeader* header = (const struct SluiceImageHeader*)image;
  uint8_t starts[127]; /* BPF has 512 bytes of stack in all */
  uint32_t labels = 0;
  uint32_t end = 0;
  for (; labels < 127 && name[end] != 0; ++labels) {
    starts[labels] = (uint8_t)end;
    end += 1U + name[end];
  }
  uint64_t h = header->key.start;
  uint32_t longest = 0;
  int passes = 0;
  for (uint32_t depth = 1; depth <= labels; ++depth) {
    const uint8_t* label = name + starts[labels - depth];
    uint32_t suffix = 0;
    h = sluice_extend(h, sluice_label_sum(label + 1, label[0], &header->key), label[0],
                      header->key.multiplier);
    if (depth == 1 && header->top_level == 0) continue;
    /* Of two labels with rules, or of three: else nothing longer is there. */
    if (depth == 2 || depth == 3) passes |= passes_filter(header, h);
    if (!passes && depth == (labels < 3 ? labels : 3) && depth > 1) break;
    if (!find_suffix(header, h, &suffix) && depth > 1) break;
    if ((suffix & SLUICE_SUFFIX_HAS_RULES) != 0) longest = depth;
    if ((suffix & SLUICE_SUFFIX_GO_ON) == 0 && depth > 1) break;
  }
  return longest;
}
