#include "filters/packet/link_tags.h"

namespace sluice::packet {
namespace {

using Next = Result<std::uint16_t, DecodeError>;

enum Tag : std::uint16_t {
  kVlan = 0x8100,
  kServiceVlan = 0x88a8,
  kMacsec = 0x88e5,
  kServiceInstance = 0x88e7,
  kMetadata = 0x8909,
  kVnTag = 0x8926,
  kHsr = 0x892f,
  kETag = 0x893f,
  kNsh = 0x894f,
  kOldVlan1 = 0x9100,
  kOldVlan2 = 0x9200,
  kOldVlan3 = 0x9300,
  kRedundancy = 0xf1c1,
};

std::uint16_t read_vlan(ByteReader& reader, Packet& packet) noexcept {
  const std::uint16_t id = reader.u16() & 0x0fff;
  if (id != 0 && packet.vlan_tags < kMaxVlanTags) packet.vlan[packet.vlan_tags++] = id;
  return reader.u16();
}

std::uint16_t type_behind(ByteReader& reader, std::size_t tag) noexcept {
  reader.skip(tag);
  return reader.u16();
}

// Without encryption, what follows is in the clear, with a checksum behind it.
Next read_macsec(ByteReader& reader) noexcept {
  constexpr std::uint8_t kHasChannel = 0x20;
  constexpr std::uint8_t kIsChanged = 0x0c;
  const std::uint8_t flags = reader.u8();
  reader.skip((flags & kHasChannel) != 0 ? 13 : 5);
  if ((flags & kIsChanged) != 0) return fail(DecodeError::unread);
  return reader.u16();
}

Next read_nsh(ByteReader& reader) noexcept {
  enum Carried : std::uint8_t { kOfIpv4 = 1, kOfIpv6 = 2, kOfEthernet = 3 };
  const std::uint32_t base = reader.u32();
  const std::size_t length = (base >> 16 & 0x3f) * std::size_t{4};
  if (length < sizeof base) return fail(DecodeError::not_ip);
  reader.skip(length - sizeof base);
  switch (base & 0xff) {
    case kOfIpv4:
      return kIpv4;
    case kOfIpv6:
      return kIpv6;
    case kOfEthernet:
      return type_behind(reader, kEthernetAddresses);
    default:
      return fail(DecodeError::not_ip);
  }
}

// The lowest bits of the two access points say group and response; 0x10 of the control byte asks
// for an answer. Receivers differ on whether they look at these, and at the organisation.
Next read_llc(ByteReader& reader) noexcept {
  constexpr std::uint32_t kWithoutFlags = 0xfefeef;
  constexpr std::uint32_t kSnap = 0xaaaa03;
  constexpr std::uint32_t kIp = 0x060603;
  const std::uint32_t header = reader.u24() & kWithoutFlags;
  if (header == kIp) return kIpv4;
  if (header != kSnap) return fail(DecodeError::not_ip);
  reader.skip(3);
  return reader.u16();
}

}  // namespace

Next step_over_tags(ByteReader& reader, std::uint16_t type, Packet& packet) noexcept {
  while (reader.ok()) {
    Next next = type;
    if (type < kFirstEtherType) {
      packet.is_enclosed = true;
      next = read_llc(reader);
    } else {
      switch (type) {
        case kVlan:
        case kServiceVlan:
        case kOldVlan1:
        case kOldVlan2:
        case kOldVlan3:
          next = read_vlan(reader, packet);
          break;
        case kVnTag:
          next = type_behind(reader, 4);
          break;
        case kETag:
        case kMetadata:
          next = type_behind(reader, 6);
          break;
        case kHsr:
        case kRedundancy:
          packet.is_enclosed = true;
          next = type_behind(reader, 4);
          break;
        case kServiceInstance:
          next = type_behind(reader, 4 + kEthernetAddresses);
          break;
        case kMacsec:
          packet.is_enclosed = true;
          next = read_macsec(reader);
          break;
        case kNsh:
          next = read_nsh(reader);
          break;
        default:
          return type;
      }
    }
    if (!next) return next;
    type = *next;
  }
  return fail(DecodeError::truncated);
}

}  // namespace sluice::packet
