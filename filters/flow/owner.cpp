#include "filters/flow/owner.h"

#include <algorithm>
#include <array>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/packet/link_layer.h"

namespace sluice::flow {
namespace {

struct AddressPair {
  IpAddress source, destination;
};

packet::Tunnels below_ip() noexcept {
  packet::Tunnels tunnels;
  tunnels.add(packet::Tunnel::pppoe);
  tunnels.add(packet::Tunnel::mpls);
  return tunnels;
}

std::optional<AddressPair> outermost_addresses(Bytes frame, LinkType link,
                                               packet::Tunnels tunnels) noexcept {
  ByteReader reader(frame);
  packet::Packet packet;
  packet.link = link;
  const auto network = packet::read_link_layer(reader, packet, tunnels);
  if (!network) return std::nullopt;
  // RFC 791 section 3.1, RFC 8200 section 3
  const bool v4 = *network == packet::Network::ipv4;
  const std::size_t address_bytes = v4 ? 4 : IpAddress::kBytes;
  reader.skip(v4 ? 12 : 8);
  const Bytes source = reader.take(address_bytes);
  const Bytes destination = reader.take(address_bytes);
  if (!reader.ok()) return std::nullopt;
  return AddressPair{IpAddress::from_bytes(source), IpAddress::from_bytes(destination)};
}

// In either order.
std::uint64_t hash_of_pair(const AddressPair& pair, HashKey secret) noexcept {
  const auto [low, high] = std::minmax(pair.source, pair.destination);
  KeyedHash hash(secret);
  for (const IpAddress& address : {low, high}) {
    for (const std::uint64_t word : address.words()) hash.absorb(word);
  }
  return hash.finish(0, 2 * IpAddress::kBytes);
}

std::optional<AddressPair> ethernet_addresses(Bytes frame, LinkType link) noexcept {
  constexpr std::size_t kMac = 6;
  if (link != LinkType::ethernet || frame.size() < 2 * kMac) return std::nullopt;
  const auto address_of = [&](std::size_t at) {
    std::array<std::byte, IpAddress::kBytes> bytes{};
    std::ranges::copy(frame.subspan(at, kMac), bytes.begin());
    return IpAddress::from_bytes(bytes);
  };
  return AddressPair{address_of(kMac), address_of(0)};
}

}  // namespace

std::size_t owner_of_frame(Bytes frame, LinkType link, std::size_t workers,
                           HashKey secret) noexcept {
  if (workers == 1) return 0;
  const auto pair = outermost_addresses(frame, link, below_ip());
  if (!pair) return 0;
  const std::uint64_t upper = hash_of_pair(*pair, secret) >> 32;
  return static_cast<std::size_t>(upper * workers >> 32);
}

std::uint64_t path_of_frame(Bytes frame, LinkType link, HashKey secret) noexcept {
  auto pair = outermost_addresses(frame, link, {});
  if (!pair) pair = ethernet_addresses(frame, link);
  return hash_of_pair(pair.value_or(AddressPair{}), secret);
}

}  // namespace sluice::flow
