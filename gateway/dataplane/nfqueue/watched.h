#pragma once

// Which datagrams must come up though they look like no protocol that shows names: what the gateway
// said (Dataplane::watch, watch_address). Shared by all workers.

#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/packet/packet.h"
#include "gateway/dataplane/dataplane.h"

namespace sluice::io {

// An Interest, ready to be asked. Immutable.
class InterestFilter {
 public:
  explicit InterestFilter(const Interest& interest);

  [[nodiscard]] bool has_port(Port port) const noexcept { return ports_[port.number]; }
  // A search by halves.
  [[nodiscard]] bool has_address(const IpAddress& address) const noexcept;
  [[nodiscard]] bool all() const noexcept { return all_; }

 private:
  struct Range {
    IpAddress first, last;
  };
  std::bitset<65536> ports_;
  std::vector<Range> ranges_;  // in order, none touches another
  bool all_;
};

// Addresses to watch for a day each, bounded. Any number of threads, without waiting for each
// other.
class WatchedAddresses {
 public:
  static constexpr std::size_t kMost = 16384;
  static constexpr std::chrono::hours kFor{24};

  explicit WatchedAddresses(HashKey key) noexcept : key_(key) {}

  // True: it was not watched before.
  bool add(const IpAddress& address, std::chrono::seconds now) noexcept;
  // May say yes to one that is not watched: for all of them once there was no room for one.
  [[nodiscard]] bool has(const IpAddress& address, std::chrono::seconds now) const noexcept;

 private:
  static constexpr std::size_t kTries = 16;  // slots of one address
  // The hash of an address in the upper 40 bits, and until when, in minutes, in the others.
  using Slot = std::uint64_t;
  static constexpr unsigned kMinuteBits = 24;

  [[nodiscard]] std::uint64_t hash(const IpAddress& address) const noexcept;

  HashKey key_;
  std::array<std::atomic<Slot>, kMost> slots_{};
  std::atomic<bool> full_ = false;
};

// Nothing in it can show a name, whatever its ports and addresses are: neither QUIC, DTLS nor
// Teredo. The rules say the same in their languages (rules.h).
[[nodiscard]] bool shows_no_name(Bytes datagram) noexcept;

}  // namespace sluice::io
