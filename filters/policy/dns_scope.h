#pragma once

// Which parts of DNS are judged, from [dns] in the configuration. A value; no allocation.

#include <algorithm>
#include <array>
#include <cstddef>

#include "filters/base/ip_address.h"

namespace sluice::policy {

inline constexpr std::size_t kMaxDnsPorts = 8;
inline constexpr std::size_t kMaxTrustedResolvers = 16;

struct DnsScope {
  std::array<Port, kMaxDnsPorts> ports{Port{53}};
  std::size_t port_count = 1;
  bool service_targets = false;    // also judge the targets of MX, SRV and NS
  std::uint32_t refusal_ttl = 60;  // seconds for which resolvers may keep a refusal
  // An exception for the name that a client asked for covers what its answer leads to.
  bool exceptions_cover_answers = true;
  // Whose answers are believed on where a banned name leads.
  std::array<IpPrefix, kMaxTrustedResolvers> trusted{};
  std::size_t trusted_count = 0;

  [[nodiscard]] bool has(Port port) const noexcept {
    return std::ranges::find(ports.begin(), ports.begin() + port_count, port) !=
           ports.begin() + port_count;
  }
  [[nodiscard]] bool trusts(const IpAddress& resolver) const noexcept {
    return std::any_of(trusted.begin(), trusted.begin() + trusted_count,
                       [&](const IpPrefix& prefix) { return prefix.contains(resolver); });
  }
};

}  // namespace sluice::policy
