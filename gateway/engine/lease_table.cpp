#include "gateway/engine/lease_table.h"

#include <algorithm>

namespace sluice::engine {
namespace {

Nanos end_of(Nanos now, Nanos life) noexcept {
  return now + std::clamp(life, LeaseTable::kLeastLife, LeaseTable::kMostLife);
}

// An entry that ends at `known` would now end at `until`.
bool is_worth_telling(Nanos known, Nanos now, Nanos until) noexcept {
  return until > known && known - now < (until - now) * 3 / 4;
}

}  // namespace

LeaseTable::LeaseTable(const LeaseLimits& limits, HashKey key)
    : leases_(limits.leases, key, kMostLife), innocents_(limits.innocents, key, kMostLife) {}

bool LeaseTable::learn_banned(const IpAddress& address, const name::Name& name, Nanos now,
                              Nanos life) noexcept {
  if (is_reserved(address)) return false;
  const Innocent* const innocent = innocents_.find(flow::key_of(address));
  Lease& lease = leases_.touch_or_insert(flow::key_of(address), now,
                                         [&](const Lease&, flow::Removal) { ++evicted_; });
  if (lease.expires <= now) lease.evidence = 0;  // what it knew is over
  const bool is_news = lease.evidence == 0 || lease.name != name ||
                       is_worth_telling(lease.expires, now, end_of(now, life));
  lease.name = name;
  lease.expires = std::max(lease.expires, end_of(now, life));
  if (innocent != nullptr) lease.innocent_until = std::max(lease.innocent_until, innocent->until);
  ++lease.evidence;
  return is_news;
}

bool LeaseTable::learn_innocent(const IpAddress& address, Nanos now, Nanos life) noexcept {
  const Nanos until = end_of(now, life);
  if (Lease* const lease = leases_.find(flow::key_of(address))) {
    lease->innocent_until = std::max(lease->innocent_until, until);
  }
  Innocent& innocent = innocents_.touch_or_insert(
      flow::key_of(address), now, [&](const Innocent&, flow::Removal) { ++evicted_; });
  const bool is_news = is_worth_telling(innocent.until, now, until);
  innocent.until = std::max(innocent.until, until);
  return is_news;
}

const Lease* LeaseTable::find(const IpAddress& address, Nanos now) noexcept {
  Lease* const lease = leases_.find(flow::key_of(address));
  if (lease == nullptr || lease->expires <= now) return nullptr;
  leases_.touch(*lease, now);
  return lease;
}

bool LeaseTable::is_shared(const IpAddress& address, Nanos now) noexcept {
  const Lease* const lease = leases_.find(flow::key_of(address));
  if (lease != nullptr && lease->innocent_until > now) return true;
  const Innocent* const innocent = innocents_.find(flow::key_of(address));
  return innocent != nullptr && innocent->until > now;
}

void LeaseTable::expire(Nanos now) noexcept {
  leases_.expire(now, [](const Lease&, flow::Removal) {});
  innocents_.expire(now, [](const Innocent&, flow::Removal) {});
}

std::size_t LeaseTable::memory_bytes(const LeaseLimits& limits) noexcept {
  return limits.leases * flow::Table<Lease>::bytes_per_flow() +
         limits.innocents * flow::Table<Innocent>::bytes_per_flow();
}

}  // namespace sluice::engine
