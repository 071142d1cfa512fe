#pragma once

// The cold part of a lookup: verifies the suffixes that it found, and reports the rules that cover
// the name, best first. Private to match/. No allocation, no exceptions.

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <span>

#include "filters/match/glob.h"
#include "filters/match/glob_index.h"
#include "filters/match/rule.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {

// Rules that do not apply to the name in question: those of the same list and line as an exemption
// that covers it.
class Exempted {
 public:
  // At most one exemption covers a name for each of its suffixes and lines. Of more than fit, the
  // rules apply.
  static constexpr std::size_t kMost = 16;

  // False: the rule is an exemption, which is noted, or exempted.
  [[nodiscard]] bool take(const StoredRule& rule) noexcept {
    const std::uint64_t place = std::uint64_t{rule.list.index} << 32 | rule.line;
    if (rule.kind() != EntryKind::exemption) {
      return count_ == 0 || std::ranges::find(span(), place) == span().end();
    }
    if (count_ < places_.size()) places_[count_++] = place;
    return false;
  }

 private:
  [[nodiscard]] std::span<const std::uint64_t> span() const noexcept {
    return std::span(places_).first(count_);
  }

  std::size_t count_ = 0;
  std::array<std::uint64_t, kMost> places_;
};

[[nodiscard]] constexpr bool covers(EntryKind kind, bool whole) noexcept {
  return whole ? covers_itself(kind) : covers_below(kind);
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
    Exempted exempted;
    for (std::size_t i = found_.size(); i-- > 0;) {
      const FoundSuffix& suffix = found_[i];
      if (!each_rule(suffix, [&](const StoredRule& rule, RuleId id) {
            return !covers(rule.kind(), suffix.whole) || !exempted.take(rule) ||
                   visit(Match{id, suffix.depth, rule.kind()});
          })) {
        return;
      }
    }
  }

 private:
  using Labels = typename LabelsOf<Source>::Type;

  struct NameLabels;

  // Calls `take(rule, id)` for the rules of a suffix that are no globs, until it returns false, and
  // then returns false. Calls nothing if the stored name differs: its tag was the same by chance.
  template <typename Take>
  bool each_rule(const FoundSuffix& suffix, Take&& take) const noexcept {
    bool verified = false;
    for (RuleId id{suffix.rule};;) {
      const StoredRule rule = set_.rule(id);
      // Globs come last. Their index finds them.
      if (rule.name.empty() || rule.is_glob()) return true;
      verified = verified || suffix_is(name_, suffix.label_at, rule.name);
      if (!verified) return true;
      if (!take(rule, id)) return false;
      if (rule.is_last()) return true;
      id = ColdPart::behind(id, rule);
    }
  }

  template <typename Visit>
  void report_with_globs(Visit&& visit) const noexcept;
  [[nodiscard]] static std::size_t covered_by_glob(const StoredRule& rule,
                                                   const NameLabels& name) noexcept;

  const ColdPart& set_;
  const Source name_;
  const std::span<const FoundSuffix> found_;
};

// The labels of a name from the right. A rule has no more, so those further left do not matter.
template <typename Source>
struct Coverage<Source>::NameLabels {
  explicit NameLabels(Source name) noexcept {
    Labels labels(name);
    buffer = labels.buffer();
    while (count < all.size() && labels.next(all[count])) ++count;
    complete = labels.at_start();
  }
  [[nodiscard]] std::span<const Label> span() const noexcept { return std::span(all).first(count); }

  Bytes buffer;
  std::array<Label, name::kMaxLabels> all;
  std::size_t count = 0;
  bool complete = false;  // `count` is the whole name
};

// How many labels the glob covers; 0: not this name.
template <typename Source>
std::size_t Coverage<Source>::covered_by_glob(const StoredRule& rule,
                                              const NameLabels& name) noexcept {
  WireLabels pattern({rule.name, 0});
  std::size_t depth = 0;
  for (Label wanted; pattern.next(wanted); ++depth) {
    if (depth == name.count) return 0;
    const Label label = name.all[depth];
    if (!glob_matches(as_text(rule.name.subspan(wanted.at, wanted.size)),
                      as_text(name.buffer.subspan(label.at, label.size)))) {
      return 0;
    }
  }
  return depth;
}

// A glob covers more labels than the suffix that it is stored under, so rules are ordered by the
// labels that they cover, not by suffix. Most names are covered by no glob: first it is asked at
// which depths there are any.
template <typename Source>
template <typename Visit>
void Coverage<Source>::report_with_globs(Visit&& visit) const noexcept {
  const NameLabels name(name_);
  // Calls `take(rule, id, depth)` with the globs of a suffix that cover the name.
  const auto each_glob = [&](const FoundSuffix& suffix, auto&& take) {
    return !suffix.has_globs ||
           set_.globs->find(RuleId{suffix.rule}, name.buffer, name.span(), suffix.depth,
                            [&](RuleId id) {
                              const StoredRule rule = set_.rule(id);
                              const std::size_t depth = covered_by_glob(rule, name);
                              return depth <= suffix.depth || take(rule, id, depth);
                            });
  };
  std::bitset<name::kMaxLabels + 1> with_globs;
  for (const FoundSuffix& suffix : found_) {
    each_glob(suffix, [&](const StoredRule&, RuleId, std::size_t depth) {
      with_globs.set(depth);
      return true;
    });
  }
  Exempted exempted;
  for (std::size_t depth = name.count; depth > 0; --depth) {
    const bool whole = name.complete && depth == name.count;
    for (const bool exceptions : {true, false}) {
      const auto report = [&](const StoredRule& rule, RuleId id) {
        const EntryKind kind = rule.kind();
        return is_exception(kind) != exceptions || !covers(kind, whole) || !exempted.take(rule) ||
               visit(Match{id, static_cast<std::uint8_t>(depth), kind});
      };
      for (const FoundSuffix& suffix : found_) {
        if (suffix.depth == depth && !each_rule(suffix, report)) return;
        if (!with_globs[depth] || suffix.depth >= depth) continue;
        if (!each_glob(suffix, [&](const StoredRule& rule, RuleId id, std::size_t covered) {
              return covered != depth || report(rule, id);
            })) {
          return;
        }
      }
    }
  }
}

}  // namespace sluice::match
