#pragma once

// The parts of an image that a lookup reads, as spans. Views.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/match/domain_image.h"
#include "filters/match/rule.h"

namespace sluice::match {

inline constexpr std::string_view kImageMagic = "SLUICEDS";
static_assert(sizeof SluiceImageHeader::magic == kImageMagic.size());

// Read by every lookup.
struct HotPart {
  const SluiceImageHeader* header = nullptr;
  std::span<const std::uint64_t> filter;
  std::span<const SluiceBucket> buckets;
};

// A stored rule of a name.
struct StoredRule {
  std::uint32_t line = 0;
  ListId list;
  AppId app;
  std::uint8_t bits = SLUICE_RULE_LAST;
  Bytes name;  // wire form; empty: the image is damaged

  [[nodiscard]] EntryKind kind() const noexcept {
    return static_cast<EntryKind>(bits & SLUICE_RULE_KIND);
  }
  [[nodiscard]] bool is_glob() const noexcept { return (bits & SLUICE_RULE_GLOB) != 0; }
  [[nodiscard]] bool is_last() const noexcept { return (bits & SLUICE_RULE_LAST) != 0; }
};

// Whether an overlay may have rules for a name, by the hash of its two labels at the right: one
// word, so that a miss pays for no more. Some that pass have none.
struct OverlayGate {
  static constexpr std::size_t kBits = 16;  // a name

  const std::uint64_t* words = nullptr;  // null: there is no overlay
  unsigned shift = 0;                    // the bits of the hash behind it choose the word

  [[nodiscard]] bool is_open(std::uint64_t hash) const noexcept {
    const std::uint64_t bits = bits_of(hash);
    return (words[hash >> shift] & bits) == bits;
  }
  [[nodiscard]] static std::uint64_t bits_of(std::uint64_t hash) noexcept {
    return std::uint64_t{1} << (hash & 63) | std::uint64_t{1} << (hash >> 6 & 63);
  }
};

class GlobIndex;

// Read after a hit.
struct ColdPart {
  Bytes rules;
  const GlobIndex* globs = nullptr;  // null only while it is made

  [[nodiscard]] StoredRule rule(RuleId id) const noexcept {
    const std::size_t at = std::size_t{id.index} * kSluiceRuleAlign;
    SluiceRule head;
    if (at > rules.size() || rules.size() - at < sizeof head) return {};
    std::memcpy(&head, rules.data() + at, sizeof head);
    const Bytes rest = rules.subspan(at + kSluiceRuleNameAt);
    return {head.line, ListId{head.list}, AppId{head.app}, head.bits,
            rest.first(std::min<std::size_t>(head.name_bytes, rest.size()))};
  }
  [[nodiscard]] static RuleId behind(RuleId id, const StoredRule& rule) noexcept {
    const std::size_t bytes = kSluiceRuleNameAt + rule.name.size();
    return {id.index +
            static_cast<std::uint32_t>((bytes + kSluiceRuleAlign - 1) / kSluiceRuleAlign)};
  }
};

}  // namespace sluice::match
