#pragma once

// The cold part of a lookup: verifies the suffixes that it found, and reports the rules that cover
// the name, best first. Private to match/. No allocation, no exceptions.

#include <algorithm>
#include <cstdint>
#include <span>

#include "filters/match/glob.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {

[[nodiscard]] constexpr bool covers_below(EntryKind kind) noexcept {
  return kind == EntryKind::suffix || kind == EntryKind::exception;
}

template <typename Source>
class Coverage {
 public:
  // `found`: from the shortest to the longest.
  Coverage(const ColdPart& set, Source name, std::span<const FoundSuffix> found) noexcept
      : set_(set), name_(name), found_(found) {}

  // Calls `visit(match)` with the rules that cover the name, best first, until it returns false.
  template <typename Visit>
  void report(Visit&& visit) const noexcept {
    if (std::ranges::any_of(found_, &FoundSuffix::has_globs)) return report_with_globs(visit);
    for (std::size_t i = found_.size(); i-- > 0;) {
      const FoundSuffix& suffix = found_[i];
      if (!each_rule(suffix, [&](const StoredRule& rule, RuleId id) {
            return !(suffix.whole || covers_below(rule.kind())) ||
                   visit(Match{id, suffix.depth, rule.kind()});
          })) {
        return;
      }
    }
  }

 private:
  using Labels = typename LabelsOf<Source>::Type;

  // Calls `take(rule, id)` for the rules of a suffix until it returns false, and then returns
  // false. Calls nothing if the stored name differs: its tag was the same by chance.
  template <typename Take>
  bool each_rule(const FoundSuffix& suffix, Take&& take) const noexcept {
    bool verified = false;
    for (RuleId id{suffix.rule};;) {
      const StoredRule rule = set_.rule(id);
      // The fixed part of a glob is verified with the glob.
      verified = verified || rule.is_glob() || suffix_is(name_, suffix.label_at, rule.name);
      if (!verified || rule.name.empty()) return true;
      if (!take(rule, id)) return false;
      if (rule.is_last()) return true;
      id = ColdPart::behind(id, rule);
    }
  }

  template <typename Visit>
  void report_with_globs(Visit&& visit) const noexcept;
  [[nodiscard]] bool glob_covers(const StoredRule& rule, std::size_t depth) const noexcept;

  const ColdPart& set_;
  const Source name_;
  const std::span<const FoundSuffix> found_;
};

template <typename Source>
bool Coverage<Source>::glob_covers(const StoredRule& rule, std::size_t depth) const noexcept {
  WireLabels pattern({rule.name, 0});
  Labels name(name_);
  for (std::size_t i = 0; i < depth; ++i) {
    Label wanted;
    Label label;
    if (!pattern.next(wanted) || !name.next(label)) return false;
    if (!glob_matches(as_text(rule.name.subspan(wanted.at, wanted.size)),
                      as_text(name.buffer().subspan(label.at, label.size)))) {
      return false;
    }
  }
  return pattern.at_start();
}

// A glob covers more labels than the suffix that it is stored under, so rules are ordered by the
// labels that they cover, not by suffix.
template <typename Source>
template <typename Visit>
void Coverage<Source>::report_with_globs(Visit&& visit) const noexcept {
  Labels name(name_);
  std::size_t depth = 0;
  for (Label label; name.next(label);) ++depth;
  for (bool whole = name.at_start(); depth > 0; --depth, whole = false) {
    for (const bool exceptions : {true, false}) {
      for (const FoundSuffix& suffix : found_) {
        const bool go_on = each_rule(suffix, [&](const StoredRule& rule, RuleId id) {
          const EntryKind kind = rule.kind();
          if (is_exception(kind) != exceptions || !(whole || covers_below(kind))) return true;
          const bool covers = rule.is_glob() ? suffix.depth < depth && glob_covers(rule, depth)
                                             : suffix.depth == depth;
          return !covers || visit(Match{id, static_cast<std::uint8_t>(depth), kind});
        });
        if (!go_on) return;
      }
    }
  }
}

}  // namespace sluice::match
