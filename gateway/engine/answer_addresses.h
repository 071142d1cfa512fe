#pragma once

// Addresses in a DNS answer that are a banned name's own, or an innocent one's: what the judge
// learns from traffic and what the background resolver finds is told apart in one way; and which
// apps ban a name.
//
// No allocation.

#include <functional>
#include <string_view>

#include "filters/dns/response.h"
#include "filters/match/domain_set.h"
#include "filters/policy/policy.h"
#include "gateway/engine/snapshot.h"

namespace sluice::engine {

// An app by its name, because ids of apps change with a reload.
using AppTag = std::uint64_t;
[[nodiscard]] inline AppTag tag_of(std::string_view app) noexcept {
  return std::hash<std::string_view>{}(app);
}

// What bans names, whoever asks: rules, but for those of lists that count in no policy.
struct Ban {
  const match::DomainSet& domains;
  const policy::ListMask* idle = nullptr;  // null: every list counts
};
[[nodiscard]] inline Ban ban_of(const Snapshot& snapshot) noexcept {
  return {snapshot.domains, &snapshot.policies.idle_lists()};
}

// Calls visit(app) for each app whose rules ban the name.
template <typename Visit>
void for_each_app_that_bans(const Ban& ban, const name::Name& name, Visit&& visit) noexcept {
  policy::AppMask done;
  ban.domains.find_all(name, [&](const match::Match& match) {
    const match::Rule rule = ban.domains.rule(match.rule);
    const match::AppId app = rule.app;
    if (ban.idle != nullptr && ban.idle->has(rule.list)) return true;
    if (match::is_exception(match.kind) && app == match::AppId{}) return false;
    if (done.has(app)) return true;
    done.add(app);
    if (!match::is_exception(match.kind)) visit(app);
    return true;
  });
}

// A rule of any app covers the name, and no exception lets it through.
[[nodiscard]] inline bool is_banned(const Ban& ban, const name::Name& name) noexcept {
  bool banned = false;
  for_each_app_that_bans(ban, name, [&](match::AppId) { banned = true; });
  return banned;
}

// Records with addresses that are looked at in one answer.
inline constexpr std::size_t kMostAddressRecords = 64;

// Calls visit(address, time to live) for the addresses and hints in the answer section whose owner
// is banned, or is not, as `banned` says, until it returns false. Behind an alias from the one into
// the other they are neither name's: a network that serves many. REQUIRES: `response` was parsed
// from `message`.
template <typename Visit>
void for_each_address_of(Bytes message, const dns::Response& response, const Ban& ban, bool banned,
                         Visit&& visit) noexcept {
  dns::ResponseReader records(message, response);
  dns::JumpsLeft jumps = dns::kJumpsOfTarget * dns::kMaxTargets;
  std::size_t looked_at = 0;
  bool takes_more = true;
  for (std::size_t i = 0; takes_more && i < response.answers; ++i) {
    const auto record = records.next();
    if (!record) return;
    if (!dns::may_hold_addresses(record->type)) continue;
    if (++looked_at > kMostAddressRecords) return;
    const auto owner = dns::read_name(message, record->owner, jumps);
    if (!owner || is_banned(ban, owner->name) != banned) continue;
    dns::for_each_address(message, *record, [&](const IpAddress& address) {
      takes_more = visit(address, record->ttl);
      return takes_more;
    });
  }
}

}  // namespace sluice::engine
