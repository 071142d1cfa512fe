#pragma once

// The key of a flow: its five-tuple in canonical order, so that both directions have one key. In
// words, for it is made, hashed and compared once a packet.
//
//   low, high   addresses of the ends, in their mapped form
//   ports       | low 16 | high 16 | VLAN 16 | VLAN 16 |              from the lowest bit on
//   transport   | packet::Transport 8 | tunnel 32 | number 16 | 0 |
//
// VLANs and tunnels are in it because address spaces may repeat.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "filters/base/keyed_hash.h"
#include "filters/packet/packet.h"

namespace sluice::flow {

struct FlowKey {
  IpAddress::Words low{}, high{};
  std::uint64_t ports = 0;
  std::uint64_t transport = 0;

  friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
    return ((a.low[0] ^ b.low[0]) | (a.low[1] ^ b.low[1]) | (a.high[0] ^ b.high[0]) |
            (a.high[1] ^ b.high[1]) | (a.ports ^ b.ports) | (a.transport ^ b.transport)) == 0;
  }
};

// Of IPv4, without what all its addresses have in common: half of the work.
[[nodiscard]] inline std::uint64_t hash_of(const FlowKey& key, HashKey secret) noexcept {
  constexpr std::uint64_t kUpper = 0xffffffff00000000U;
  constexpr std::uint64_t kMapped = 0xffff0000U;  // the third four bytes of ::ffff:0:0
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::size_t kLast = 7;  // bytes of the last word: the eighth is zero
  const bool is_v4 = (key.low[0] | key.high[0]) == 0 && (key.low[1] & ~kUpper) == kMapped &&
                     (key.high[1] & ~kUpper) == kMapped;
  KeyedHash hash(secret);
  if (is_v4) {
    hash.absorb(key.low[1] >> 32 | (key.high[1] & kUpper));
    hash.absorb(key.ports);
    return hash.finish(key.transport, 2 * kWord + kLast);
  }
  for (const std::uint64_t word : {key.low[0], key.low[1], key.high[0], key.high[1], key.ports}) {
    hash.absorb(word);
  }
  return hash.finish(key.transport, 5 * kWord + kLast);
}

struct KeyedPacket {
  FlowKey key;
  bool source_is_low = false;  // which of the two endpoints sent this packet
};

// The words of a key that are no addresses.
[[nodiscard]] inline std::uint64_t ports_of(const packet::Packet& packet, std::uint16_t low,
                                            std::uint16_t high) noexcept {
  const std::uint32_t vlans = static_cast<std::uint32_t>(packet.vlan[1]) << 16 | packet.vlan[0];
  const std::uint32_t ports = static_cast<std::uint32_t>(high) << 16 | low;
  return std::uint64_t{vlans} << 32 | ports;
}
// `transport`: packet::Transport, or what else tells apart. `number`: of a packet in its flow.
[[nodiscard]] inline std::uint64_t transport_of(const packet::Packet& packet,
                                                std::uint8_t transport,
                                                std::uint16_t number = 0) noexcept {
  return std::uint64_t{number} << 40 | std::uint64_t{packet.tunnel_id} << 8 | transport;
}

// Of tables by an address alone.
[[nodiscard]] inline FlowKey key_of(const IpAddress& address) noexcept {
  return {.low = address.words()};
}

// `number`: see FlowKey. REQUIRES: packet.has_transport.
[[nodiscard, gnu::always_inline]] inline KeyedPacket key_of(const packet::Packet& packet,
                                                            std::uint16_t number = 0) noexcept {
  const bool source_is_low = packet.source_port == packet.destination_port
                                 ? packet.source <= packet.destination
                                 : packet.source_port < packet.destination_port;
  const IpAddress& low = source_is_low ? packet.source : packet.destination;
  const IpAddress& high = source_is_low ? packet.destination : packet.source;
  const auto [low_port, high_port] = std::minmax(packet.source_port, packet.destination_port);
  const auto transport = static_cast<std::uint8_t>(packet.transport);
  return {.key = {.low = low.words(),
                  .high = high.words(),
                  .ports = ports_of(packet, low_port.number, high_port.number),
                  .transport = transport_of(packet, transport, number)},
          .source_is_low = source_is_low};
}

}  // namespace sluice::flow
