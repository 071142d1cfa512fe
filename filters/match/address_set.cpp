#include "filters/match/address_set.h"

#include <algorithm>
#include <optional>

#include "filters/match/address_rules.h"

namespace sluice::match {
namespace {

// Empty: `address` is the last one.
std::optional<IpAddress> next_address(const IpAddress& address) {
  auto bytes = address.mapped();
  for (std::size_t i = bytes.size(); i-- > 0;) {
    bytes[i] = static_cast<std::byte>(std::to_integer<unsigned>(bytes[i]) + 1);
    if (bytes[i] != std::byte{0}) return IpAddress::from_bytes(bytes);
  }
  return std::nullopt;
}

}  // namespace

// Takes the prefixes in the order of the section: by address, outer ones before inner ones.
class AddressSet::Sweep {
 public:
  explicit Sweep(AddressSet& set) : set_(set) {}

  void open(const IpPrefix& prefix, std::uint32_t rule) {
    while (!open_.empty() && !open_.back().contains(prefix.address())) close();
    const auto number = static_cast<std::uint32_t>(set_.prefixes_.size());
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
    const auto next = next_address(open_.back().last());
    open_.pop_back();
    numbers_.pop_back();
    if (next) cut(*next);
  }
  // From `first` on, the innermost prefix is the longest.
  void cut(const IpAddress& first) {
    auto& segments = set_.segments_;
    if (segments.empty() || segments.back().first != first) segments.push_back({first});
    segments.back().prefix = innermost();
  }

  AddressSet& set_;
  std::vector<IpPrefix> open_;          // each inside the one before
  std::vector<std::uint32_t> numbers_;  // of these
};

AddressSet::AddressSet(const DomainSet& set, const Nat64& nat64)
    : rules_(set.address_rules()), nat64_(nat64) {
  if (set.changes_addresses()) {
    auto merged = std::make_shared<Merged>();
    set.for_each_address_rule([&](const SluiceAddressRule& rule, RuleId id) {
      merged->rules.push_back(rule);
      merged->ids.push_back(id);
    });
    rules_ = merged->rules;
    merged_ = std::move(merged);
  }
  Sweep sweep(*this);
  IpPrefix last;
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const IpPrefix range = range_of(rules_[i]);
    if (prefixes_.empty() || range != last) sweep.open(range, i);
    prefixes_.back().end = i + 1;
    last = range;
  }
  sweep.finish();
}

RuleId AddressSet::id_of(std::uint32_t rule) const noexcept {
  return merged_ == nullptr ? address_rule_id(rule) : merged_->ids[rule];
}

bool AddressSet::visit_all(const IpAddress& address, Visit visit) const noexcept {
  const auto next = std::ranges::upper_bound(segments_, address, {}, &Segment::first);
  if (next == segments_.begin()) return true;
  for (std::uint32_t i = std::prev(next)->prefix; i != kNone; i = prefixes_[i].around) {
    for (std::uint32_t rule = prefixes_[i].first; rule < prefixes_[i].end; ++rule) {
      if (!visit({.rule = id_of(rule), .kind = kind_of(rules_[rule])})) return false;
    }
  }
  return true;
}

std::vector<IpPrefix> AddressSet::prefixes() const {
  std::vector<IpPrefix> prefixes;
  prefixes.reserve(prefixes_.size());
  for (const Prefix& prefix : prefixes_) prefixes.push_back(range_of(rules_[prefix.first]));
  return prefixes;
}

void AddressSet::find_all(const IpAddress& address, Visit visit) const noexcept {
  if (!visit_all(address, visit) || address.is_v4()) return;
  if (const auto v4 = nat64_.embedded(address)) static_cast<void>(visit_all(*v4, visit));
}

}  // namespace sluice::match
