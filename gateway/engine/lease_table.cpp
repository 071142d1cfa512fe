#include "gateway/engine/lease_table.h"

#include <algorithm>

namespace sluice::engine {
namespace {

Nanos end_of(Nanos now, Nanos life) noexcept {
  return now + std::clamp(life, LeaseTable::kLeastLife, LeaseTable::kMostLife);
}

}  // namespace

bool is_reserved(const IpAddress& address) noexcept {
  const Bytes octets = address.wire();
  const auto first = std::to_integer<unsigned>(octets[0]);
  const auto second = std::to_integer<unsigned>(octets[1]);
  if (!address.is_v4()) {
    const bool link_local = first == 0xfe && (second & 0xc0U) == 0x80;
    return first == 0 || (first & 0xfeU) == 0xfc || link_local || first == 0xff;
  }
  return first == 0 || first == 10 || first == 127 || first >= 224 ||
         (first == 100 && (second & 0xc0U) == 64) || (first == 169 && second == 254) ||
         (first == 172 && (second & 0xf0U) == 16) || (first == 192 && second == 168);
}

LeaseTable::LeaseTable(const LeaseLimits& limits, HashKey key)
    : leases_(limits.leases, key, kMostLife), innocents_(limits.innocents, key, kMostLife) {}

void LeaseTable::learn_banned(const IpAddress& address, const name::Name& name, Nanos now,
                              Nanos life) noexcept {
  if (is_reserved(address)) return;
  const Innocent* const innocent = innocents_.find(flow::key_of(address));
  Lease& lease = leases_.touch_or_insert(flow::key_of(address), now,
                                         [&](const Lease&, flow::Removal) { ++evicted_; });
  if (lease.expires <= now) lease.evidence = 0;  // what it knew is over
  lease.name = name;
  lease.expires = std::max(lease.expires, end_of(now, life));
  if (innocent != nullptr) lease.innocent_until = std::max(lease.innocent_until, innocent->until);
  ++lease.evidence;
}

void LeaseTable::learn_innocent(const IpAddress& address, Nanos now, Nanos life) noexcept {
  const Nanos until = end_of(now, life);
  if (Lease* const lease = leases_.find(flow::key_of(address))) {
    lease->innocent_until = std::max(lease->innocent_until, until);
  }
  Innocent& innocent = innocents_.touch_or_insert(
      flow::key_of(address), now, [&](const Innocent&, flow::Removal) { ++evicted_; });
  innocent.until = std::max(innocent.until, until);
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
