#include "filters/match/address_rules.h"

#include <algorithm>
#include <tuple>

namespace sluice::match {
namespace {

constexpr unsigned kAddressBits = 128;

auto place_of(const SluiceAddressRule& rule) noexcept {
  return std::tuple(range_of(rule), !is_exception(kind_of(rule)), rule.app);
}

bool is_canonical(const SluiceAddressRule& rule) noexcept {
  return rule.length <= kAddressBits && is_exact(kind_of(rule)) &&
         (rule.bits & ~SLUICE_RULE_KIND) == 0 &&
         std::ranges::equal(range_of(rule).address().mapped(),
                            std::as_bytes(std::span(rule.first)));
}

}  // namespace

IpPrefix range_of(const SluiceAddressRule& rule) noexcept {
  return IpPrefix::around(IpAddress::from_bytes(std::as_bytes(std::span(rule.first))), rule.length);
}

bool are_sound(std::span<const SluiceAddressRule> rules) noexcept {
  const auto out_of_order = [](const SluiceAddressRule& a, const SluiceAddressRule& b) {
    const auto first = place_of(a), second = place_of(b);
    // Lists that are kept apart may have the same.
    return first > second || (first == second && a.list == b.list);
  };
  return rules.size() <= kMaxAddressRules && std::ranges::all_of(rules, is_canonical) &&
         std::ranges::adjacent_find(rules, out_of_order) == rules.end();
}

RuleId find_address_rule(std::span<const SluiceAddressRule> rules, const IpPrefix& range,
                         EntryKind kind, AppId app, FunctionRef<bool(ListId)> takes) noexcept {
  const auto wanted = std::tuple(range, !is_exception(kind), app.index);
  const auto found = std::ranges::equal_range(rules, wanted, {}, place_of);
  for (const SluiceAddressRule& rule : found) {
    if (takes(ListId{rule.list}))
      return address_rule_id(static_cast<std::size_t>(&rule - rules.data()));
  }
  return {};
}

bool comes_before(const SluiceAddressRule& a, const SluiceAddressRule& b) noexcept {
  return place_of(a) < place_of(b);
}

std::vector<RepeatedAddressRule> sort_address_rules(
    std::vector<SluiceAddressRule>& rules, FunctionRef<std::uint32_t(std::uint16_t list)> share) {
  std::ranges::sort(rules, {}, [&](const SluiceAddressRule& rule) {
    return std::tuple(place_of(rule), share(rule.list), rule.list, rule.line);
  });
  std::vector<RepeatedAddressRule> repeated;
  std::size_t kept = 0;
  for (const SluiceAddressRule& rule : rules) {
    if (kept > 0 && place_of(rules[kept - 1]) == place_of(rule) &&
        share(rules[kept - 1].list) == share(rule.list)) {
      repeated.push_back({rule, rules[kept - 1]});
    } else {
      rules[kept++] = rule;
    }
  }
  rules.resize(kept);
  return repeated;
}

}  // namespace sluice::match
