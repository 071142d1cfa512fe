#pragma once

// Of the suffixes that a look-up found, the rules that cover the name: verified, best first. The
// cold part of a look-up, private to match/. No allocation, no exceptions.

#include <cstdint>
#include <span>

#include "filters/match/domain_set.h"
#include "filters/match/glob.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {

[[nodiscard]] constexpr bool covers_below(EntryKind kind) noexcept {
  return kind == EntryKind::suffix || kind == EntryKind::exception;
}

template <typename Source>
class Coverage {
 public:
  // `found` from the shortest to the longest; it is changed.
  Coverage(const ColdPart& set, Source name, std::span<FoundSuffix> found) noexcept
      : set_(set), name_(name), labels_(name), found_(found) {}

  // Tells of the rules that cover the name, best first, until `visit` says false.
  void report(DomainSet::Visit visit) noexcept;

 private:
  using Labels = typename LabelsOf<Source>::Type;

  // Calls `take(rule, id)` for the rules of a suffix until it says false; false: it did.
  template <typename Take>
  bool each_rule(const FoundSuffix& suffix, Take&& take) const noexcept;
  // Keeps the suffixes whose stored names are the name's. True: some have globs.
  bool verify() noexcept;
  void report_with_globs(DomainSet::Visit visit) noexcept;
  [[nodiscard]] bool glob_covers(const SluiceRule& rule, std::size_t depth) const noexcept;

  const ColdPart& set_;
  const Source name_;
  const Labels labels_;
  std::span<FoundSuffix> found_;
};

template <typename Source>
template <typename Take>
bool Coverage<Source>::each_rule(const FoundSuffix& suffix, Take&& take) const noexcept {
  for (std::size_t i = suffix.rule; i < set_.rules.size(); ++i) {
    const SluiceRule& rule = set_.rules[i];
    if (!take(rule, RuleId{static_cast<std::uint32_t>(i)})) return false;
    if ((rule.bits & SLUICE_RULE_LAST) != 0) return true;
  }
  return true;
}

template <typename Source>
bool Coverage<Source>::verify() noexcept {
  bool has_globs = false;
  std::size_t kept = 0;
  for (const FoundSuffix& suffix : found_) {
    bool is_it = false;
    each_rule(suffix, [&](const SluiceRule& rule, RuleId) {
      has_globs = has_globs || is_glob(rule);
      // A glob's fixed part is verified with the rest of it.
      is_it = is_it || is_glob(rule) || labels_.is(suffix.label_at, set_.name_of(rule));
      return is_it && !is_glob(rule);
    });
    if (is_it) found_[kept++] = suffix;
  }
  found_ = found_.first(kept);
  return has_globs;
}

template <typename Source>
void Coverage<Source>::report(DomainSet::Visit visit) noexcept {
  if (verify()) return report_with_globs(visit);
  for (std::size_t i = found_.size(); i-- > 0;) {
    const FoundSuffix& suffix = found_[i];
    const bool go_on = each_rule(suffix, [&](const SluiceRule& rule, RuleId id) {
      return !(suffix.whole || covers_below(kind_of(rule))) ||
             visit({id, suffix.depth, kind_of(rule)});
    });
    if (!go_on) return;
  }
}

template <typename Source>
bool Coverage<Source>::glob_covers(const SluiceRule& rule, std::size_t depth) const noexcept {
  WireLabels pattern({set_.names, rule.name_at});
  Labels name(name_);
  for (std::size_t i = 0; i < depth; ++i) {
    Label wanted;
    Label label;
    if (!pattern.next(wanted) || !name.next(label)) return false;
    if (!glob_matches(as_text(set_.names.subspan(wanted.at, wanted.size)),
                      as_text(name.buffer().subspan(label.at, label.size)))) {
      return false;
    }
  }
  return pattern.at_start();
}

// Globs cover more labels than the suffix has under which they are found: so by depth, not by
// suffix.
template <typename Source>
void Coverage<Source>::report_with_globs(DomainSet::Visit visit) noexcept {
  Labels name(name_);
  std::size_t depth = 0;
  for (Label label; name.next(label);) ++depth;
  for (bool whole = name.at_start(); depth > 0; --depth, whole = false) {
    for (const bool exceptions : {true, false}) {
      for (const FoundSuffix& suffix : found_) {
        const bool go_on = each_rule(suffix, [&](const SluiceRule& rule, RuleId id) {
          const EntryKind kind = kind_of(rule);
          if (is_exception(kind) != exceptions || !(whole || covers_below(kind))) return true;
          const bool covers = is_glob(rule) ? suffix.depth < depth && glob_covers(rule, depth)
                                            : suffix.depth == depth;
          return !covers || visit({id, static_cast<std::uint8_t>(depth), kind});
        });
        if (!go_on) return;
      }
    }
  }
}

}  // namespace sluice::match
