#pragma once

// The parts of an image as spans, apart by when a look-up reads them. Views.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/match/domain_image.h"
#include "filters/match/rule.h"

namespace sluice::match {

inline constexpr std::string_view kImageMagic = "SLUICEDS";
static_assert(sizeof SluiceImageHeader::magic == kImageMagic.size());

// Before anything is found.
struct HotPart {
  const SluiceImageHeader* header = nullptr;
  std::span<const SluiceBucket> buckets;
  std::span<const std::uint32_t> references;
};

// After something is found.
struct ColdPart {
  std::span<const SluiceRule> rules;
  Bytes names;

  // The name of a rule and what lies behind it; empty where the rule is damaged.
  [[nodiscard]] Bytes name_of(const SluiceRule& rule) const noexcept {
    return names.subspan(std::min<std::size_t>(rule.name_at, names.size()));
  }
};

[[nodiscard]] constexpr EntryKind kind_of(const SluiceRule& rule) noexcept {
  return static_cast<EntryKind>(rule.bits & SLUICE_RULE_KIND);
}
[[nodiscard]] constexpr bool is_glob(const SluiceRule& rule) noexcept {
  return (rule.bits & SLUICE_RULE_GLOB) != 0;
}

}  // namespace sluice::match
