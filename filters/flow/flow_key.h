#pragma once

// The key of a flow: its five-tuple in canonical order, so that both directions have one key.
// No padding bytes: the key is hashed and compared as it lies in memory.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "filters/packet/packet.h"

namespace sluice::flow {

struct FlowKey {
  std::array<std::byte, IpAddress::kBytes> low_address{}, high_address{};
  std::uint16_t low_port = 0, high_port = 0;
  std::uint32_t vlan = 0;       // the two outermost VLAN identifiers: address spaces may repeat
  std::uint32_t transport = 0;  // packet::Transport; above it the tunnel, for the same reason

  // As octets, in words: member by member is three calls of memcmp a packet.
  friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
    using Words = std::array<std::uint32_t, 11>;
    const auto x = std::bit_cast<Words>(a);
    const auto y = std::bit_cast<Words>(b);
    std::uint32_t differs = 0;
    for (std::size_t i = 0; i < x.size(); ++i) differs |= x[i] ^ y[i];
    return differs == 0;
  }
};
static_assert(sizeof(FlowKey) == 44, "no padding: the key is hashed as bytes");

struct KeyedPacket {
  FlowKey key;
  bool source_is_low = false;  // which of the two endpoints sent this packet
};

// What tells address spaces apart, as it goes into keys: VLANs, and the tunnel (below it 8 bits
// free).
[[nodiscard]] inline std::uint32_t vlan_of(const packet::Packet& packet) noexcept {
  return static_cast<std::uint32_t>(packet.vlan[0]) << 16 | packet.vlan[1];
}
[[nodiscard]] inline std::uint32_t tunnel_of(const packet::Packet& packet) noexcept {
  return packet.tunnel_id << 8;
}

// Of tables by an address alone.
[[nodiscard]] inline FlowKey key_of(const IpAddress& address) noexcept {
  return {.low_address = address.mapped()};
}

// REQUIRES: packet.has_transport.
[[nodiscard]] KeyedPacket key_of(const packet::Packet& packet) noexcept;

}  // namespace sluice::flow
