#pragma once

// Witnesses: the clients that showed an innocent name at one address, each in a connection that the
// server took part in. What one client shows counts for that client alone (client_evidence.h);
// once kEnough of them agree, it counts for all.
//
// A value of fixed size. A new witness takes the place of the one that ends first.

#include <algorithm>
#include <array>
#include <cstddef>

#include "filters/base/ip_address.h"
#include "filters/base/time.h"

namespace sluice::engine {

// Whether other workers should hear that what ends at `known` now ends at `until`: not where it
// has most of its life before it.
[[nodiscard]] inline bool is_worth_telling(Nanos known, Nanos now, Nanos until) noexcept {
  return until > known && known - now < (until - now) * 3 / 4;
}

class Witnesses {
 public:
  static constexpr std::size_t kEnough = 3;

  // True: other workers should hear of it. REQUIRES: `client` is from flow::client_of().
  bool add(const IpAddress& client, Nanos now, Nanos until) noexcept {
    Witness* place = &all_.front();
    for (Witness& each : all_) {
      if (each.client == client) {
        place = &each;
        break;
      }
      if (each.until < place->until) place = &each;
    }
    const bool is_known = place->client == client;
    const bool is_news = !is_known || is_worth_telling(place->until, now, until);
    *place = {client, is_known ? std::max(place->until, until) : until};
    return is_news;
  }
  [[nodiscard]] bool agree(Nanos now) const noexcept {
    return std::ranges::all_of(all_, [&](const Witness& each) { return each.until > now; });
  }

 private:
  struct Witness {
    IpAddress client;
    Nanos until{0};
  };
  std::array<Witness, kEnough> all_{};
};

}  // namespace sluice::engine
