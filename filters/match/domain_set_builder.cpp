#include "filters/match/domain_set_builder.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "filters/match/suffix_hash.h"

namespace sluice::match {
namespace {

constexpr std::size_t kMaxRules = std::size_t{1} << 31;
constexpr std::size_t kMaxLists = 0xffff;
constexpr std::size_t kMaxProbe = 64;
constexpr std::string_view kAnyApp = "*";

// At one name: exceptions first, exact ones before suffixes.
constexpr int rank(EntryKind kind) {
  switch (kind) {
    case EntryKind::exact_exception:
      return 0;
    case EntryKind::exception:
      return 1;
    case EntryKind::exact:
      return 2;
    case EntryKind::suffix:
      return 3;
  }
  return 4;
}

std::uint64_t hash_of(HashKey seed, const name::Name& name) {
  SuffixHash hash(seed);
  for (std::size_t depth = 1; depth <= name.label_count(); ++depth) {
    const Bytes suffix = name.suffix(depth);
    hash.add(suffix.first(suffix.size() - name.suffix(depth - 1).size()));
  }
  return hash.value();
}

}  // namespace

std::size_t DomainSetBuilder::EntryKeyHash::operator()(const EntryKey& key) const noexcept {
  return std::hash<std::string>{}(key.name) ^
         (static_cast<std::size_t>(key.kind) << 8 | key.app) * std::size_t{0x9e3779b97f4a7c15U};
}

DomainSetBuilder::DomainSetBuilder(HashKey seed) : seed_(seed) {}

Result<AppId, BuildError> DomainSetBuilder::app(std::string_view name) {
  if (name == kAnyApp) return AppId{};
  const auto found = std::ranges::find(apps_, name);
  if (found == apps_.end() && apps_.size() == kMaxApps) return fail(BuildError::too_many_apps);
  const AppId id{static_cast<std::uint8_t>(found - apps_.begin())};
  if (found == apps_.end()) apps_.emplace_back(name);
  return id;
}

Result<ListId, BuildError> DomainSetBuilder::list(std::string_view name) {
  const auto found = std::ranges::find(lists_, name);
  if (found == lists_.end() && lists_.size() == kMaxLists) return fail(BuildError::too_many_lists);
  const ListId id{static_cast<std::uint16_t>(found - lists_.begin())};
  if (found == lists_.end()) lists_.emplace_back(name);
  return id;
}

Added DomainSetBuilder::add(const name::Name& name, EntryKind kind, AppId app, ListId list,
                            std::uint32_t line) {
  std::string wire(as_text(name.wire()));
  if (!seen_.insert({wire, kind, app.index}).second) return Added::duplicate;
  entries_.push_back({std::move(wire), static_cast<std::uint8_t>(name.label_count()),
                      Rule{kind, app, list, line}});
  return Added::added;
}

Result<DomainSet, BuildError> DomainSetBuilder::build() {
  if (entries_.size() > kMaxRules) return fail(BuildError::too_many_rules);
  // By name, then best first; equals stay in the order in which they came.
  std::ranges::stable_sort(entries_, [](const Entry& a, const Entry& b) {
    if (const auto order = a.name <=> b.name; order != 0) return order < 0;
    return rank(a.rule.kind) < rank(b.rule.kind);
  });
  DomainSet set;
  set.seed_ = seed_;
  for (const Entry& entry : entries_) {
    const auto is_same = [&](const DomainSet::Node& node) {
      return as_text(Bytes(set.names_).subspan(node.name_at, node.name_size)) == entry.name;
    };
    if (set.nodes_.empty() || !is_same(set.nodes_.back())) {
      set.nodes_.push_back({.name_at = static_cast<std::uint32_t>(set.names_.size()),
                            .first_rule = static_cast<std::uint32_t>(set.rules_.size()),
                            .rule_count = 0,
                            .name_size = static_cast<std::uint8_t>(entry.name.size()),
                            .labels = entry.labels});
      const Bytes name = as_bytes(entry.name);
      set.names_.insert(set.names_.end(), name.begin(), name.end());
      set.depths_[entry.labels / 64] |= std::uint64_t{1} << (entry.labels % 64);
    }
    ++set.nodes_.back().rule_count;
    set.rules_.push_back(entry.rule);
    set.rule_nodes_.push_back(static_cast<std::uint32_t>(set.nodes_.size() - 1));
  }
  set.apps_ = apps_;
  set.lists_ = lists_;
  if (const auto filled = fill_slots(set); !filled) return fail(filled.error());
  return set;
}

Result<void, BuildError> DomainSetBuilder::fill_slots(DomainSet& set) const {
  set.slots_.assign(std::bit_ceil(set.nodes_.size() * 2 + 1), {});
  const std::size_t mask = set.slots_.size() - 1;
  for (std::size_t n = 0; n < set.nodes_.size(); ++n) {
    const DomainSet::Node& node = set.nodes_[n];
    const auto name =
        *name::Name::from_wire(Bytes(set.names_).subspan(node.name_at, node.name_size));
    const std::uint64_t hash = hash_of(set.seed_, name);
    std::size_t at = hash & mask;
    for (std::size_t probe = 0; set.slots_[at].node != DomainSet::kEmpty; ++probe) {
      if (probe == kMaxProbe) return fail(BuildError::probe_too_long);
      at = (at + 1) & mask;
    }
    set.slots_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(n)};
  }
  return {};
}

}  // namespace sluice::match
