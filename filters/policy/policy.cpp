#include "filters/policy/policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::policy {
namespace {

constexpr std::array<std::string_view, kActions> kActionNames = {"allow", "log", "drop", "reject"};

// Whether a policy's shadow lists count: not in what it decides.
enum class Shadows : std::uint8_t { ignored, counted };

// Decides under one policy, from rules that come best first.
class Deciding {
 public:
  Deciding(const match::DomainSet& domains, const ListMask& lists_off, const Policy& policy,
           PolicyId id, AppMask excepted = {}, Shadows shadows = Shadows::ignored) noexcept
      : domains_(domains), lists_off_(lists_off), policy_(policy), shadows_(shadows) {
    decision_.policy = id;
    decision_.excepted = excepted;
  }

  // False: no later rule can change the decision.
  bool take(const match::Match& match) noexcept {
    const match::Rule rule = domains_.rule(match.rule);
    const match::AppId app = rule.app;
    if (lists_off_.has(rule.list)) return true;
    if (shadows_ == Shadows::ignored && policy_.shadow_lists.has(rule.list)) return true;
    if (match::is_exception(match.kind)) {
      const bool for_every_app = app == match::AppId{};
      if (!for_every_app && !policy_.apps.has(app)) return true;
      if (!decision_.exception.valid()) decision_.exception = match.rule;
      decision_.excepted.add(app);
      if (for_every_app) decision_.excepted = AppMask::all();
      // Later rules are shorter, so after an exception for every app none of them can block.
      return !for_every_app;
    }
    if (!policy_.apps.has(app) || decision_.excepted.has(app)) return true;
    decision_.action = policy_.action;
    decision_.app = app;
    decision_.rule = match.rule;
    return false;
  }
  [[nodiscard]] const Decision& decision() const noexcept { return decision_; }

 private:
  const match::DomainSet& domains_;
  const ListMask& lists_off_;
  const Policy& policy_;
  Shadows shadows_;
  Decision decision_;
};

// A shadow would have acted where nothing acts, or not as it does.
bool acts_otherwise(const Decision& would, const Decision& decided) {
  return would.rule.valid() && would.action != decided.action;
}

}  // namespace

std::string_view to_string(Action action) noexcept {
  return kActionNames[static_cast<std::size_t>(action)];
}

std::optional<Action> parse_action(std::string_view text) noexcept {
  const auto found = std::ranges::find(kActionNames, text);
  if (found == kActionNames.end()) return std::nullopt;
  return static_cast<Action>(found - kActionNames.begin());
}

PolicySet::PolicySet(std::vector<Policy> policies, ListMask lists_off)
    : policies_(std::move(policies)),
      lists_off_(std::move(lists_off)),
      shadow_slots_(policies_.size(), kMostShadowPolicies) {
  std::uint8_t slots = 0;
  bool is_first = true;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const Policy& policy = policies_[i];
    const PolicyId id{static_cast<std::uint16_t>(i)};
    Entries& entries = policy.shadow ? shadows_ : by_prefix_;
    if (policy.in_force) {
      for (const IpPrefix& prefix : policy.clients) entries.push_back({prefix, id});
      if (policy.clients.empty()) entries.push_back({IpPrefix{}, id});
    }
    if (policy.made_of.valid()) {
      shadow_slots_[i] = shadow_slots_[policy.made_of.index];
      continue;
    }
    if ((policy.shadow || !policy.shadow_lists.empty()) && slots < kMostShadowPolicies) {
      shadow_slots_[i] = slots++;
    }
    if (policy.shadow) continue;
    if (std::exchange(is_first, false)) {
      idle_lists_ = policy.shadow_lists;
    } else {
      idle_lists_ &= policy.shadow_lists;
    }
  }
  idle_lists_ |= lists_off_;
  has_shadows_ = slots > 0;
  for (Entries* const entries : {&by_prefix_, &shadows_}) {
    std::ranges::stable_sort(*entries, [](const Entry& a, const Entry& b) {
      return a.prefix.length() > b.prefix.length();
    });
  }
}

PolicyId PolicySet::find(const Entries& entries, const IpAddress& client) noexcept {
  const auto found = std::ranges::find_if(
      entries, [&](const Entry& entry) { return entry.prefix.contains(client); });
  return found == entries.end() ? PolicyId{} : found->policy;
}

PolicyId PolicySet::policy_for(const IpAddress& client) const noexcept {
  return find(by_prefix_, client);
}

Action PolicySet::action_for(const IpAddress& client) const noexcept {
  const PolicyId id = policy_for(client);
  return id.valid() ? policies_[id.index].action : Action::allow;
}

Decision PolicySet::decide(const match::DomainSet& domains, PolicyId id, const name::Name& name,
                           AppMask excepted) const noexcept {
  if (!id.valid()) return {.policy = id};
  Deciding weighing(domains, lists_off_, policies_[id.index], id, excepted);
  domains.find_all(name, [&](const match::Match& match) { return weighing.take(match); });
  return weighing.decision();
}

Decision PolicySet::decide(const match::DomainSet& domains, const match::AddressSet& addresses,
                           PolicyId id, const IpAddress& server) const noexcept {
  if (!id.valid()) return {.policy = id};
  Deciding weighing(domains, lists_off_, policies_[id.index], id);
  addresses.find_all(server, [&](const match::Match& match) { return weighing.take(match); });
  return weighing.decision();
}

Decision PolicySet::decide(const match::DomainSet& domains, const IpAddress& client,
                           const name::Name& name) const noexcept {
  return decide(domains, policy_for(client), name);
}

template <typename FindAll>
Trial PolicySet::try_shadows(const match::DomainSet& domains, const Standing& standing,
                             const Decision& decided, const Excepted& excepted,
                             const FindAll& find_all) const noexcept {
  const auto decide_with = [&](PolicyId id, AppMask apps) {
    Deciding weighing(domains, lists_off_, policies_[id.index], id, apps, Shadows::counted);
    find_all([&](const match::Match& match) { return weighing.take(match); });
    return weighing.decision();
  };
  Trial trial;
  const PolicyId own = standing.policy;
  if (own.valid() && !policies_[own.index].shadow_lists.empty()) {
    Decision& would = trial.of_lists = decide_with(own, excepted.of_lists);
    const bool releases = decided.rule.valid() && !would.rule.valid() && would.exception.valid();
    trial.lists_differ = releases || acts_otherwise(would, decided);
    if (releases) would.app = decided.app;
  } else {
    trial.of_lists.excepted = decided.excepted;
  }
  if (const PolicyId beside = standing.shadow; beside.valid()) {
    trial.of_policy = decide_with(beside, excepted.of_policy);
    trial.policy_differs = acts_otherwise(trial.of_policy, decided);
  }
  return trial;
}

Trial PolicySet::try_shadows(const match::DomainSet& domains, const Standing& standing,
                             const name::Name& name, const Decision& decided,
                             const Excepted& excepted) const noexcept {
  return try_shadows(domains, standing, decided, excepted,
                     [&](match::DomainSet::Visit visit) { domains.find_all(name, visit); });
}

Trial PolicySet::try_shadows(const match::DomainSet& domains, const match::AddressSet& addresses,
                             const Standing& standing, const IpAddress& server,
                             const Decision& decided) const noexcept {
  return try_shadows(domains, standing, decided, {},
                     [&](match::AddressSet::Visit visit) { addresses.find_all(server, visit); });
}

std::optional<std::size_t> PolicySet::shadow_slot(PolicyId id) const noexcept {
  if (!id.valid() || shadow_slots_[id.index] == kMostShadowPolicies) return std::nullopt;
  return shadow_slots_[id.index];
}

std::string_view PolicySet::name_of(PolicyId id) const noexcept {
  return id.valid() ? std::string_view(policies_[id.index].name) : std::string_view{};
}

}  // namespace sluice::policy
