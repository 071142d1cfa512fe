#pragma once

// FlowKey: how a dataplane knows a flow. Both directions of a flow have the same key.
//
//    0   low address   16   in its IPv4-mapped form, network order
//   16   high address  16
//   32   low port       2   host order
//   34   high port      2
//   36   VLAN ids       4   outer, inner; 0: no tag
//   40   protocol       4   IANA protocol number
//
// The end with the lower port is `low`; if both ports are equal, the end with the lower address.
// The layout is fixed and has no padding, so that C code and BPF maps can use the same bytes.
// A key describes a frame's own addresses and ports, never those of a packet inside a tunnel.
// Pure; no allocation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"

namespace sluice::io {

struct FlowKey {
  using Vlans = std::array<std::uint16_t, 2>;

  IpAddress low_address, high_address;
  Port low_port, high_port;
  Vlans vlans{};
  std::uint32_t protocol = 0;

  // The key of packets between `a` and `b`, in either direction.
  [[nodiscard]] static constexpr FlowKey between(const Endpoint& a, const Endpoint& b,
                                                 std::uint8_t protocol,
                                                 const Vlans& vlans) noexcept {
    const bool a_is_low = a.port == b.port ? a.address <= b.address : a.port < b.port;
    const Endpoint& low = a_is_low ? a : b;
    const Endpoint& high = a_is_low ? b : a;
    return {low.address, high.address, low.port, high.port, vlans, protocol};
  }

  friend constexpr bool operator==(const FlowKey&, const FlowKey&) = default;
};

inline constexpr std::size_t kFlowKeyBytes = 44;
static_assert(sizeof(FlowKey) == kFlowKeyBytes && alignof(FlowKey) == 4);
static_assert(std::has_unique_object_representations_v<FlowKey>,
              "no padding: keys are byte strings");
static_assert(std::is_trivially_copyable_v<FlowKey> && std::is_standard_layout_v<FlowKey>);
static_assert(offsetof(FlowKey, low_address) == 0 && offsetof(FlowKey, high_address) == 16);
static_assert(offsetof(FlowKey, low_port) == 32 && offsetof(FlowKey, high_port) == 34);
static_assert(offsetof(FlowKey, vlans) == 36 && offsetof(FlowKey, protocol) == 40);

[[nodiscard]] inline std::uint64_t hash_of(const FlowKey& key, HashKey secret) noexcept {
  return keyed_hash(secret, std::as_bytes(std::span(&key, 1)));
}

}  // namespace sluice::io
