#include "gateway/app/canary.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace sluice::app {
namespace {

using engine::NameSample;

constexpr std::size_t kMostRules = 3;

// A rule that covers a sampled name.
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

Covers covers_of(const match::DomainSet& domains, const Places& places, std::size_t entries,
                 HashKey key) {
  Covers covers(entries);
  domains.for_each_rule([&](match::RuleId id) {
    const Bytes wire = domains.rule_wire(id);
    if (wire.empty()) return;
    const auto* const found = places.find(NameSample::hash(key, wire));
    if (found == nullptr) return;
    const match::Rule rule = domains.rule(id);
    if (rule.is_glob || rule.kind == match::EntryKind::exemption) return;
    for (const Place& place : *found) {
      if (place.is_whole ? !match::covers_itself(rule.kind) : !match::covers_below(rule.kind)) {
        continue;
      }
      covers[place.entry].push_back({labels_of(wire), id, rule});
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

const policy::Policy* find_policy(const policy::PolicySet& policies, std::uint64_t hash,
                                  HashKey key) {
  for (const policy::Policy& it : policies.all()) {
    if (it.in_force && !it.shadow && NameSample::hash(key, as_bytes(it.name)) == hash) return &it;
  }
  return nullptr;
}

// The rule that blocks the name; invalid: none.
match::RuleId blocker(const engine::Snapshot& snapshot, const policy::Policy* policy,
                      const std::vector<Cover>& covers) {
  if (policy == nullptr || !policy::is_enforced(policy->action)) return {};
  std::uint64_t excepted = 0;
  for (const Cover& it : covers) {
    if (snapshot.policies.idle_lists().has(it.rule.list) ||
        policy->shadow_lists.has(it.rule.list)) {
      continue;
    }
    const std::uint8_t app = it.rule.app.index;
    if (match::is_exception(it.rule.kind)) {
      if (app == match::AppId::kAny) return {};
      excepted |= std::uint64_t{1} << app % 64;
    } else if (app != match::AppId::kAny && policy->apps.has(it.rule.app) &&
               (excepted >> app % 64 & 1) == 0) {
      return it.id;
    }
  }
  return {};
}

bool is_meant(const match::DomainSet& domains, match::RuleId rule,
              const std::vector<std::string>& meant) {
  return std::ranges::find(meant, domains.list_name(domains.rule(rule).list)) != meant.end();
}

}  // namespace

Canary try_canary(const engine::Snapshot& old, const engine::Snapshot& next,
                  const std::vector<NameSample::Weighted>& sample, HashKey key,
                  const std::vector<std::string>& meant) {
  Canary canary{.sampled = sample.size(), .share = 0, .rules = {}};
  if (sample.size() < kLeastSampled) return canary;
  const Places places(sample);
  const Covers before = covers_of(old.domains, places, sample.size(), key);
  const Covers after = covers_of(next.domains, places, sample.size(), key);
  std::map<std::uint32_t, double> by_rule;
  double all = 0, newly = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const auto& [entry, weight] = sample[i];
    all += weight;
    const auto* const policy = find_policy(next.policies, entry.policy, key);
    const match::RuleId rule = blocker(next, policy, after[i]);
    if (!rule.valid() || is_meant(next.domains, rule, meant)) continue;
    const auto* const had = find_policy(old.policies, entry.policy, key);
    if (blocker(old, had, before[i]).valid()) continue;
    newly += weight;
    by_rule[rule.index] += weight;
  }
  canary.share = newly / all;
  std::vector<std::pair<double, std::uint32_t>> popular;
  popular.reserve(by_rule.size());
  for (const auto& [rule, weight] : by_rule) popular.emplace_back(-weight, rule);
  std::ranges::sort(popular);
  for (const auto& [weight, rule] : popular) {
    if (canary.rules.size() == kMostRules) break;
    canary.rules.push_back(rule_text(next.domains, match::RuleId{rule}));
  }
  return canary;
}

std::optional<telemetry::ReloadRefusal> canary_refusal(const Canary& canary, std::uint32_t most) {
  if (most >= 100 || canary.sampled < kLeastSampled) return std::nullopt;
  if (canary.share * 100 <= most) return std::nullopt;
  std::string text = "it would newly block " +
                     std::to_string(static_cast<unsigned>(canary.share * 100)) +
                     " % of the names seen of late, over " + std::to_string(most) +
                     " % (reload.max_newly_blocked), by";
  for (const std::string& rule : canary.rules) text += " " + rule;
  return telemetry::ReloadRefusal{"", "canary", std::move(text)};
}

}  // namespace sluice::app
