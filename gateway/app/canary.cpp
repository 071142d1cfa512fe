#include "gateway/app/canary.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "filters/base/function_ref.h"
#include "filters/match/glob.h"

namespace sluice::app {
namespace {

using engine::NameSample;

constexpr std::size_t kMostRules = 3;

// A rule that covers a sampled name; a glob: that may cover it.
struct Cover {
  std::size_t labels = 0;
  match::RuleId id;
  match::Rule rule;
};

// Where a hash stands in the sample.
struct Place {
  std::uint32_t entry = 0;
  bool is_whole = false;  // the name itself, not a suffix of it
};
// Most rules are in no sampled name: a bitmap says so without a walk.
class Places {
 public:
  explicit Places(const std::vector<NameSample::Weighted>& sample) : maybe_(kBits / 64) {
    for (std::uint32_t i = 0; i < sample.size(); ++i) {
      const NameSample::Entry& entry = sample[i].entry;
      add(entry.name, {i, true});
      for (const std::uint64_t suffix : entry.suffixes) {
        if (suffix != 0 && suffix != entry.name) add(suffix, {i, false});
      }
    }
  }
  [[nodiscard]] const std::vector<Place>* find(std::uint64_t hash) const {
    if ((maybe_[hash % kBits / 64] >> hash % 64 & 1) == 0) return nullptr;
    const auto found = places_.find(hash);
    return found == places_.end() ? nullptr : &found->second;
  }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 18;
  void add(std::uint64_t hash, Place place) {
    maybe_[hash % kBits / 64] |= std::uint64_t{1} << hash % 64;
    places_[hash].push_back(place);
  }
  std::vector<std::uint64_t> maybe_;
  std::unordered_map<std::uint64_t, std::vector<Place>> places_;
};

std::size_t labels_of(Bytes wire) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < wire.size() && std::to_integer<std::size_t>(wire[at]) != 0;
       at += std::to_integer<std::size_t>(wire[at]) + 1) {
    ++count;
  }
  return count;
}

using Covers = std::vector<std::vector<Cover>>;  // by entry of the sample, best first

// Whether a glob of so many labels may cover a name. A name is known by its suffixes, of up to
// kSuffixes labels.
bool may_cover(match::EntryKind kind, std::size_t labels, const NameSample::Entry& name) {
  const auto has = [&](std::size_t count) {
    return count > NameSample::kSuffixes || name.suffixes[count - 1] != 0;
  };
  const bool may_have_no_more = labels >= NameSample::kSuffixes || !has(labels + 1);
  return has(labels) && ((match::covers_itself(kind) && may_have_no_more) ||
                         (match::covers_below(kind) && has(labels + 1)));
}

// The rules that cover names of the sample. `takes_glob`: whether this one is weighed.
Covers covers_of(const match::DomainSet& domains, const Places& places,
                 const std::vector<NameSample::Weighted>& sample, HashKey key,
                 FunctionRef<bool(match::RuleId)> takes_glob) {
  Covers covers(sample.size());
  domains.for_each_rule([&](match::RuleId id) {
    const Bytes wire = domains.rule_wire(id);
    if (wire.empty()) return;
    const match::Rule rule = domains.rule(id);
    const Bytes fixed = rule.is_glob ? match::fixed_part(wire) : wire;
    const auto* const found = places.find(NameSample::hash(key, fixed));
    if (found == nullptr || (rule.is_glob && !takes_glob(id))) return;
    const std::size_t labels = labels_of(wire);
    for (const Place& place : *found) {
      const bool covers_it =
          rule.is_glob ? !place.is_whole && may_cover(rule.kind, labels, sample[place.entry].entry)
          : place.is_whole ? match::covers_itself(rule.kind)
                           : match::covers_below(rule.kind);
      if (covers_it) covers[place.entry].push_back({labels, id, rule});
    }
  });
  const auto rank = [](const Cover& it) {
    return std::tuple(-static_cast<int>(it.labels), !match::is_exception(it.rule.kind),
                      !match::is_exact(it.rule.kind));
  };
  for (auto& list : covers) {
    std::ranges::stable_sort(list,
                             [&](const Cover& a, const Cover& b) { return rank(a) < rank(b); });
  }
  return covers;
}

// What tells a glob from others, in any set.
std::string identity_of(const match::DomainSet& domains, match::RuleId id) {
  const match::Rule rule = domains.rule(id);
  return std::string(domains.app_name(rule.app)) + '\0' + static_cast<char>(rule.kind) +
         std::string(as_text(domains.rule_wire(id)));
}

// Policies that decide, by the hash of their names.
class PolicyNames {
 public:
  PolicyNames(const policy::PolicySet& policies, HashKey key) {
    for (const policy::Policy& it : policies.all()) {
      if (!it.in_force || it.shadow) continue;
      policies_.try_emplace(NameSample::hash(key, as_bytes(it.name)), &it);
    }
  }
  // Null: there is none.
  [[nodiscard]] const policy::Policy* find(std::uint64_t hash) const {
    const auto found = policies_.find(hash);
    return found == policies_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::uint64_t, const policy::Policy*> policies_;
};

// What blocks a name.
struct Blocked {
  match::RuleId rule;  // invalid: none does
  match::RuleId glob;  // would, if it matches, before the rule; invalid: none
};

Blocked blocked(const engine::Snapshot& snapshot, const policy::Policy* policy,
                const std::vector<Cover>& covers) {
  Blocked blocked;
  if (policy == nullptr || !policy::is_enforced(policy->action)) return blocked;
  policy::AppMask excepted;
  std::vector<std::pair<match::ListId, std::uint32_t>> exempted;  // lists and lines
  for (const Cover& it : covers) {
    const match::AppId app = it.rule.app;
    const std::pair place(it.rule.list, it.rule.line);
    if (it.rule.kind == match::EntryKind::exemption) {
      exempted.push_back(place);
      continue;
    }
    if (std::ranges::find(exempted, place) != exempted.end() ||
        snapshot.policies.idle_lists().has(it.rule.list) ||
        policy->shadow_lists.has(it.rule.list)) {
      continue;
    }
    if (match::is_exception(it.rule.kind)) {
      if (app == match::AppId{}) return blocked;
      excepted.add(app);
    } else if (app != match::AppId{} && policy->apps.has(app) && !excepted.has(app)) {
      if (!it.rule.is_glob) {
        blocked.rule = it.id;
        return blocked;
      }
      if (!blocked.glob.valid()) blocked.glob = it.id;
    }
  }
  return blocked;
}

// Policies of `next` that decide and block, of a name that no policy of `old` has.
std::vector<const policy::Policy*> new_policies(const policy::PolicySet& old,
                                                const policy::PolicySet& next) {
  std::unordered_set<std::string_view> names;
  for (const policy::Policy& it : old.all()) {
    if (!it.shadow) names.insert(it.name);
  }
  std::vector<const policy::Policy*> found;
  for (const policy::Policy& it : next.all()) {
    if (!it.in_force || it.shadow || it.made_of.valid() || !policy::is_enforced(it.action))
      continue;
    if (!names.contains(it.name)) found.push_back(&it);
  }
  return found;
}

// Names that are blocked, by the rule that blocks them.
class Tally {
 public:
  void add(match::RuleId rule, double weight) {
    sum_ += weight;
    by_rule_[rule.index] += weight;
  }
  [[nodiscard]] double sum() const noexcept { return sum_; }
  [[nodiscard]] Canary::Share share(const match::DomainSet& domains, double all) const {
    std::vector<std::pair<double, std::uint32_t>> popular;
    popular.reserve(by_rule_.size());
    for (const auto& [rule, weight] : by_rule_) popular.emplace_back(-weight, rule);
    std::ranges::sort(popular);
    Canary::Share share{.of_names = sum_ / all};
    for (const auto& [weight, rule] : popular) {
      if (share.rules.size() == kMostRules) break;
      share.rules.push_back(rule_text(domains, match::RuleId{rule}));
    }
    return share;
  }

 private:
  double sum_ = 0;
  std::map<std::uint32_t, double> by_rule_;
};

std::string said_of(const Canary::Share& share) {
  return std::to_string(static_cast<unsigned>(share.of_names * 100)) +
         " % of the names seen of late";
}

std::string rules_of(const Canary::Share& share) {
  std::string text;
  for (const std::string& rule : share.rules) text += ' ' + rule;
  return text;
}

}  // namespace

Canary try_canary(const engine::Snapshot& old, const engine::Snapshot& next,
                  const std::vector<NameSample::Weighted>& sample, HashKey key,
                  const std::vector<std::string>& meant) {
  Canary canary{.sampled = sample.size()};
  if (sample.size() < kLeastSampled) return canary;
  const Places places(sample);
  std::unordered_set<std::string> old_globs;
  const Covers before = covers_of(old.domains, places, sample, key, [&](match::RuleId id) {
    old_globs.insert(identity_of(old.domains, id));
    return false;
  });
  const Covers after = covers_of(next.domains, places, sample, key, [&](match::RuleId id) {
    return !match::is_exception(next.domains.rule(id).kind) &&
           !old_globs.contains(identity_of(next.domains, id));
  });
  const PolicyNames policies_before(old.policies, key), policies_after(next.policies, key);
  const auto added = new_policies(old.policies, next.policies);
  const auto counts = [&](match::RuleId rule) {
    return rule.valid() &&
           std::ranges::find(meant, next.domains.list_name(next.domains.rule(rule).list)) ==
               meant.end();
  };
  Tally newly, globs;
  std::vector<Tally> by_policy(added.size());
  double all = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const auto& [entry, weight] = sample[i];
    all += weight;
    if (blocked(old, policies_before.find(entry.policy), before[i]).rule.valid()) continue;
    const Blocked now = blocked(next, policies_after.find(entry.policy), after[i]);
    if (counts(now.rule)) {
      newly.add(now.rule, weight);
    } else if (counts(now.glob)) {
      globs.add(now.glob, weight);
    }
    for (std::size_t p = 0; p < added.size(); ++p) {
      const match::RuleId rule = blocked(next, added[p], after[i]).rule;
      if (counts(rule)) by_policy[p].add(rule, weight);
    }
  }
  canary.newly = newly.share(next.domains, all);
  canary.globs = globs.share(next.domains, all);
  const auto most = std::ranges::max_element(by_policy, {}, &Tally::sum);
  if (most != by_policy.end()) {
    canary.policy = most->share(next.domains, all);
    canary.policy_name = added[static_cast<std::size_t>(most - by_policy.begin())]->name;
  }
  return canary;
}

std::optional<telemetry::ReloadRefusal> canary_refusal(const Canary& canary, std::uint32_t most) {
  if (most >= 100 || canary.sampled < kLeastSampled) return std::nullopt;
  if (canary.newly.of_names * 100 <= most) return std::nullopt;
  return telemetry::ReloadRefusal{"", "canary",
                                  "it would newly block " + said_of(canary.newly) + ", over " +
                                      std::to_string(most) + " % (reload.max_newly_blocked), by" +
                                      rules_of(canary.newly)};
}

std::vector<std::string> canary_notes(const Canary& canary, std::uint32_t most) {
  std::vector<std::string> lines;
  if (most >= 100 || canary.sampled < kLeastSampled) return lines;
  if ((canary.newly.of_names + canary.globs.of_names) * 100 > most && !canary.globs.rules.empty()) {
    lines.push_back(
        "new globs are below names that are asked for, and what they block cannot be "
        "weighed: at most " +
        said_of(canary.globs) + ", by" + rules_of(canary.globs));
  }
  if (canary.policy.of_names * 100 > most) {
    lines.push_back("the policy " + canary.policy_name +
                    " is new: if its clients ask for what "
                    "others do, it would newly block " +
                    said_of(canary.policy) + ", by" + rules_of(canary.policy));
  }
  return lines;
}

}  // namespace sluice::app
