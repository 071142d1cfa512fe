#pragma once

// The address section of an image (match/domain_image.h): how its records are read, checked and
// made. Private to match/.
//
// Pure. Only sort_address_rules allocates.

#include <span>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/match/domain_image.h"
#include "filters/match/rule.h"

namespace sluice::match {

// Marks the id of an address rule: the other bits are its place in the section. Ids of names are
// below it (SLUICE_SUFFIX_RULE).
inline constexpr std::uint32_t kAddressRule = 0x80000000U;
// Marks the id of a rule that an overlay adds (match/overlay.h).
inline constexpr std::uint32_t kAddedRule = 0x40000000U;
inline constexpr std::size_t kMaxAddressRules = kAddedRule - 1;  // all bits set is no rule

[[nodiscard]] inline bool is_address_rule(RuleId id) noexcept {
  return id.valid() && (id.index & kAddressRule) != 0;
}
[[nodiscard]] inline RuleId address_rule_id(std::size_t place) noexcept {
  return {kAddressRule | static_cast<std::uint32_t>(place)};
}

[[nodiscard]] IpPrefix range_of(const SluiceAddressRule& rule) noexcept;
[[nodiscard]] inline EntryKind kind_of(const SluiceAddressRule& rule) noexcept {
  return static_cast<EntryKind>(rule.bits & SLUICE_RULE_KIND);
}

// Whether a section of an image is as domain_image.h describes it: canonical ranges, in order.
[[nodiscard]] bool are_sound(std::span<const SluiceAddressRule> rules) noexcept;

// Among those of a section. Invalid: there is none. `takes`: whether it may be of this list.
[[nodiscard]] RuleId find_address_rule(std::span<const SluiceAddressRule> rules,
                                       const IpPrefix& range, EntryKind kind, AppId app,
                                       FunctionRef<bool(ListId)> takes) noexcept;

// The order of the section, outer ranges before inner ones.
[[nodiscard]] bool comes_before(const SluiceAddressRule& a, const SluiceAddressRule& b) noexcept;

struct RepeatedAddressRule {
  SluiceAddressRule left_out, first;
};
// Puts rules into the order of the section. Of those with the same range, kind and app, whose lists
// have the same `share`, only the first by list and line stays; the others are returned.
[[nodiscard]] std::vector<RepeatedAddressRule> sort_address_rules(
    std::vector<SluiceAddressRule>& rules, FunctionRef<std::uint32_t(std::uint16_t list)> share);

}  // namespace sluice::match
