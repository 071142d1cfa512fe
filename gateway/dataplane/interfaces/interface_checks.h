#pragma once

// Checks of the two interfaces that the gateway bridges, for dataplanes to make before they start
// and for operators to read. Each check says what was looked at, how it went, and the command that
// mends it. System calls; allocates. Any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::io {

enum class Check : std::uint8_t {
  named,     // the configuration names it
  distinct,  // inside and outside differ
  exists,
  up,
  ethernet,
  no_master,   // no bridge or bond of the kernel owns it
  no_merging,  // receive offloads (GRO, LRO) do not merge frames beyond the MTU
  same_mtu,    // inside and outside have the same MTU
};

struct InterfaceCheck {
  enum class Outcome : std::uint8_t { ok, failed };

  Check what = Check::named;
  std::string interface;  // or `inside`, `outside`, if it has no name
  Outcome outcome = Outcome::ok;
  std::string problem;  // if it failed: `is down`
  std::string command;  // that mends it; empty: no command can
};

[[nodiscard]] std::string_view to_string(Check check) noexcept;  // `is up`
// `eth1: is down; run: ip link set eth1 up`, or `eth1: is up: ok`
[[nodiscard]] std::string to_string(const InterfaceCheck& check);

// All checks that can be made. A check that needs another one is left out if that one failed: an
// interface that does not exist is not asked whether it is up.
[[nodiscard]] std::vector<InterfaceCheck> check_interfaces(const std::string& inside,
                                                           const std::string& outside);
// The failed ones, a line each. Empty: all went well.
[[nodiscard]] std::string problems_of(std::span<const InterfaceCheck> checks);

// In bytes; 0 if the interface does not exist.
[[nodiscard]] std::size_t mtu_of(const std::string& interface);

}  // namespace sluice::io
