#pragma once

// Shares: which client holds how much of a bounded table, so that the one who holds most gives way.
//
//   class ─► clients by the entries that they hold: | 1 | 2 … 3 | 4 … 7 | 8 … 15 | …   levels
//                                                              `─► entries, in order of use
//
// A client is an IPv4 address or an IPv6 /64, because one host may use all addresses of a /64.
// yields() names the entry to give up: of a client of the highest level, the one that was used
// longest ago. So a client that holds less than half as much as another never loses one to it.
// Clients that hold no more than `fair` are equals: between them the caller decides. Otherwise
// thousands of forged clients with an entry each would push out an honest one that has three.
//
// One worker owns one. No allocation after construction. Cost: add() and move() a hash and a probe;
// the rest O(1). Resident bytes: entries * bytes_per_entry().

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"

namespace sluice::flow {

// The address that stands for a client.
[[nodiscard]] inline IpAddress client_of(const IpAddress& address) noexcept {
  constexpr unsigned kV6Site = 64;
  return address.is_v4() ? address : IpPrefix::around(address, kV6Site).address();
}

class Shares {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0xffffffffU;
  static constexpr std::size_t kMostClasses = 8;

  // Entries are numbered from 0 to `entries` - 1.
  Shares(std::size_t entries, HashKey key);

  // As the most recently used of its client. REQUIRES: the entry is not there.
  void add(Index entry, const IpAddress& client, std::size_t in_class) noexcept;
  // REQUIRES of the rest: the entry is there.
  void remove(Index entry) noexcept;
  void touch(Index entry) noexcept;
  void move(Index entry, std::size_t to_class) noexcept;

  // kNone: the class is empty, or none of its clients holds more than `fair`.
  [[nodiscard]] Index yields(std::size_t of_class, std::uint32_t fair) const noexcept;

  [[nodiscard]] static constexpr std::size_t bytes_per_entry() noexcept {
    return sizeof(Entry) + sizeof(Client) + 2 * sizeof(Index);
  }

 private:
  static constexpr std::size_t kLevels = 32;

  struct Entry {
    Index client = kNone;
    Index older = kNone, newer = kNone;  // of the same client and class
  };
  struct Client {  // in one class
    IpAddress::Words address{};
    Index chain = kNone;  // next in the bucket, or next free one
    Index oldest = kNone, newest = kNone;
    Index before = kNone, after = kNone;  // in its level
    std::uint32_t held = 0;
    std::uint32_t in_class = 0;
  };

  [[nodiscard]] Index& bucket_of(const IpAddress::Words& address, std::size_t in_class) noexcept;
  Index find_or_add(const IpAddress::Words& address, std::size_t in_class) noexcept;
  void put(Index entry, Index client) noexcept;
  void forget(Index client) noexcept;
  void link(Index entry, Client& client) noexcept;
  void unlink(Index entry, Client& client) noexcept;
  void enter_level(Index client) noexcept;
  void leave_level(Index client) noexcept;

  HashKey key_;
  std::uint32_t bucket_mask_;
  Index free_ = kNone;
  std::array<std::array<Index, kLevels>, kMostClasses> levels_;
  std::array<std::uint32_t, kMostClasses> used_levels_{};  // a bit for each that has clients
  std::vector<Entry> entries_;
  std::vector<Client> clients_;  // as many as entries: none is without one
  std::vector<Index> buckets_;
};

}  // namespace sluice::flow
