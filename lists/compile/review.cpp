#include "lists/compile/review.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "filters/match/address_set.h"

namespace sluice::lists {
namespace {

using match::EntryKind;

// The rules that cover what a rule covers, longest first.
class Covering {
 public:
  Covering(const match::DomainSet& set, const match::AddressSet& addresses, match::RuleId id)
      : set_(set), addresses_(addresses), id_(id), rule_(set.rule(id)) {}

  // The entry that would decide for the rule's app if the rule were deleted.
  [[nodiscard]] std::optional<match::Match> decider() const {
    std::optional<match::Match> found;
    find_all([&](const match::Match& match) {
      if (match.rule == id_ || !concerns(match)) return true;
      // It covers one name, and the rule those below it, too.
      if (is_exact(match.kind) && !is_exact(rule_.kind)) return true;
      found = match;
      return false;
    });
    return found;
  }

  // Whether some entry would block what this exception names.
  [[nodiscard]] bool lets_through() const {
    bool blocked = false;
    find_all([&](const match::Match& match) {
      const match::AppId app = set_.rule(match.rule).app;
      blocked = !match::is_exception(match.kind) && (is_any(rule_.app) || app == rule_.app);
      return !blocked;
    });
    return blocked;
  }

  [[nodiscard]] const match::Rule& rule() const { return rule_; }
  [[nodiscard]] bool is_plain_name() const { return !rule_.is_glob && !set_.rule_range(id_); }

 private:
  static bool is_any(match::AppId app) { return app == match::AppId{}; }

  [[nodiscard]] bool concerns(const match::Match& match) const {
    const match::AppId app = set_.rule(match.rule).app;
    // Exceptions of "*" hold for every app, so the entries of every app matter to them.
    return app == rule_.app || is_any(match::is_exception(match.kind) ? app : rule_.app);
  }

  void find_all(match::DomainSet::Visit visit) const {
    const auto range = set_.rule_range(id_);
    if (!range) return set_.find_all(set_.rule_name(id_), visit);
    addresses_.find_all(range->address(), [&](const match::Match& match) {
      // A longer range may start at the same address.
      return set_.rule_range(match.rule)->length() > range->length() || visit(match);
    });
  }

  const match::DomainSet& set_;
  const match::AddressSet& addresses_;
  match::RuleId id_;
  match::Rule rule_;
};

// Keeps the first by list and line.
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
  const match::AddressSet addresses(set);
  set.for_each_rule([&](match::RuleId id) {
    const Covering covering(set, addresses, id);
    const match::Rule& rule = covering.rule();
    // It belongs to the rules of its line.
    if (rule.kind == EntryKind::exemption) return;
    const auto decider = covering.decider();
    const bool exception = match::is_exception(rule.kind);
    if (decider && match::is_exception(decider->kind) == exception) {
      review.redundant.push_back({id, rule.list, rule.line, decider->rule});
    } else if (exception && covering.is_plain_name() && !covering.lets_through()) {
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
