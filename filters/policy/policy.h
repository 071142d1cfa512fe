#pragma once

// Policy: which clients get which apps, and which action. Pure values; immutable once built.
//
// The policy with the longest prefix that contains the client decides; a client without a policy
// passes. A policy blocks a name for one of its apps if the longest entry that covers the name is
// no exception. The operator's exceptions count for every app. Cost of decide(): one scan of the
// prefixes and one lookup; no allocation.

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

namespace sluice::policy {

enum class Action : std::uint8_t { allow, log, drop, reject };
inline constexpr std::size_t kActions = 4;
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::optional<Action> parse_action(std::string_view text) noexcept;
// Not only watched.
[[nodiscard]] constexpr bool is_enforced(Action action) noexcept {
  return action == Action::drop || action == Action::reject;
}

// A set of apps, by AppId::index.
class AppMask {
 public:
  // AppId::kAny is no app: it adds none.
  void add(match::AppId app) noexcept {
    if (app.index < match::kMaxApps) bits_ |= std::uint64_t{1} << app.index;
  }
  [[nodiscard]] bool has(match::AppId app) const noexcept {
    return app.index < match::kMaxApps && (bits_ >> app.index & 1) != 0;
  }
  [[nodiscard]] bool has_any(AppMask others) const noexcept { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }

 private:
  std::uint64_t bits_ = 0;
};

struct Policy {
  std::string name;
  std::vector<IpPrefix> clients;  // empty: every client
  AppMask apps;
  Action action = Action::drop;
};

struct PolicyId {
  std::uint16_t index = 0xffff;
  [[nodiscard]] bool valid() const noexcept { return index != 0xffff; }
};

struct Decision {
  Action action = Action::allow;
  PolicyId policy;          // invalid: the client has no policy
  match::AppId app;         // only with a rule
  match::RuleId rule;       // the entry that blocked; invalid: none
  match::RuleId exception;  // the exception that allowed the name, for explanations
};

class PolicySet {
 public:
  PolicySet() = default;
  // In configuration order; of equal prefixes the first one wins.
  explicit PolicySet(std::vector<Policy> policies);

  [[nodiscard]] PolicyId policy_for(const IpAddress& client) const noexcept;
  // Of the client's policy; `allow` without one.
  [[nodiscard]] Action action_for(const IpAddress& client) const noexcept;
  [[nodiscard]] Decision decide(const match::DomainSet& domains, PolicyId policy,
                                const name::Name& name) const noexcept;
  [[nodiscard]] Decision decide(const match::DomainSet& domains, const IpAddress& client,
                                const name::Name& name) const noexcept;
  // The same for a server's address: the longest range that contains it decides.
  [[nodiscard]] Decision decide(const match::DomainSet& domains, const match::AddressSet& addresses,
                                PolicyId policy, const IpAddress& server) const noexcept;

  [[nodiscard]] const std::vector<Policy>& all() const noexcept { return policies_; }
  [[nodiscard]] std::string_view name_of(PolicyId id) const noexcept;  // "" where invalid

 private:
  struct Entry {
    IpPrefix prefix;
    PolicyId policy;
  };
  std::vector<Policy> policies_;
  std::vector<Entry> by_prefix_;  // longest prefix first, then in configuration order
};

}  // namespace sluice::policy
