#pragma once

// Exempts a group of clients from some apps, by policies: what no packet has to ask about later.
//
//   policies            10.0.0.0/8 bans a, b          10.1.2.0/24 bans a
//   exempt 10.1.0.0/16 from a
//   then                10.0.0.0/8 bans a, b          10.1.0.0/16 bans b          10.1.2.0/24 bans
//   nothing
//
// The new policies have the names, actions and answers of those that they are made of. Exemptions
// may be put one upon the other, in any order. Policies on trial are exempted likewise.
//
// Pure. Cost: allocates; by the number of prefixes.

#include <span>
#include <vector>

#include "filters/policy/policy.h"

namespace sluice::policy {

// REQUIRES: of `policies`, those that are in force take no turns until this is called again.
void exempt(std::vector<Policy>& policies, std::span<const IpPrefix> clients, AppMask apps);

}  // namespace sluice::policy
