#include "filters/policy/exemption.h"

#include <algorithm>
#include <optional>

namespace sluice::policy {
namespace {

bool lies_in(const IpPrefix& inner, const IpPrefix& outer) {
  return inner.length() >= outer.length() && outer.contains(inner.address());
}

Policy without(const Policy& policy, std::size_t index, AppMask apps) {
  Policy made = policy;
  made.clients.clear();
  made.apps.remove(apps);
  if (!made.made_of.valid()) made.made_of = PolicyId{static_cast<std::uint16_t>(index)};
  return made;
}

// The policy that decides for all clients of `group` that no longer prefix holds.
std::optional<std::size_t> deciding(const std::vector<Policy>& policies, const IpPrefix& group,
                                    bool on_trial) {
  std::optional<std::size_t> best;
  unsigned best_length = 0;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    if (!policies[i].in_force || policies[i].shadow != on_trial) continue;
    for (const IpPrefix& prefix : policies[i].clients) {
      if (!lies_in(group, prefix) || (best && prefix.length() <= best_length)) continue;
      best = i;
      best_length = prefix.length();
    }
  }
  return best;
}

// Policies that lie in the group whole or in part give these clients up to one without the apps.
// All of them, so that of two with the same prefix the first one stays the first.
void divide(std::vector<Policy>& policies, const IpPrefix& group, AppMask apps) {
  const std::size_t count = policies.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!policies[i].in_force) continue;
    Policy made = without(policies[i], i, apps);
    std::vector<IpPrefix>& clients = policies[i].clients;
    const auto held = std::ranges::stable_partition(
        clients, [&](const IpPrefix& prefix) { return !lies_in(prefix, group); });
    made.clients.assign(held.begin(), held.end());
    clients.erase(held.begin(), held.end());
    if (clients.empty()) policies[i].in_force = false;  // no client is not every client
    if (!made.clients.empty()) policies.push_back(std::move(made));
  }
}

void exempt(std::vector<Policy>& policies, const IpPrefix& group, AppMask apps, bool on_trial) {
  const auto outer = deciding(policies, group, on_trial);
  if (!outer || !policies[*outer].apps.has_any(apps)) return;
  const std::vector<IpPrefix>& clients = policies[*outer].clients;
  if (std::ranges::find(clients, group) != clients.end()) return;  // divide() does it
  policies.push_back(without(policies[*outer], *outer, apps));
  policies.back().clients.push_back(group);
}

}  // namespace

void exempt(std::vector<Policy>& policies, std::span<const IpPrefix> clients, AppMask apps) {
  for (Policy& policy : policies) {
    if (policy.clients.empty() && policy.in_force) policy.clients.emplace_back();
  }
  for (const IpPrefix& group : clients) {
    for (const bool on_trial : {false, true}) exempt(policies, group, apps, on_trial);
    divide(policies, group, apps);
  }
}

}  // namespace sluice::policy
