#include "filters/match/address_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "filters/match/pseudo_name.h"

namespace sluice::match {
namespace {

constexpr std::uint8_t kLabels = 2;  // of a pseudo-name

struct AddressRule {
  IpPrefix prefix;
  Match match;
};

std::vector<AddressRule> address_rules(const DomainSet& set) {
  std::vector<AddressRule> rules;
  set.for_each_rule([&](RuleId id) {
    const auto prefix = prefix_of(set.rule_wire(id));
    if (prefix) rules.push_back({*prefix, {id, kLabels, set.rule(id).kind}});
  });
  std::ranges::sort(rules, {}, [](const AddressRule& rule) {
    return std::tuple(rule.prefix, !is_exception(rule.match.kind), rule.match.rule.index);
  });
  return rules;
}

// Nothing behind the last address of all.
std::optional<IpAddress> behind(const IpAddress& address) {
  auto bytes = address.mapped();
  for (std::size_t i = bytes.size(); i-- > 0;) {
    bytes[i] = static_cast<std::byte>(std::to_integer<unsigned>(bytes[i]) + 1);
    if (bytes[i] != std::byte{0}) return IpAddress::from_bytes(bytes);
  }
  return std::nullopt;
}

}  // namespace

// Goes over the prefixes by address, those around before those inside.
class AddressSet::Sweep {
 public:
  explicit Sweep(AddressSet& set) : set_(set) {}

  void open(const IpPrefix& prefix) {
    while (!open_.empty() && !open_.back().contains(prefix.address())) close();
    const auto number = static_cast<std::uint32_t>(set_.prefixes_.size());
    const auto rule = static_cast<std::uint32_t>(set_.rules_.size());
    set_.prefixes_.push_back({innermost(), rule, rule});
    open_.push_back(prefix);
    numbers_.push_back(number);
    cut(prefix.address());
  }
  void finish() {
    while (!open_.empty()) close();
  }

 private:
  [[nodiscard]] std::uint32_t innermost() const {
    return numbers_.empty() ? kNone : numbers_.back();
  }
  void close() {
    const auto next = behind(open_.back().last());
    open_.pop_back();
    numbers_.pop_back();
    if (next) cut(*next);
  }
  // What is innermost now holds from `first` on.
  void cut(const IpAddress& first) {
    auto& segments = set_.segments_;
    if (segments.empty() || segments.back().first != first) segments.push_back({first});
    segments.back().prefix = innermost();
  }

  AddressSet& set_;
  std::vector<IpPrefix> open_;          // each inside the one before
  std::vector<std::uint32_t> numbers_;  // of these
};

AddressSet::AddressSet(const DomainSet& set) {
  Sweep sweep(*this);
  IpPrefix at_hand;
  for (const AddressRule& rule : address_rules(set)) {
    if (prefixes_.empty() || rule.prefix != at_hand) sweep.open(rule.prefix);
    at_hand = rule.prefix;
    rules_.push_back(rule.match);
    prefixes_.back().end = static_cast<std::uint32_t>(rules_.size());
  }
  sweep.finish();
}

void AddressSet::find_all(const IpAddress& address, Visit visit) const noexcept {
  const auto next = std::ranges::upper_bound(segments_, address, {}, &Segment::first);
  if (next == segments_.begin()) return;
  for (std::uint32_t i = std::prev(next)->prefix; i != kNone; i = prefixes_[i].around) {
    for (std::uint32_t rule = prefixes_[i].first; rule < prefixes_[i].end; ++rule) {
      if (!visit(rules_[rule])) return;
    }
  }
}

}  // namespace sluice::match
