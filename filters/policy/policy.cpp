#include "filters/policy/policy.h"

#include <algorithm>
#include <array>

namespace sluice::policy {
namespace {

constexpr std::array<std::string_view, kActions> kActionNames = {"allow", "log", "drop", "reject"};

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

Decision PolicySet::decide(const match::DomainSet& domains, PolicyId id,
                           const name::Name& name) const noexcept {
  Decision decision;
  decision.policy = id;
  if (!id.valid()) return decision;
  const Policy& policy = policies_[id.index];
  AppMask excepted;
  domains.find_all(name, [&](const match::Match& match) {
    const match::AppId app = domains.rule(match.rule).app;
    if (match::is_exception(match.kind)) {
      const bool for_every_app = app == match::AppId{};
      if (!for_every_app && !policy.apps.has(app)) return true;
      if (!decision.exception.valid()) decision.exception = match.rule;
      excepted.add(app);
      // What is left to come is shorter: after an exception for every app none can block any more.
      return !for_every_app;
    }
    if (!policy.apps.has(app) || excepted.has(app)) return true;
    decision.action = policy.action;
    decision.app = app;
    decision.rule = match.rule;
    return false;
  });
  return decision;
}

Decision PolicySet::decide(const match::DomainSet& domains, const IpAddress& client,
                           const name::Name& name) const noexcept {
  return decide(domains, policy_for(client), name);
}

std::string_view PolicySet::name_of(PolicyId id) const noexcept {
  return id.valid() ? std::string_view(policies_[id.index].name) : std::string_view{};
}

}  // namespace sluice::policy
