#include "gateway/engine/lease_table.h"

#include <algorithm>

namespace sluice::engine {
namespace {

// The app's claim, or the place for one.
Claim& claim_of(Lease& lease, AppTag app) noexcept {
  const auto known = std::ranges::find_if(lease.claims, [&](const Claim& claim) {
    return claim.app == app && claim.expires > Nanos(0);
  });
  if (known != lease.claims.end()) return *known;
  return *std::ranges::min_element(lease.claims, {}, &Claim::expires);
}

}  // namespace

LeaseTable::LeaseTable(const LeaseLimits& limits, HashKey key)
    : leases_(limits.leases, key, kMostLife), innocents_(limits.innocents, key, kMostLife) {}

bool LeaseTable::learn_banned(const IpAddress& address, AppTag app, const name::Name& name,
                              Nanos now, Nanos life) noexcept {
  if (is_reserved(address)) return false;
  const Witnesses* const witnesses = innocents_.find(flow::key_of(address));
  const bool is_new = leases_.find(flow::key_of(address)) == nullptr;
  Lease& lease = leases_.touch_or_insert(flow::key_of(address), now,
                                         [&](const Lease&, flow::Removal) { ++evicted_; });
  if (is_new && witnesses != nullptr) lease.witnesses = *witnesses;
  Claim& claim = claim_of(lease, app);
  if (claim.app != app && claim.expires > now) ++evicted_;
  if (claim.app != app || claim.expires <= now) claim = {.app = app};  // what it knew is over
  const Nanos until = end_of(now, life);
  RememberedName shown;
  shown.set(name, inspect::Protocol::ip);
  const bool is_news = claim.evidence == 0 || claim.name.name() != shown.name() ||
                       is_worth_telling(claim.expires, now, until);
  claim.name = shown;
  claim.expires = std::max(claim.expires, until);
  ++claim.evidence;
  return is_news;
}

bool LeaseTable::learn_innocent(const IpAddress& address, const IpAddress& client, Nanos now,
                                Nanos life) noexcept {
  const Nanos until = end_of(now, life);
  if (Lease* const lease = leases_.find(flow::key_of(address))) {
    lease->witnesses.add(client, now, until);
  }
  Witnesses& witnesses = innocents_.touch_or_insert(
      flow::key_of(address), now, [&](const Witnesses&, flow::Removal) { ++evicted_; });
  return witnesses.add(client, now, until);
}

const Lease* LeaseTable::find(const IpAddress& address, Nanos now) noexcept {
  Lease* const lease = leases_.find(flow::key_of(address));
  if (lease == nullptr || !lease->is_live(now)) return nullptr;
  leases_.touch(*lease, now);
  return lease;
}

bool LeaseTable::is_shared(const IpAddress& address, Nanos now) noexcept {
  const Lease* const lease = leases_.find(flow::key_of(address));
  if (lease != nullptr && lease->witnesses.agree(now)) return true;
  const Witnesses* const witnesses = innocents_.find(flow::key_of(address));
  return witnesses != nullptr && witnesses->agree(now);
}

void LeaseTable::expire(Nanos now) noexcept {
  leases_.expire(now, [](const Lease&, flow::Removal) {});
  innocents_.expire(now, [](const Witnesses&, flow::Removal) {});
}

std::size_t LeaseTable::memory_bytes(const LeaseLimits& limits) noexcept {
  return limits.leases * flow::Table<Lease>::bytes_per_entry() +
         limits.innocents * flow::Table<Witnesses>::bytes_per_entry();
}

}  // namespace sluice::engine
