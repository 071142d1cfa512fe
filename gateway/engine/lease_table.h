#pragma once

// What traffic taught of servers' addresses: that a banned name leads there (a lease), and that
// names which are not banned do (innocent evidence).
//
// Who feeds it has seen more than one packet that anybody could have sent: an answer to a question
// that a client had asked, or a server's acknowledgment of a name within a connection. Either kind
// has a table of its own, so that a flood of the one takes nothing from the other; a full table
// forgets what was used longest ago, and counts it. An address with a lease keeps its innocent
// evidence with the lease.
//
// One worker owns one table. Cost: a hash and a probe a look-up. Nothing is allocated after
// construction. Resident bytes: memory_bytes().

#include <cstddef>
#include <cstdint>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/table.h"
#include "filters/name/name.h"

namespace sluice::engine {

struct LeaseLimits {
  std::size_t leases = 4096;
  std::size_t innocents = 32768;
};

struct Lease {
  name::Name name;  // the banned one, as it was seen last
  Nanos expires{0};
  Nanos innocent_until{0};     // a name that is not banned leads there as well
  std::uint32_t evidence = 0;  // how often the address was seen under a banned name
};

class LeaseTable {
 public:
  // What servers say of how long it holds is kept within these.
  static constexpr Nanos kLeastLife = std::chrono::minutes(5);
  static constexpr Nanos kMostLife = std::chrono::hours(24);
  // Of what a connection shows.
  static constexpr Nanos kFlowLife = std::chrono::hours(1);

  LeaseTable(const LeaseLimits& limits, HashKey key);

  // Reserved addresses teach nothing. True: it is news, which other workers should hear of; not
  // what only confirms an entry that has most of its life before it.
  bool learn_banned(const IpAddress& address, const name::Name& name, Nanos now,
                    Nanos life) noexcept;
  bool learn_innocent(const IpAddress& address, Nanos now, Nanos life) noexcept;

  // The live lease of an address; null: it has none. Good until the next call.
  [[nodiscard]] const Lease* find(const IpAddress& address, Nanos now) noexcept;
  // Names that are not banned lead there.
  [[nodiscard]] bool is_shared(const IpAddress& address, Nanos now) noexcept;

  // Forgets what is over; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t leases() const noexcept { return leases_.size(); }
  [[nodiscard]] std::size_t innocents() const noexcept { return innocents_.size(); }
  [[nodiscard]] std::uint64_t evicted() const noexcept { return evicted_; }
  [[nodiscard]] static std::size_t memory_bytes(const LeaseLimits& limits) noexcept;

 private:
  struct Innocent {
    Nanos until{0};
  };

  flow::Table<Lease> leases_;
  flow::Table<Innocent> innocents_;
  std::uint64_t evicted_ = 0;
};

}  // namespace sluice::engine
