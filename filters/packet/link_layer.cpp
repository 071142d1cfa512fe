#include "filters/packet/link_layer.h"

#include <bit>

#include "filters/packet/checksum.h"
#include "filters/packet/ip_header.h"
#include "filters/packet/link_tags.h"

namespace sluice::packet {
namespace {

// AF_INET is 2 everywhere; AF_INET6 differs by system (10 Linux, 24 NetBSD, 28 FreeBSD, 30 Darwin).
Opened network_of_family(std::uint32_t family) noexcept {
  if (family > 0xffff) family = std::byteswap(family);  // written on a little-endian machine
  if (family == 2) return Network::ipv4;
  if (family == 10 || family == 24 || family == 28 || family == 30) return Network::ipv6;
  return not_ip();
}

// Linux looks at neither version nor code.
Opened open_pppoe(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  reader.skip(2);
  packet.tunnel_id = reader.u16();
  reader.skip(2);
  return network_in_ppp(reader, packet, tunnels);
}

// Its header says so beyond doubt: an Ethernet address may begin with 4 or 6, too.
Opened network_by_header(const ByteReader& reader) noexcept {
  const auto network = network_by_version(reader);
  if (!network) return network;
  ByteReader ip = reader;
  if (*network == Network::ipv4) {
    const Bytes header = ip.rest();
    const std::size_t length = (ip.u8() & 0x0fU) * std::size_t{4};
    const bool holds = length >= kIpv4Header && length <= header.size() &&
                       ipv4_checksum_holds(header.first(length));
    return holds ? network : not_ip();
  }
  ip.skip(4);
  const std::size_t length = ip.u16();
  ip.skip(kIpv6Header - 6);
  return ip.ok() && ip.remaining() == length ? network : not_ip();
}

// Ethernet at `at` bytes from here; consumes and fills in `packet` only if IP is in it.
Opened network_in_ethernet_at(std::size_t at, ByteReader& reader, Packet& packet,
                              Tunnels tunnels) noexcept {
  Packet bridged = packet;
  ByteReader ahead = reader;
  ahead.skip(at);
  const auto network = network_in_ethernet(ahead, bridged, tunnels);
  if (network && network_by_version(ahead) == network) {
    reader = ahead;
    packet = bridged;
    return network;
  }
  return network ? not_ip() : network;
}

Opened enter_tunnel_of_type(ByteReader& reader, std::uint16_t type, Packet& packet,
                            Tunnels tunnels) noexcept {
  const bool is_pppoe = type == kPppoeSession && tunnels.has(Tunnel::pppoe);
  const bool is_mpls = (type == kMpls || type == kMplsMulticast) && tunnels.has(Tunnel::mpls);
  if (!is_pppoe && !is_mpls) return not_ip();
  if (packet.tunnels == kMaxTunnels) return fail(DecodeError::too_deep);
  ++packet.tunnels;
  return is_pppoe ? open_pppoe(reader, packet, tunnels) : network_in_mpls(reader, packet, tunnels);
}

enum PppProtocol : std::uint16_t {
  kPppIpv4 = 0x0021,
  kPppBridged = 0x0031,
  kPppMultilink = 0x003d,
  kPppIpv6 = 0x0057,
  kPppMpls = 0x0281,
  kPppMplsMulticast = 0x0283,
  kFirstPppControl = 0x4000,
};

// Both what is in front of it and its upper byte may be left out.
std::uint16_t read_ppp_protocol(ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  if (ahead.u16() == 0xff03) reader = ahead;
  const std::uint16_t first = reader.u8();
  return (first & 1) != 0 ? first : static_cast<std::uint16_t>(first << 8 | reader.u8());
}

// RFC 1990: numbers of 24 bits, or of 12 where both ends agreed. A packet that is cut into several
// is not read.
Opened network_in_multilink(ByteReader& reader) noexcept {
  constexpr std::uint8_t kWhole = 0xc0;
  if ((ByteReader(reader).u8() & kWhole) != kWhole) return fail(DecodeError::unread);
  for (const std::size_t header : {4U, 2U}) {
    ByteReader ahead = reader;
    ahead.skip(header);
    const std::uint16_t protocol = read_ppp_protocol(ahead);
    const auto network = network_by_version(ahead);
    if (!network || protocol != (*network == Network::ipv4 ? kPppIpv4 : kPppIpv6)) continue;
    reader = ahead;
    return network;
  }
  return fail(DecodeError::unread);
}

// RFC 3518: flags, the kind of frame, a number of the network, the frame.
Opened network_in_bridged_ppp(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  constexpr std::uint8_t kHasNetwork = 0x40;
  constexpr std::uint8_t kEthernet = 1;
  const std::uint8_t flags = reader.u8();
  const std::uint8_t kind = reader.u8();
  if ((flags & kHasNetwork) != 0) reader.skip(4);
  return kind == kEthernet ? network_in_ethernet(reader, packet, tunnels)
                           : fail(DecodeError::unread);
}

}  // namespace

Opened network_by_version(const ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  const unsigned version = ahead.u8() >> 4;
  if (!ahead.ok()) return fail(DecodeError::truncated);
  if (version == 4) return Network::ipv4;
  if (version == 6) return Network::ipv6;
  return not_ip();
}

Opened network_in_ppp(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  const std::uint16_t protocol = read_ppp_protocol(reader);
  if (!reader.ok()) return fail(DecodeError::truncated);
  switch (protocol) {
    case kPppIpv4:
      return Network::ipv4;
    case kPppIpv6:
      return Network::ipv6;
    case kPppBridged:
      return network_in_bridged_ppp(reader, packet, tunnels);
    case kPppMultilink:
      return network_in_multilink(reader);
    case kPppMpls:
    case kPppMplsMulticast:
      return enter_tunnel_of_type(reader, kMpls, packet, tunnels);
    default:
      // Compressed and encrypted packets have numbers below those of control protocols.
      return fail(protocol < kFirstPppControl ? DecodeError::unread : DecodeError::not_ip);
  }
}

// MPLS does not say what it carries: IP, which shows its version, or Ethernet, perhaps behind a
// control word, which begins with zeros.
Opened network_in_mpls(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  bool is_bottom = false;
  while (!is_bottom && reader.ok()) is_bottom = (reader.u32() & 0x100) != 0;
  if (!reader.ok()) return fail(DecodeError::truncated);
  if (auto network = network_by_header(reader)) return network;
  constexpr std::size_t kControlWord = 4;
  const bool may_have_control_word = ByteReader(reader).u8() >> 4 == 0;
  for (const std::size_t at : {kControlWord, std::size_t{0}}) {
    if (at != 0 && !may_have_control_word) continue;
    const auto network = network_in_ethernet_at(at, reader, packet, tunnels);
    if (network || network.error() == DecodeError::too_deep) return network;
  }
  return network_by_version(reader);
}

Opened network_of_type(ByteReader& reader, std::uint16_t type, Packet& packet,
                       Tunnels tunnels) noexcept {
  if (type == kIpv4) return Network::ipv4;
  if (type == kIpv6) return Network::ipv6;
  const auto behind = step_over_tags(reader, type, packet);
  if (!behind) return fail(behind.error());
  if (*behind == kIpv4) return Network::ipv4;
  if (*behind == kIpv6) return Network::ipv6;
  return enter_tunnel_of_type(reader, *behind, packet, tunnels);
}

Opened network_in_ethernet(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  const auto header = reader.header<kEthernetAddresses + sizeof(std::uint16_t)>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  return network_of_type(reader, header.u16<kEthernetAddresses>(), packet, tunnels);
}

Opened read_link_layer(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  switch (packet.link) {
    case LinkType::ethernet:
      return network_in_ethernet(reader, packet, tunnels);
    case LinkType::linux_sll:
      reader.skip(14);
      return network_of_type(reader, reader.u16(), packet, tunnels);
    case LinkType::linux_sll2: {
      const std::uint16_t type = reader.u16();
      reader.skip(18);
      return network_of_type(reader, type, packet, tunnels);
    }
    case LinkType::null:
    case LinkType::loop: {
      const std::uint32_t family = reader.u32();
      if (!reader.ok()) return fail(DecodeError::truncated);
      return network_of_family(family);
    }
    case LinkType::raw:
    case LinkType::raw_bsdos:
    case LinkType::raw_openbsd:
      return network_by_version(reader);
    case LinkType::ipv4:
      return Network::ipv4;
    case LinkType::ipv6:
      return Network::ipv6;
  }
  return fail(DecodeError::unsupported_link);
}

}  // namespace sluice::packet
