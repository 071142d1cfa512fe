#include "lists/compile/difference.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace sluice::lists {
namespace {

using Texts = std::vector<std::string>;

std::string text_of(const match::DomainSet& set, match::RuleId id) {
  // An exemption holds for one rule, so it is no exception.
  const bool exempts = set.rule(id).kind == match::EntryKind::exemption;
  return (exempts ? "exempt " : "") + match::rule_text(set, id);
}

std::map<std::string, Texts> texts_by_app(const match::DomainSet& set) {
  std::map<std::string, Texts> texts;
  set.for_each_rule([&](match::RuleId id) {
    texts[std::string(set.app_name(set.rule(id).app))].push_back(text_of(set, id));
  });
  for (auto& [app, all] : texts) {
    std::ranges::sort(all);
    all.erase(std::ranges::unique(all).begin(), all.end());
  }
  return texts;
}

// Those of `all` that are not in `others`.
std::uint64_t only_in(const Texts& all, const Texts& others, std::size_t most, Texts& shown) {
  std::ranges::set_difference(all, others, std::back_inserter(shown));
  const std::uint64_t count = shown.size();
  shown.resize(std::min(shown.size(), most));
  return count;
}

}  // namespace

std::vector<AppDifference> difference(const match::DomainSet& before, const match::DomainSet& after,
                                      std::size_t most) {
  auto old_texts = texts_by_app(before);
  auto new_texts = texts_by_app(after);
  for (const auto& [app, texts] : old_texts) new_texts.try_emplace(app);
  std::vector<AppDifference> apps;
  for (const auto& [app, texts] : new_texts) {
    AppDifference found{.app = app};
    found.added_count = only_in(texts, old_texts[app], most, found.added);
    found.removed_count = only_in(old_texts[app], texts, most, found.removed);
    if (found.added_count + found.removed_count > 0) apps.push_back(std::move(found));
  }
  return apps;
}

}  // namespace sluice::lists
