#include "lists/compile/warnings.h"

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

std::string popular_reason(const PopularHit& hit) {
  std::array<char, name::kMaxTextBytes> text;
  std::string reason = "blocks the popular name " + std::string(name::to_text(hit.first, text));
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
                                 duplicate_reason(it, lists[it.first_list.index].spec.name)});
    ++said[it.list.index];
  }
  for (std::size_t i = 0; i < built.duplicates.size() && i < warnings.size(); ++i) {
    warnings[i].count += built.duplicates[i] - said[i];
  }
}

void warn_of_popular(const match::DomainSet& set, std::string_view popular,
                     std::vector<Notes>& warnings) {
  for (const PopularHit& hit : popular_hits(set, popular)) {
    const match::Rule rule = set.rule(hit.rule);
    warnings[rule.list.index].add(
        {rule.line, match::rule_text(set, hit.rule), popular_reason(hit)});
  }
}

}  // namespace sluice::lists
