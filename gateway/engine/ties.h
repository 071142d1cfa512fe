#pragma once

// Ties: finds in traffic the names that no list has and that lead to a banned app, for
// `sluice lists suggest` (README.md, "Names that lead to a banned app"). It blocks nothing.
//
// Believed as leases are: answers of trusted resolvers to questions that clients asked, and
// connections in which a server took part. An address is an app's if a lease or the background
// resolver says so, and names of at most Neighbours::kMost owners were seen there of late.
// One worker owns one; only where suggestions are configured. No allocation after construction.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "filters/base/keyed_hash.h"
#include "filters/flow/table.h"
#include "gateway/engine/alias_chain.h"
#include "gateway/engine/context.h"
#include "gateway/engine/lease_table.h"
#include "gateway/engine/resolutions.h"
#include "gateway/engine/tie_table.h"

namespace sluice::engine {

// Whose names, of those that are not banned, were seen at an address of an app. More than a few,
// and many share the address. An owner is the hash of the rightmost two labels.
class Neighbours {
 public:
  static constexpr std::size_t kMost = 4;  // owners: an app may use as many new domains
  static constexpr Nanos kIdle = std::chrono::hours(24);

  Neighbours(std::size_t addresses, HashKey key) : key_(key), addresses_(addresses, key, kIdle) {}

  // One more name there. False: it has many.
  [[nodiscard]] bool are_few(const IpAddress& address, const name::Name& name, Nanos now) noexcept;
  void expire(Nanos now) noexcept {
    addresses_.expire(now, [](const Seen&, flow::Removal) {});
  }
  [[nodiscard]] static constexpr std::size_t bytes_per_address() noexcept {
    return flow::Table<Seen>::bytes_per_entry();
  }

 private:
  struct Seen {
    std::array<std::uint64_t, kMost> owners{};
    std::size_t count = 0;  // kMost + 1: many
  };
  HashKey key_;
  flow::Table<Seen> addresses_;
};

class Ties {
 public:
  // `names`: of the table. See TieTable for the key.
  Ties(std::size_t names, HashKey key);

  // Who leads to which address.
  struct Addresses {
    LeaseTable& leases;
    const Resolutions* resolutions = nullptr;  // null: none
  };
  // The answer in context.bench.scratch.response to the question of a client, of a resolver that is
  // trusted.
  void take_answer(const Context& context, const Addresses& addresses, Bytes message) noexcept;
  // A server took part in what a client showed this name in.
  void take_hello(const Context& context, const Addresses& addresses, const IpAddress& client,
                  const IpAddress& server, const name::Name& name) noexcept;

  void expire(Nanos now) noexcept { neighbours_.expire(now); }
  [[nodiscard]] const TieTable& table() const noexcept { return table_; }
  [[nodiscard]] static std::size_t memory_bytes(std::size_t names) noexcept;

 private:
  static constexpr std::size_t kAddresses = 4096;

  // The apps that lead to an address.
  struct Apps {
    std::array<AppTag, Lease::kMostClaims> tags{};
    std::size_t count = 0;

    void add(AppTag tag) noexcept;
    void keep_only(const Apps& others) noexcept;
    [[nodiscard]] std::span<const AppTag> all() const noexcept { return {tags.data(), count}; }
  };
  static Apps apps_at(const Context& context, const Addresses& addresses,
                      const IpAddress& server) noexcept;
  static void add_apps(const Context& context, const Addresses& addresses, const IpAddress& server,
                       Apps& apps) noexcept;
  void take_addresses(const Context& context, const Addresses& addresses, Bytes message) noexcept;
  void note(const Context& context, const IpAddress& client, const name::Name& name, AppTag app,
            TieKind kind) noexcept;

  TieTable table_;
  Neighbours neighbours_;
  AliasChain chain_;  // of the answer at hand
};

}  // namespace sluice::engine
