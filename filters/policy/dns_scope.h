#pragma once

// Which parts of DNS are judged, from [dns] in the configuration. A value; no allocation.

#include <algorithm>
#include <array>
#include <cstddef>

#include "filters/base/ip_address.h"

namespace sluice::policy {

inline constexpr std::size_t kMaxDnsPorts = 8;

struct DnsScope {
  std::array<Port, kMaxDnsPorts> ports{Port{53}};
  std::size_t port_count = 1;
  bool service_targets = false;  // also judge the targets of MX, SRV and NS

  [[nodiscard]] bool has(Port port) const noexcept {
    return std::ranges::find(ports.begin(), ports.begin() + port_count, port) !=
           ports.begin() + port_count;
  }
};

}  // namespace sluice::policy
