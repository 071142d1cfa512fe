#include "filters/policy/policy.h"

#include <algorithm>
#include <array>

namespace sluice::policy {
namespace {

constexpr std::array<std::string_view, kActions> kActionNames = {"allow", "log", "drop", "reject"};

// Decides under one policy, from rules that come best first.
class Deciding {
 public:
  Deciding(const match::DomainSet& domains, const Policy& policy, PolicyId id,
           AppMask excepted = {}) noexcept
      : domains_(domains), policy_(policy) {
    decision_.policy = id;
    decision_.excepted = excepted;
  }

  // False: no later rule can change the decision.
  bool take(const match::Match& match) noexcept {
    const match::AppId app = domains_.rule(match.rule).app;
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
  const Policy& policy_;
  Decision decision_;
};

}  // namespace

std::string_view to_string(Action action) noexcept {
  return kActionNames[static_cast<std::size_t>(action)];
}

std::optional<Action> parse_action(std::string_view text) noexcept {
  const auto found = std::ranges::find(kActionNames, text);
  if (found == kActionNames.end()) return std::nullopt;
  return static_cast<Action>(found - kActionNames.begin());
}

PolicySet::PolicySet(std::vector<Policy> policies) : policies_(std::move(policies)) {
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const PolicyId id{static_cast<std::uint16_t>(i)};
    for (const IpPrefix& prefix : policies_[i].clients) by_prefix_.push_back({prefix, id});
    if (policies_[i].clients.empty()) by_prefix_.push_back({IpPrefix{}, id});
  }
  std::ranges::stable_sort(by_prefix_, [](const Entry& a, const Entry& b) {
    return a.prefix.length() > b.prefix.length();
  });
}

PolicyId PolicySet::policy_for(const IpAddress& client) const noexcept {
  const auto found = std::ranges::find_if(
      by_prefix_, [&](const Entry& entry) { return entry.prefix.contains(client); });
  return found == by_prefix_.end() ? PolicyId{} : found->policy;
}

Action PolicySet::action_for(const IpAddress& client) const noexcept {
  const PolicyId id = policy_for(client);
  return id.valid() ? policies_[id.index].action : Action::allow;
}

Decision PolicySet::decide(const match::DomainSet& domains, PolicyId id, const name::Name& name,
                           AppMask excepted) const noexcept {
  if (!id.valid()) return {.policy = id};
  Deciding weighing(domains, policies_[id.index], id, excepted);
  domains.find_all(name, [&](const match::Match& match) { return weighing.take(match); });
  return weighing.decision();
}

Decision PolicySet::decide(const match::DomainSet& domains, const match::AddressSet& addresses,
                           PolicyId id, const IpAddress& server) const noexcept {
  if (!id.valid()) return {.policy = id};
  Deciding weighing(domains, policies_[id.index], id);
  addresses.find_all(server, [&](const match::Match& match) { return weighing.take(match); });
  return weighing.decision();
}

Decision PolicySet::decide(const match::DomainSet& domains, const IpAddress& client,
                           const name::Name& name) const noexcept {
  return decide(domains, policy_for(client), name);
}

std::string_view PolicySet::name_of(PolicyId id) const noexcept {
  return id.valid() ? std::string_view(policies_[id.index].name) : std::string_view{};
}

}  // namespace sluice::policy
