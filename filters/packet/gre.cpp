#include "filters/packet/gre.h"

#include "filters/packet/wireless.h"

namespace sluice::packet {
namespace {

enum GreType : std::uint16_t {
  kErspan3 = 0x22eb,
  kEthernetOverIp = 0x6400,
  kBridged = 0x6558,
  kFirstAruba = 0x8200,
  kLastAruba = 0x83ff,
  kPpp = 0x880b,
  kWccp = 0x883e,
  kErspan = 0x88be,
  kLaterAruba = 0x9000,
};

// RFC 2637 section 4.1: GRE version 1, with a call number instead of the key.
Opened open_pptp(ByteReader& reader, std::uint16_t flags, Packet& inner, Tunnels tunnels) noexcept {
  reader.skip(4);
  if ((flags & 0x1000) != 0) reader.skip(4);
  if ((flags & 0x0080) != 0) reader.skip(4);
  return network_in_ppp(reader, inner, tunnels);
}

Opened open_version_1(ByteReader& reader, std::uint16_t flags, std::uint16_t type, Packet& inner,
                      Tunnels tunnels) noexcept {
  if (type == kPpp) return open_pptp(reader, flags, inner, tunnels);
  if (type != kEthernetOverIp) return not_ip();
  reader.skip(4);
  return network_in_ethernet(reader, inner, tunnels);
}

// Version 2 of WCCP puts a header in front of the packet.
Opened open_wccp(ByteReader& reader) noexcept {
  const auto network = network_by_version(reader);
  if (network) return network;
  reader.skip(4);
  return network_by_version(reader);
}

bool is_aruba(std::uint16_t type) noexcept {
  return (type >= kFirstAruba && type <= kLastAruba) || type == kLaterAruba;
}

}  // namespace

Opened network_of_gre_type(ByteReader& reader, std::uint16_t type, Packet& inner,
                           Tunnels tunnels) noexcept {
  return type == kBridged ? network_in_ethernet(reader, inner, tunnels)
                          : network_of_type(reader, type, inner, tunnels);
}

Opened open_gre(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::uint16_t kRouting = 0x4000;  // RFC 1701, never deployed: hosts drop it
  const std::uint16_t flags = reader.u16();
  const std::uint16_t type = reader.u16();
  if ((flags & 7) == 1) return open_version_1(reader, flags, type, inner, tunnels);
  if ((flags & 7) != 0 || (flags & kRouting) != 0) return not_ip();
  const bool has_sequence = (flags & 0x1000) != 0;
  if ((flags & 0x8000) != 0) reader.skip(4);
  if ((flags & 0x2000) != 0) reader.skip(4);
  if (has_sequence) reader.skip(4);
  if (is_aruba(type)) return network_in_wireless(reader, inner, tunnels);
  switch (type) {
    case kErspan:  // type I has neither a sequence number nor a header
      if (has_sequence) reader.skip(8);
      return network_in_ethernet(reader, inner, tunnels);
    case kErspan3: {
      reader.skip(11);
      const bool has_more = (reader.u8() & 1) != 0;
      if (has_more) reader.skip(8);
      return network_in_ethernet(reader, inner, tunnels);
    }
    case kWccp:
      return open_wccp(reader);
    default:
      return network_of_gre_type(reader, type, inner, tunnels);
  }
}

}  // namespace sluice::packet
