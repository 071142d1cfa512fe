#pragma once

// What is known of servers' addresses: that banned names lead there (a lease, with a claim of each
// app), and that clients agree on names there that are not banned.
//
// Who feeds it has something to go by: a resolver that the configuration trusts for claims, a
// connection that a server took part in for innocent names. Either kind has a table of its own, so
// that a flood of the one takes nothing from the other; a full table forgets what was used longest
// ago, and counts it. An address with a lease keeps its witnesses with the lease.
//
// One worker owns one table. Cost: a hash and a probe a look-up. Nothing is allocated after
// construction. Resident bytes: memory_bytes().

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/table.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/remembered_name.h"
#include "gateway/engine/witnesses.h"

namespace sluice::engine {

struct LeaseLimits {
  std::size_t leases = 4096;
  std::size_t innocents = 32768;
};

// One app's.
struct Claim {
  RememberedName name;  // a banned one of the app, as it was seen last
  AppTag app{};
  Nanos expires{0};            // 0: none
  std::uint32_t evidence = 0;  // how often the address was seen under a name of the app
};

struct Lease {
  static constexpr std::size_t kMostClaims = 8;  // beyond: the one that ends first is forgotten

  std::array<Claim, kMostClaims> claims{};
  Witnesses witnesses;

  [[nodiscard]] bool is_live(Nanos now) const noexcept {
    return std::ranges::any_of(claims, [&](const Claim& claim) { return claim.expires > now; });
  }
};

class LeaseTable {
 public:
  // What servers say of how long it holds is kept within these.
  static constexpr Nanos kLeastLife = std::chrono::minutes(5);
  static constexpr Nanos kMostLife = std::chrono::hours(24);
  // Of what a connection shows.
  static constexpr Nanos kFlowLife = std::chrono::hours(1);
  [[nodiscard]] static Nanos end_of(Nanos now, Nanos life) noexcept {
    return now + std::clamp(life, kLeastLife, kMostLife);
  }

  LeaseTable(const LeaseLimits& limits, HashKey key);

  // Reserved addresses teach nothing. True: it is news, which other workers should hear of; not
  // what only confirms an entry that has most of its life before it.
  bool learn_banned(const IpAddress& address, AppTag app, const name::Name& name, Nanos now,
                    Nanos life) noexcept;
  // A client showed an innocent name there. REQUIRES: `client` is from flow::client_of().
  bool learn_innocent(const IpAddress& address, const IpAddress& client, Nanos now,
                      Nanos life) noexcept;

  // The lease of an address with a live claim; null: it has none. Good until the next call.
  [[nodiscard]] const Lease* find(const IpAddress& address, Nanos now) noexcept;
  // Enough clients agree that names which are not banned lead there.
  [[nodiscard]] bool is_shared(const IpAddress& address, Nanos now) noexcept;

  // Forgets what is over; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t leases() const noexcept { return leases_.size(); }
  [[nodiscard]] std::size_t innocents() const noexcept { return innocents_.size(); }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
  [[nodiscard]] static std::size_t memory_bytes(const LeaseLimits& limits) noexcept;

 private:
  flow::Table<Lease> leases_;
  flow::Table<Witnesses> innocents_;
  std::uint64_t evicted_ = 0;
};

}  // namespace sluice::engine
