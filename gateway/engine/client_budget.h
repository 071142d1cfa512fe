#pragma once

// ClientBudget: so many a second for each client, and a second's worth at once. It bounds what one
// client can make us spend on decryption. A client is an IPv4 address or an IPv6 /64.
//
// A generic cell rate algorithm: a client owns one instant, when what it has taken is paid off.
// Bounded: of more clients than there is room for, the one idle longest is forgotten, and starts
// afresh. Time comes with packets and may go back (captures, a clock that is set): nobody starves
// of it. One worker owns one; no allocation once constructed.

#include <cstdint>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/table.h"

namespace sluice::engine {

class ClientBudget {
 public:
  ClientBudget(std::size_t clients, std::uint32_t per_second, HashKey key)
      : clients_(clients, key, kSecond), interval_(kSecond / per_second) {}

  // True: one more is within the budget, and is taken from it.
  [[nodiscard]] bool take(const IpAddress& client, Nanos now) noexcept {
    Entry& entry = clients_.touch_or_insert(flow::key_of(flow::client_of(client)), now,
                                            [](Entry&, flow::Removal) {});
    if (entry.paid_off < now || entry.paid_off > now + kSecond) entry.paid_off = now;
    if (entry.paid_off + interval_ > now + kSecond) return false;
    entry.paid_off += interval_;
    return true;
  }

  [[nodiscard]] static constexpr std::size_t bytes_per_client() noexcept {
    return flow::Table<Entry>::bytes_per_entry();
  }

 private:
  static constexpr Nanos kSecond = std::chrono::seconds(1);
  struct Entry {
    Nanos paid_off{0};  // never more than a second ahead
  };

  flow::Table<Entry> clients_;
  Nanos interval_;
};

}  // namespace sluice::engine
