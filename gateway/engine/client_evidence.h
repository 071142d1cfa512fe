#pragma once

// ClientEvidence: at which servers each client saw an innocent name. It counts for that client
// alone.
//
//   client ─► its share ─► | client and server, until | … |     kOfClient entries
//
// A client writes only to its share, so it can push out nothing but its own evidence and that of
// the few clients with the same share. One worker owns one. No allocation after construction. Cost:
// two hashes and a look at one share.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"

namespace sluice::engine {

class ClientEvidence {
 public:
  static constexpr std::size_t kOfClient = 64;

  // REQUIRES: capacity > 0.
  ClientEvidence(std::size_t capacity, HashKey key);

  // REQUIRES, here and below: `client` is from flow::client_of(). True: other workers should hear
  // of it.
  bool note(const IpAddress& client, const IpAddress& server, Nanos now, Nanos until) noexcept;
  [[nodiscard]] bool has(const IpAddress& client, const IpAddress& server,
                         Nanos now) const noexcept;

  [[nodiscard]] static std::size_t memory_bytes(std::size_t capacity) noexcept;

 private:
  struct Entry {
    std::uint64_t pair = 0;  // hash of client and server
    Nanos until{0};
  };
  [[nodiscard]] std::span<Entry> share_of(const IpAddress& client) const noexcept;
  [[nodiscard]] std::uint64_t hash_of(const IpAddress& client,
                                      const IpAddress& server) const noexcept;

  HashKey key_;
  std::size_t share_;       // entries of one
  std::size_t share_mask_;  // how many there are, less one
  std::unique_ptr<Entry[]> entries_;
};

}  // namespace sluice::engine
