#pragma once

// The image of a domain set, in memory, in a file and in a BPF array map: layout, hash and probe,
// in one header for C++ and BPF C. lists/compile/README.md describes the bytes.
//
//   | header | filter … | buckets … | rules … | addresses | texts | answers | strings |
//     256 B    8 B each   64 B each   with      32 B each
//                                     their names
//              ^ hot: a miss reads one word of the filter, sometimes a bucket
//                                     ^ cold: read only after a hit, or when the image is opened
//
// A name is hashed label by label from the right, so one pass gives the hash of each suffix. A
// bucket (one cache line) has the 16-bit tags of 10 suffixes, and a word about each. The table has
// every entry and, from two labels on, every suffix of an entry. So a lookup goes from the right,
// and ends at the first suffix that is missing.
//
// Most lookups end sooner. A Bloom filter, small enough for the processor's caches, has the
// suffixes of two labels that have rules, and all suffixes of three labels. A name with neither is
// covered by nothing except an entry of one label. The filter leaves out suffixes of two labels
// that are only parents of others, because those of popular names often are.
//
// If the home bucket of a suffix is full, the suffix lies in one of the next. The home, and each
// full bucket on the way, has the overflow bit of its class set. A probe ends at a bucket whose bit
// is not set, or after kSluiceMaxProbe buckets: the builder refuses a table that would need more.
//
// C11 and C++23; no 128-bit arithmetic, no loop without a constant bound, no library call.
// Little-endian hosts only: a reader refuses other images.

#include <stddef.h>
#include <stdint.h>

enum {
  kSluiceImageVersion = 3,
  kSluiceImageByteOrder = 0x01020304,
  kSluiceHashWords = 8,      // a label has up to 63 bytes
  kSluiceBucketSlots = 10,   // with 4 bytes for the classes they fill a cache line
  kSluiceMaxProbe = 8,       // buckets that a lookup of one suffix may read
  kSluiceSectionAlign = 64,  // sections start on a cache line
  kSluiceRuleAlign = 4,      // rules start at a multiple of it
  kSluiceRuleNameAt = 9      // place of the name in its rule
};

// The secret of an image, drawn at random by its builder: without it nobody can aim at a bucket.
struct SluiceHashKey {
  uint64_t start;
  uint64_t multiplier;  // odd
  uint64_t words[kSluiceHashWords];
};

struct SluiceBucket {
  uint16_t tags[kSluiceBucketSlots];  // 0: empty
  uint32_t overflow;                  // bit c: a suffix of class c lies in a later bucket
  uint32_t suffixes[kSluiceBucketSlots];
};

// The word about a suffix.
//   bit 31  it has rules: bits 0-28 are the first of them, in steps of kSluiceRuleAlign
//   bit 30  longer suffixes lie below it: go on
//   bit 29  some of its rules are globs: they may cover more labels than a longer suffix has
#define SLUICE_SUFFIX_HAS_RULES 0x80000000U
#define SLUICE_SUFFIX_GO_ON 0x40000000U
#define SLUICE_SUFFIX_HAS_GLOBS 0x20000000U
#define SLUICE_SUFFIX_RULE 0x1fffffffU

// A rule of a name, with the name behind it. The rules of one name are adjacent, exceptions first,
// globs last.
struct SluiceRule {
  uint32_t line;  // 1 is the first
  uint16_t list;
  uint8_t app;   // 255: every app
  uint8_t bits;  // SLUICE_RULE_…
  uint8_t name_bytes;
  // from kSluiceRuleNameAt: the name in wire form, lower case, root included; globs with their `*`
};
// 0 suffix, 1 exact, 2 exception, 3 exact exception, 4 below, 5 exception below, 6 exemption
#define SLUICE_RULE_KIND 0x07U
#define SLUICE_RULE_GLOB 0x08U      // the name is a pattern
#define SLUICE_RULE_HAS_TEXT 0x10U  // the texts have it as its list writes it
#define SLUICE_RULE_LAST 0x20U      // the next rule has another name
#define SLUICE_RULE_ANSWER 0xc0U    // how DNS is answered: 0 as the policy says, or one of these
#define SLUICE_RULE_NXDOMAIN 0x40U
#define SLUICE_RULE_HAS_ANSWERS 0x80U  // the answers have it

// A rule of an address range. Sorted by first address, then by length; at one range exceptions
// first, then by app. No two have the same range, kind and app.
struct SluiceAddressRule {
  uint8_t first[16];  // network order; IPv4 as ::ffff:a.b.c.d
  uint32_t line;      // 1 is the first
  uint16_t list;
  uint8_t app;     // 255: every app
  uint8_t bits;    // SLUICE_RULE_KIND, exact or exact exception
  uint8_t length;  // of the prefix, in the 128 bits of `first`; the bits of `first` behind it are 0
  uint8_t reserved[7];
};

// A rule as its list writes it. Sorted by rule.
struct SluiceText {
  uint32_t rule;     // in steps of kSluiceRuleAlign
  uint32_t text_at;  // in the strings: a length byte, then the text
};

// An answer of a rule, or one of its records. Sorted by rule.
struct SluiceAnswer {
  uint32_t rule;     // in steps of kSluiceRuleAlign
  uint32_t ttl;      // of a record, here and below
  uint32_t data_at;  // in the strings: a length byte, then the data
  uint16_t type;
  uint8_t kind;  // match::AnswerKind
  uint8_t reserved;
};

struct SluiceSection {
  uint64_t at;     // from the start of the image; a multiple of kSluiceSectionAlign
  uint64_t count;  // of elements
};

struct SluiceImageHeader {
  uint8_t magic[8];  // "SLUICEDS"
  uint32_t version;
  uint32_t byte_order;  // as the writer stores kSluiceImageByteOrder
  uint64_t image_bytes;
  uint64_t checksum;      // XXH3-64 of the image with this field zero
  uint32_t home_buckets;  // the buckets behind these are for overflow only
  uint32_t top_level;     // 1: there are entries of one label
  uint64_t names;         // different names that have rules
  uint64_t rules;         // rules of names
  struct SluiceSection filter, buckets, rule_bytes, addresses, texts, answers, strings;
  struct SluiceHashKey key;
  uint16_t apps,
      lists;  // their names are the first strings: apps, then a name and a version a list
  uint8_t reserved[4];
};

#ifdef __cplusplus
#define SLUICE_STATIC_ASSERT static_assert
#else
#define SLUICE_STATIC_ASSERT _Static_assert
#endif
SLUICE_STATIC_ASSERT(sizeof(struct SluiceBucket) == 64, "a bucket is one cache line");
SLUICE_STATIC_ASSERT(offsetof(struct SluiceRule, name_bytes) + 1 == kSluiceRuleNameAt,
                     "the name is behind its length");
SLUICE_STATIC_ASSERT(sizeof(struct SluiceAddressRule) == 32, "address rules have no padding");
SLUICE_STATIC_ASSERT(sizeof(struct SluiceAnswer) == 16, "answers have no padding");
SLUICE_STATIC_ASSERT(sizeof(struct SluiceHashKey) == 80, "the key has no padding");
SLUICE_STATIC_ASSERT(sizeof(struct SluiceImageHeader) == 256, "the header has no padding");

#ifdef __cplusplus  // casts of C, because C includes this too
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

// The home of a suffix with hash `h`. Buckets ascend with the hash.
static inline uint32_t sluice_home_bucket(uint64_t h, uint32_t home_buckets) {
  return (uint32_t)(((h >> 32) * home_buckets) >> 32);
}
// The word of a suffix in the filter, and its bits there.
static inline uint32_t sluice_filter_word(uint64_t h, uint32_t words) {
  return (uint32_t)(((h >> 32) * words) >> 32);
}
static inline uint64_t sluice_filter_bits(uint64_t h) {
  return (uint64_t)1 << (h & 63) | (uint64_t)1 << (h >> 6 & 63) | (uint64_t)1 << (h >> 12 & 63) |
         (uint64_t)1 << (h >> 18 & 63);
}
static inline uint16_t sluice_tag(uint64_t h) {
  const uint16_t tag = (uint16_t)h;
  return tag != 0 ? tag : 1;
}
static inline uint32_t sluice_overflow_bit(uint64_t h) {
  return (uint32_t)1 << ((h >> 16) & 31);
}

// Folds eight bytes at once: A to Z become a to z (RFC 4343).
static inline uint64_t sluice_fold_word(uint64_t w) {
  const uint64_t ones = 0x0101010101010101U;
  const uint64_t low = w & (0x7f * ones);
  const uint64_t from_a = low + (0x80 - 'A') * ones;        // top bit: 'A' or above
  const uint64_t behind_z = low + (0x80 - 'Z' - 1) * ones;  // top bit: above 'Z'
  const uint64_t upper = (from_a & ~behind_z & ~w) & (0x80 * ones);
  return w | upper >> 2;
}

// One word of a label: NH of UMAC (RFC 4418 section 5.2.2), products of two keyed halves.
static inline uint64_t sluice_word_sum(uint64_t w, uint64_t key) {
  const uint32_t low = (uint32_t)w + (uint32_t)key;
  const uint32_t high = (uint32_t)(w >> 32) + (uint32_t)(key >> 32);
  return (uint64_t)low * high;
}

// The hash of a suffix, from the hash of the suffix without its leftmost label and that label's
// sum.
static inline uint64_t sluice_extend(uint64_t h, uint64_t sum, uint64_t length,
                                     uint64_t multiplier) {
  h = (h ^ (sum + length)) * multiplier;
  h ^= h >> 32;
  h *= 0x9e3779b97f4a7c15U;
  return h ^ h >> 29;
}

// The sum of a label's words. Words are taken from the label's end: byte j from the end (0 is the
// last) is in word j / 8, in its byte 7 - j % 8. Words 0 and 1 always count; the others if the
// label reaches them. Keys are swapped in pairs, so that one load of 16 bytes brings both words of
// a short label in the order of their keys. This is the plain form; match/label_sum.h has a faster
// one.
static inline uint64_t sluice_label_sum(const uint8_t* label, uint32_t length,
                                        const struct SluiceHashKey* key) {
  uint64_t words[kSluiceHashWords] = {0};
  for (uint32_t j = 0; j < 63 && j < length; ++j) {
    words[j >> 3] |= (uint64_t)label[length - 1 - j] << (56 - 8 * (j & 7));
  }
  uint64_t sum = 0;
  for (uint32_t i = 0; i < kSluiceHashWords; ++i) {
    if (i >= 2 && i * 8 >= length) break;
    sum += sluice_word_sum(sluice_fold_word(words[i]), key->words[i ^ 1]);
  }
  return sum;
}

// Bit i: slot i of the bucket has this tag. The plain form; match/suffix_walk.h has a faster one.
static inline uint32_t sluice_bucket_matches(const struct SluiceBucket* bucket, uint16_t tag) {
  uint32_t matches = 0;
  for (uint32_t i = 0; i < kSluiceBucketSlots; ++i) {
    matches |= (uint32_t)(bucket->tags[i] == tag) << i;
  }
  return matches;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif
