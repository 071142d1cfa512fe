#pragma once

// Policy: which clients get which apps, and which action. Pure values; immutable once built.
//
// The policy with the longest prefix that contains the client decides; a client without a policy
// passes. A policy blocks a name for one of its apps if the longest entry that covers the name is
// no exception. The operator's exceptions count for every app. Cost of decide(): one scan of the
// prefixes and one lookup; no allocation.
//
// Shadows (policies, and lists of a policy, on trial) never change a decision: decide() is as if
// they were not there, and try_shadows() says what they would have done.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "filters/match/address_set.h"
#include "filters/match/domain_set.h"
#include "filters/match/rule.h"
#include "filters/policy/dns_answer.h"
#include "filters/policy/masks.h"

namespace sluice::policy {

enum class Action : std::uint8_t { allow, log, drop, reject };
inline constexpr std::size_t kActions = 4;
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::optional<Action> parse_action(std::string_view text) noexcept;
// Not only watched.
[[nodiscard]] constexpr bool is_enforced(Action action) noexcept {
  return action == Action::drop || action == Action::reject;
}

struct PolicyId {
  std::uint16_t index = 0xffff;
  [[nodiscard]] bool valid() const noexcept { return index != 0xffff; }
};

struct Policy {
  std::string name;
  std::vector<IpPrefix> clients;  // empty: every client
  AppMask apps;
  Action action = Action::drop;
  DnsAnswer answer;       // of `reject`
  bool shadow = false;    // on trial: it decides for no client
  ListMask shadow_lists;  // on trial in this policy: their rules and exceptions do not count
  bool in_force = true;   // false: as if it were not there, for now
  PolicyId made_of = {};  // the policy of whose clients these are exempt from an app; invalid: none
};
// Of all policies, so many may be on trial, or have lists that are.
inline constexpr std::size_t kMostShadowPolicies = 32;

// Whose rules count for a client; either may be invalid.
struct Standing {
  PolicyId policy;  // decides
  PolicyId shadow;  // on trial: judges beside it
};

struct Decision {
  Action action = Action::allow;
  PolicyId policy;          // invalid: the client has no policy
  match::AppId app;         // only with a rule
  match::RuleId rule;       // the entry that blocked; invalid: none
  match::RuleId exception;  // the exception that allowed the name, for explanations
  AppMask excepted;         // apps for which exceptions cover the name
};

// Apps that do not count for a name, because an exception covers the name that was asked for: in
// the decision, and in what shadows would have decided.
struct Excepted {
  AppMask now, of_lists, of_policy;
};

// What shadows would have done, where it differs from what was decided. The action of a decision
// without a rule is `allow`: its exception would have let the name through.
struct Trial {
  Decision of_lists;   // of the client's policy, if its shadow lists counted
  Decision of_policy;  // of the shadow policy that holds the client
  bool lists_differ = false, policy_differs = false;

  [[nodiscard]] Excepted excepted(const Decision& decided) const noexcept {
    return {decided.excepted, of_lists.excepted, of_policy.excepted};
  }
};

class PolicySet {
 public:
  PolicySet() = default;
  // In configuration order; of equal prefixes the first one wins.
  // REQUIRES: at most kMostShadowPolicies are on trial, or have shadow lists.
  // `lists_off`: as if they were not there, for now.
  explicit PolicySet(std::vector<Policy> policies, ListMask lists_off = {});

  [[nodiscard]] PolicyId policy_for(const IpAddress& client) const noexcept;
  // Of the client's policy; `allow` without one.
  [[nodiscard]] Action action_for(const IpAddress& client) const noexcept;
  // `excepted`: apps that do not count, because an exception covers the name that was asked for.
  [[nodiscard]] Decision decide(const match::DomainSet& domains, PolicyId policy,
                                const name::Name& name, AppMask excepted = {}) const noexcept;
  [[nodiscard]] Decision decide(const match::DomainSet& domains, const IpAddress& client,
                                const name::Name& name) const noexcept;
  // The same for a server's address: the longest range that contains it decides.
  [[nodiscard]] Decision decide(const match::DomainSet& domains, const match::AddressSet& addresses,
                                PolicyId policy, const IpAddress& server) const noexcept;

  // False: no policy or list is on trial, and there is nothing to ask below.
  [[nodiscard]] bool has_shadows() const noexcept { return has_shadows_; }
  [[nodiscard]] PolicyId shadow_policy_for(const IpAddress& client) const noexcept {
    return find(shadows_, client);
  }
  [[nodiscard]] Standing standing_of(const IpAddress& client) const noexcept {
    return {policy_for(client), shadow_policy_for(client)};
  }
  // What shadows would have done about a name, or a server's address, of which decide() said
  // `decided`. Shadow policies judge beside the others: the one with the longest prefix that
  // contains the client.
  [[nodiscard]] Trial try_shadows(const match::DomainSet& domains, const Standing& standing,
                                  const name::Name& name, const Decision& decided,
                                  const Excepted& excepted = {}) const noexcept;
  [[nodiscard]] Trial try_shadows(const match::DomainSet& domains,
                                  const match::AddressSet& addresses, const Standing& standing,
                                  const IpAddress& server, const Decision& decided) const noexcept;
  // Where a policy's shadows are counted, below kMostShadowPolicies; none: it has none.
  [[nodiscard]] std::optional<std::size_t> shadow_slot(PolicyId id) const noexcept;
  // Lists that are off, or on trial in every policy: as if they were not there, no name is banned
  // by them.
  [[nodiscard]] const ListMask& idle_lists() const noexcept { return idle_lists_; }

  [[nodiscard]] const std::vector<Policy>& all() const noexcept { return policies_; }
  [[nodiscard]] std::string_view name_of(PolicyId id) const noexcept;  // "" where invalid

 private:
  struct Entry {
    IpPrefix prefix;
    PolicyId policy;
  };
  using Entries = std::vector<Entry>;
  [[nodiscard]] static PolicyId find(const Entries& entries, const IpAddress& client) noexcept;
  // `find_all(visit)` calls back with the rules that cover what is judged, best first.
  template <typename FindAll>
  Trial try_shadows(const match::DomainSet& domains, const Standing& standing,
                    const Decision& decided, const Excepted& excepted,
                    const FindAll& find_all) const noexcept;

  std::vector<Policy> policies_;
  ListMask lists_off_;
  Entries by_prefix_;                       // longest prefix first, then in configuration order
  Entries shadows_;                         // the same for policies on trial
  std::vector<std::uint8_t> shadow_slots_;  // by PolicyId; kMostShadowPolicies: none
  ListMask idle_lists_;
  bool has_shadows_ = false;
};

}  // namespace sluice::policy
