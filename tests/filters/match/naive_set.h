#pragma once

// A naive domain set: tries each rule on each name. Slow and obviously correct; tests compare
// DomainSet with it.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/match/domain_set.h"
#include "filters/name/name.h"

namespace sluice::test {

struct NaiveRule {
  name::Name name;
  match::EntryKind kind = match::EntryKind::suffix;
  bool is_glob = false;
  std::uint8_t app = 0;
  std::uint32_t line = 0;
};

struct NaiveMatch {
  std::size_t labels = 0;
  match::EntryKind kind = match::EntryKind::suffix;
  std::uint8_t app = 0;
  std::uint32_t line = 0;
  bool operator==(const NaiveMatch&) const = default;
};

inline bool naive_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return naive_glob(pattern.substr(1), text) ||
           (!text.empty() && naive_glob(pattern, text.substr(1)));
  }
  return !text.empty() && pattern[0] == text[0] && naive_glob(pattern.substr(1), text.substr(1));
}

inline bool naive_covers(const NaiveRule& rule, const name::Name& name) {
  const std::size_t wanted = rule.name.label_count();
  if (name.label_count() < wanted) return false;
  const bool whole = name.label_count() == wanted;
  const bool exact =
      rule.kind == match::EntryKind::exact || rule.kind == match::EntryKind::exact_exception;
  if (exact && !whole) return false;
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto have = as_text(name.label(name.label_count() - wanted + i));
    const auto want = as_text(rule.name.label(i));
    if (rule.is_glob ? !naive_glob(want, have) : want != have) return false;
  }
  return true;
}

// Longest first; at one length exceptions first. The order of what is left is the set's own: sorted
// here by line.
inline std::vector<NaiveMatch> naive_find_all(const std::vector<NaiveRule>& rules,
                                              const name::Name& name) {
  std::vector<NaiveMatch> all;
  for (const NaiveRule& rule : rules) {
    if (naive_covers(rule, name))
      all.push_back({rule.name.label_count(), rule.kind, rule.app, rule.line});
  }
  return all;
}

// So that two answers can be compared: the order within "one length, exception or not" is free.
inline void sort_matches(std::vector<NaiveMatch>& matches) {
  std::ranges::stable_sort(matches, [](const NaiveMatch& a, const NaiveMatch& b) {
    const auto key = [](const NaiveMatch& match) {
      return std::tuple(-static_cast<int>(match.labels), !match::is_exception(match.kind),
                        match.line);
    };
    return key(a) < key(b);
  });
}

}  // namespace sluice::test
