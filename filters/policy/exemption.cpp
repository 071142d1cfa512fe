#include "filters/policy/exemption.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::policy {
namespace {

bool lies_in(const IpPrefix& inner, const IpPrefix& outer) {
  return inner.length() >= outer.length() && outer.contains(inner.address());
}

Policy without(const Policy& policy, std::size_t index, AppMask apps,
               std::vector<IpPrefix> clients) {
  Policy made = policy;
  made.clients = std::move(clients);
  made.in_force = true;
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

// Each policy gives the clients that it has in the group up to one without the apps, and so does
// the one that decides for the rest of the group. All of them, in their order, so that of two with
// the same prefix the first one stays the first.
void exempt(std::vector<Policy>& policies, const IpPrefix& group, AppMask apps) {
  const std::array outer = {deciding(policies, group, false), deciding(policies, group, true)};
  const std::size_t count = policies.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!policies[i].in_force) continue;
    std::vector<IpPrefix>& clients = policies[i].clients;
    const auto held = std::ranges::stable_partition(
        clients, [&](const IpPrefix& prefix) { return !lies_in(prefix, group); });
    std::vector<IpPrefix> exempted(held.begin(), held.end());
    clients.erase(held.begin(), held.end());
    if (clients.empty()) policies[i].in_force = false;  // no client is not every client
    const bool decides = outer[policies[i].shadow ? 1 : 0] == i && policies[i].apps.has_any(apps);
    if (decides && std::ranges::find(exempted, group) == exempted.end()) exempted.push_back(group);
    if (!exempted.empty()) policies.push_back(without(policies[i], i, apps, std::move(exempted)));
  }
}

}  // namespace

void exempt(std::vector<Policy>& policies, std::span<const IpPrefix> clients, AppMask apps) {
  for (Policy& policy : policies) {
    if (policy.clients.empty() && policy.in_force) policy.clients.emplace_back();
  }
  for (const IpPrefix& group : clients) exempt(policies, group, apps);
}

}  // namespace sluice::policy
