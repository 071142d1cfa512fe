#include "filters/packet/link_layer.h"

#include <bit>

namespace sluice::packet {
namespace {

enum EtherType : std::uint16_t {
  kIpv4 = 0x0800,
  kIpv6 = 0x86dd,
  kVlan = 0x8100,
  kServiceVlan = 0x88a8,
  kOldServiceVlan = 0x9100,
  kMpls = 0x8847,
  kMplsMulticast = 0x8848,
  kPppoeSession = 0x8864,
  kMetadata = 0x8909,
};

constexpr std::size_t kMostLabels = 8;
constexpr std::size_t kEthernetAddresses = 12;

bool is_vlan_tag(std::uint16_t type) noexcept {
  return type == kVlan || type == kServiceVlan || type == kOldServiceVlan;
}

// AF_INET is 2 everywhere; AF_INET6 differs by system (10 Linux, 24 NetBSD, 28 FreeBSD, 30 Darwin).
Result<Network, DecodeError> network_of_family(std::uint32_t family) noexcept {
  if (family > 0xffff) family = std::byteswap(family);  // written on a little-endian machine
  if (family == 2) return Network::ipv4;
  if (family == 10 || family == 24 || family == 28 || family == 30) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

Result<Network, DecodeError> open_pppoe(ByteReader& reader, Packet& packet) noexcept {
  const std::uint16_t version_and_code = reader.u16();
  packet.tunnel_id = reader.u16();
  reader.skip(2);
  if (!reader.ok()) return fail(DecodeError::truncated);
  return version_and_code == 0x1100 ? network_in_ppp(reader) : fail(DecodeError::not_ip);
}

// MPLS does not say what it carries. IP shows its version. Ethernet follows a control word of
// zeros, or has an EtherType that we know in the right place.
Result<Network, DecodeError> open_mpls(ByteReader& reader, Packet& packet,
                                       Tunnels tunnels) noexcept {
  bool is_bottom = false;
  for (std::size_t i = 0; !is_bottom; ++i) {
    if (i == kMostLabels) return fail(DecodeError::too_many_tags);
    is_bottom = (reader.u32() & 0x100) != 0 || !reader.ok();
  }
  ByteReader ahead = reader;
  const bool has_control_word = ahead.u8() >> 4 == 0;
  if (auto network = network_by_version(reader)) return network;
  if (has_control_word) {
    Packet bridged = packet;
    ahead = reader;
    ahead.skip(4);
    if (const auto network = network_in_ethernet(ahead, bridged, tunnels)) {
      reader = ahead;
      packet = bridged;
      return network;
    }
  }
  return network_in_ethernet(reader, packet, tunnels);
}

Result<Network, DecodeError> open_tunnel_of_type(ByteReader& reader, std::uint16_t type,
                                                 Packet& packet, Tunnels tunnels) noexcept {
  const bool is_pppoe = type == kPppoeSession && tunnels.has(Tunnel::pppoe);
  const bool is_mpls = (type == kMpls || type == kMplsMulticast) && tunnels.has(Tunnel::mpls);
  if (!is_pppoe && !is_mpls) return fail(DecodeError::not_ip);
  if (packet.tunnels == kMaxTunnels) return fail(DecodeError::too_many_tags);
  ++packet.tunnels;
  return is_pppoe ? open_pppoe(reader, packet) : open_mpls(reader, packet, tunnels);
}

}  // namespace

Result<Network, DecodeError> network_by_version(const ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  const unsigned version = ahead.u8() >> 4;
  if (!ahead.ok()) return fail(DecodeError::truncated);
  if (version == 4) return Network::ipv4;
  if (version == 6) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

Result<Network, DecodeError> network_in_ppp(ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  if (ahead.u16() == 0xff03) reader = ahead;  // address and control, which PPPoE leaves out
  std::uint16_t protocol = reader.u8();
  if ((protocol & 1) == 0) protocol = static_cast<std::uint16_t>(protocol << 8 | reader.u8());
  if (!reader.ok()) return fail(DecodeError::truncated);
  if (protocol == 0x0021) return Network::ipv4;
  if (protocol == 0x0057) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

Result<Network, DecodeError> network_of_type(ByteReader& reader, std::uint16_t type, Packet& packet,
                                             Tunnels tunnels) noexcept {
  for (std::size_t tags = 0; is_vlan_tag(type) || type == kMetadata; ++tags) {
    if (tags == kMaxVlanTags || packet.vlan_tags == kMaxVlanTags) {
      return fail(DecodeError::too_many_tags);
    }
    if (type == kMetadata) {
      reader.skip(6);
    } else {
      packet.vlan[packet.vlan_tags++] = reader.u16() & 0x0fff;
    }
    type = reader.u16();
  }
  if (!reader.ok()) return fail(DecodeError::truncated);
  if (type == kIpv4) return Network::ipv4;
  if (type == kIpv6) return Network::ipv6;
  return open_tunnel_of_type(reader, type, packet, tunnels);
}

Result<Network, DecodeError> network_in_ethernet(ByteReader& reader, Packet& packet,
                                                 Tunnels tunnels) noexcept {
  const auto header = reader.header<kEthernetAddresses + sizeof(std::uint16_t)>();
  return network_of_type(reader, header.u16<kEthernetAddresses>(), packet, tunnels);
}

Result<Network, DecodeError> read_link_layer(ByteReader& reader, Packet& packet,
                                             Tunnels tunnels) noexcept {
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
