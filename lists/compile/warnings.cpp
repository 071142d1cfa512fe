#include "lists/compile/warnings.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "lists/compile/popular_names.h"

namespace sluice::lists {
namespace {

std::uint64_t place(match::ListId list, std::uint32_t line) {
  return std::uint64_t{list.index} << 32 | line;
}

// The texts of the entries that duplicates repeat, by place. Empty: several entries are there.
std::unordered_map<std::uint64_t, std::string> texts_of_firsts(const match::Built& built) {
  std::unordered_map<std::uint64_t, std::string> texts;
  for (const match::Duplicate& it : built.shown_duplicates) {
    texts.try_emplace(place(it.first_list, it.first_line));
  }
  if (texts.empty()) return texts;
  std::unordered_map<std::uint64_t, int> seen;
  built.set.for_each_rule([&](match::RuleId id) {
    const match::Rule rule = built.set.rule(id);
    const auto text = texts.find(place(rule.list, rule.line));
    if (text == texts.end()) return;
    text->second = ++seen[text->first] == 1 ? match::rule_text(built.set, id) : std::string();
  });
  return texts;
}

std::string duplicate_reason(const match::Duplicate& it, const std::string& list) {
  return "is already in " + (it.list == it.first_list ? "" : "list " + list + ", ") + "line " +
         std::to_string(it.first_line);
}

std::string text_of(const name::Name& name) {
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(name, text));
}

std::string popular_reason(const PopularHit& hit) {
  std::string reason = "blocks the popular name " + text_of(hit.first);
  if (hit.names > 1) reason += " and " + std::to_string(hit.names - 1) + " more";
  return reason;
}

}  // namespace

void warn_of_duplicates(const match::Built& built, const std::vector<LoadedList>& lists,
                        std::vector<Notes>& warnings) {
  const auto texts = texts_of_firsts(built);
  std::vector<std::uint64_t> said(warnings.size());
  for (const match::Duplicate& it : built.shown_duplicates) {
    warnings[it.list.index].add({it.line, texts.at(place(it.first_list, it.first_line)),
                                 duplicate_reason(it, lists[it.first_list.index].spec.name),
                                 "duplicate"});
    ++said[it.list.index];
  }
  for (std::size_t i = 0; i < built.duplicates.size() && i < warnings.size(); ++i) {
    warnings[i].count += built.duplicates[i] - said[i];
  }
}

void refuse_crowded_globs(const match::Built& built, std::vector<LoadedList>& lists) {
  for (const match::CrowdedGlob& it : built.crowded) {
    LoadedList& list = lists[it.list.index];
    --list.entries;
    ++list.error_count;
    if (list.errors.size() == Notes::kMost) continue;
    list.errors.push_back({it.line, text_of(it.pattern),
                           "over 64 globs below one name that are alike except between stars; each "
                           "question would try "
                           "them all. Write one glob that covers them",
                           "crowded-globs"});
  }
  for (LoadedList& list : lists) std::ranges::stable_sort(list.errors, {}, &LineError::line);
}

void warn_of_many_globs(const match::Built& built, std::vector<Notes>& warnings) {
  for (const match::ManyGlobs& it : built.many_globs) {
    const std::string below = text_of(it.below);
    warnings[it.list.index].add({it.line, below,
                                 std::to_string(it.count) + " globs are below " + below +
                                     ", this is the first; the name itself would cover them all",
                                 "many-globs"});
  }
}

void warn_of_popular(const match::DomainSet& set, std::string_view popular,
                     std::vector<Notes>& warnings) {
  for (const PopularHit& hit : popular_hits(set, popular)) {
    const match::Rule rule = set.rule(hit.rule);
    warnings[rule.list.index].add(
        {rule.line, match::rule_text(set, hit.rule), popular_reason(hit), "popular-name"});
  }
}

}  // namespace sluice::lists
