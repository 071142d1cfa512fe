#include "lists/compile/popular_names.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "lists/format/format.h"

namespace sluice::lists {
namespace {

// Longest match first: an exception saves the name from the shorter entries of its app.
template <typename Take>
void for_each_block(const match::DomainSet& set, const name::Name& name, Take&& take) {
  std::uint64_t saved = 0;  // bit: app
  set.find_all(name, [&](const match::Match& match) {
    const match::AppId app = set.rule(match.rule).app;
    if (match::is_exception(match.kind)) {
      if (app == match::AppId{}) return false;
      saved |= std::uint64_t{1} << (app.index % match::kMaxApps);
    } else if ((saved >> (app.index % match::kMaxApps) & 1) == 0) {
      take(match.rule);
    }
    return true;
  });
}

}  // namespace

std::vector<PopularHit> popular_hits(const match::DomainSet& set, std::string_view text) {
  std::unordered_map<std::uint32_t, PopularHit> by_rule;
  const auto look_up = [&](const Entry& entry) {
    const name::Name name = *name::Name::from_wire(entry.name);
    for_each_block(set, name, [&](match::RuleId rule) {
      const auto [hit, added] = by_rule.try_emplace(rule.index);
      if (added) hit->second = {rule, name, 0};
      ++hit->second.names;
    });
  };
  parse_domains({text}, {look_up, [](const LineError&) {}, [](const LineWarning&) {}});
  std::vector<PopularHit> hits;
  hits.reserve(by_rule.size());
  for (const auto& [rule, hit] : by_rule) hits.push_back(hit);
  std::ranges::sort(hits, {}, [&](const PopularHit& hit) {
    const match::Rule rule = set.rule(hit.rule);
    return std::tuple(rule.list.index, rule.line, as_text(hit.first.wire()), hit.rule.index);
  });
  return hits;
}

}  // namespace sluice::lists
