#pragma once

// NAT64 (RFC 6146): IPv6 addresses that stand for IPv4 ones, as RFC 6052 section 2.2 writes them.
//
//   prefix length   32  | prefix 4 | v4     4 | 0 | suffix 7 |
//                   48  | prefix 6     | v4 2 | 0 | v4 2 | suffix 5 |
//                   64  | prefix 8            | 0 | v4     4 | suffix 3 |       and 40, 56
//                   96  | prefix 12                                | v4 4 |
//
// A value; no allocation. Pure.

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "filters/base/ip_address.h"

namespace sluice {

class Nat64 {
 public:
  static constexpr std::size_t kMost = 8;

  // The well-known prefix alone, 64:ff9b::/96.
  Nat64() noexcept;
  // None: no address stands for another one.
  [[nodiscard]] static Nat64 none() noexcept;

  // Whether it is a prefix that a translator may have: IPv6, of one of the lengths above, with
  // zeros from bit 64 to 71.
  [[nodiscard]] static bool may_be_prefix(const IpPrefix& prefix) noexcept;
  // False: no room. REQUIRES: may_be_prefix(prefix).
  bool add(const IpPrefix& prefix) noexcept;

  [[nodiscard]] std::span<const IpPrefix> prefixes() const noexcept {
    return std::span(prefixes_).first(count_);
  }
  // The IPv4 address that `address` stands for, by the longest prefix.
  [[nodiscard]] std::optional<IpAddress> embedded(const IpAddress& address) const noexcept;

  friend bool operator==(const Nat64&, const Nat64&) = default;

 private:
  std::array<IpPrefix, kMost> prefixes_{};  // the first `count_`, longest first
  std::size_t count_ = 0;
};

}  // namespace sluice
