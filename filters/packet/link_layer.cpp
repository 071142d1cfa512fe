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
};

bool is_vlan_tag(std::uint16_t type) noexcept {
  return type == kVlan || type == kServiceVlan || type == kOldServiceVlan;
}

Result<Network, DecodeError> network_behind_tags(ByteReader& reader, std::uint16_t type,
                                                 Packet& packet) noexcept {
  while (is_vlan_tag(type)) {
    if (packet.vlan_tags == kMaxVlanTags) return fail(DecodeError::too_many_tags);
    packet.vlan[packet.vlan_tags++] = reader.u16() & 0x0fff;
    type = reader.u16();
  }
  if (!reader.ok()) return fail(DecodeError::truncated);
  if (type == kIpv4) return Network::ipv4;
  if (type == kIpv6) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

Result<Network, DecodeError> network_by_version(const ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  const unsigned version = ahead.u8() >> 4;
  if (!ahead.ok()) return fail(DecodeError::truncated);
  if (version == 4) return Network::ipv4;
  if (version == 6) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

// AF_INET is 2 everywhere; AF_INET6 differs by system (10 Linux, 24 NetBSD, 28 FreeBSD, 30 Darwin).
Result<Network, DecodeError> network_of_family(std::uint32_t family) noexcept {
  if (family > 0xffff) family = std::byteswap(family);  // written on a little-endian machine
  if (family == 2) return Network::ipv4;
  if (family == 10 || family == 24 || family == 28 || family == 30) return Network::ipv6;
  return fail(DecodeError::not_ip);
}

}  // namespace

Result<Network, DecodeError> read_link_layer(ByteReader& reader, Packet& packet) noexcept {
  switch (packet.link) {
    case LinkType::ethernet:
      reader.skip(12);
      return network_behind_tags(reader, reader.u16(), packet);
    case LinkType::linux_sll:
      reader.skip(14);
      return network_behind_tags(reader, reader.u16(), packet);
    case LinkType::linux_sll2: {
      const std::uint16_t type = reader.u16();
      reader.skip(18);
      return network_behind_tags(reader, type, packet);
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
