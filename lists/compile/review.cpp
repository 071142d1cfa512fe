#include "lists/compile/review.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "filters/match/pseudo_name.h"

namespace sluice::lists {
namespace {

using match::EntryKind;

// What stands behind a rule for the names that it covers, longest first.
class Behind {
 public:
  Behind(const match::DomainSet& set, match::RuleId id)
      : set_(set), id_(id), rule_(set.rule(id)), name_(set.rule_name(id)) {}

  // The entry that decides for the rule's app where the rule is taken away.
  [[nodiscard]] std::optional<match::Match> decider() const {
    std::optional<match::Match> found;
    set_.find_all(name_, [&](const match::Match& match) {
      if (match.rule == id_ || !concerns(match)) return true;
      // Of a name alone: says nothing of the names below, which a suffix covers too.
      if (is_exact(match.kind) && !is_exact(rule_.kind)) return true;
      found = match;
      return false;
    });
    return found;
  }

  // Whether some entry would block what this exception names.
  [[nodiscard]] bool lets_through() const {
    bool blocked = false;
    set_.find_all(name_, [&](const match::Match& match) {
      const match::AppId app = set_.rule(match.rule).app;
      blocked = !match::is_exception(match.kind) && (is_any(rule_.app) || app == rule_.app);
      return !blocked;
    });
    return blocked;
  }

  [[nodiscard]] const match::Rule& rule() const { return rule_; }

 private:
  static bool is_any(match::AppId app) { return app == match::AppId{}; }

  [[nodiscard]] bool concerns(const match::Match& match) const {
    const match::AppId app = set_.rule(match.rule).app;
    // Exceptions of "*" hold for every app, and so every app's entries matter to them.
    return app == rule_.app || is_any(match::is_exception(match.kind) ? app : rule_.app);
  }

  const match::DomainSet& set_;
  match::RuleId id_;
  match::Rule rule_;
  name::Name name_;
};

// A glob has names that stand nowhere, and an address is let through out of a longer range.
bool may_be_idle(const match::DomainSet& set, match::RuleId id) {
  return !set.rule(id).is_glob && !match::prefix_of(set.rule_wire(id));
}

// The first by list and line; the others go.
void keep_first(std::vector<Reviewed>& all) {
  const auto place = [](const Reviewed& it) {
    return std::tuple(it.list.index, it.line, it.rule.index);
  };
  const std::size_t kept = std::min(all.size(), Review::kMostShown);
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(kept), {}, place);
  all.resize(kept);
  all.shrink_to_fit();
}

}  // namespace

Review review(const match::DomainSet& set) {
  Review review;
  set.for_each_rule([&](match::RuleId id) {
    const Behind behind(set, id);
    const match::Rule& rule = behind.rule();
    const auto decider = behind.decider();
    const bool exception = match::is_exception(rule.kind);
    if (decider && match::is_exception(decider->kind) == exception) {
      review.redundant.push_back({id, rule.list, rule.line, decider->rule});
    } else if (exception && may_be_idle(set, id) && !behind.lets_through()) {
      review.idle_exceptions.push_back({id, rule.list, rule.line, {}});
    }
  });
  review.redundant_count = review.redundant.size();
  review.idle_exception_count = review.idle_exceptions.size();
  keep_first(review.redundant);
  keep_first(review.idle_exceptions);
  return review;
}

}  // namespace sluice::lists
