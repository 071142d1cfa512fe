#include "filters/packet/datagram_tunnel.h"

#include <optional>

#include "filters/packet/gre.h"
#include "filters/packet/link_tags.h"
#include "filters/packet/wireless.h"

namespace sluice::packet {
namespace {

enum UdpPort : std::uint16_t {
  kDnsPort = 53,
  kL2tpPort = 1701,
  kGtpPort = 2152,
  kTeredoPort = 3544,
  kGrePort = 4754,  // RFC 8086
  kVxlanPort = 4789,
  kGpePort = 4790,
  kCapwapPort = 5247,
  kGenevePort = 6081,
  kMplsPort = 6635,      // RFC 7510
  kOldVxlanPort = 8472,  // Linux used it before IANA assigned one
};

// All bits but one are reserved, and most receivers ignore them.
Opened open_vxlan(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::uint8_t kHasVni = 0x08;
  const std::uint8_t flags = reader.u8();
  reader.skip(3);
  inner.tunnel_id = reader.u24();
  reader.skip(1);
  return (flags & kHasVni) != 0 ? network_in_ethernet(reader, inner, tunnels) : not_ip();
}

Opened open_gpe(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  enum Carried : std::uint8_t { kOfIpv4 = 1, kOfIpv6 = 2, kOfEthernet = 3, kOfNsh = 4 };
  constexpr std::uint8_t kSaysWhat = 0x04;
  constexpr std::uint16_t kNsh = 0x894f;
  const std::uint8_t flags = reader.u8();
  reader.skip(2);
  const std::uint8_t carried = reader.u8();
  inner.tunnel_id = reader.u24();
  reader.skip(1);
  if ((flags & kSaysWhat) == 0) return network_in_ethernet(reader, inner, tunnels);
  switch (carried) {
    case kOfIpv4:
      return Network::ipv4;
    case kOfIpv6:
      return Network::ipv6;
    case kOfEthernet:
      return network_in_ethernet(reader, inner, tunnels);
    case kOfNsh:
      return network_of_type(reader, kNsh, inner, tunnels);
    default:
      return not_ip();
  }
}

Opened open_geneve(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  const std::uint8_t version_and_length = reader.u8();
  reader.skip(1);
  const std::uint16_t type = reader.u16();
  inner.tunnel_id = reader.u24();
  reader.skip(1);
  reader.skip((version_and_length & 0x3fU) * std::size_t{4});
  return version_and_length >> 6 == 0 ? network_of_gre_type(reader, type, inner, tunnels)
                                      : not_ip();
}

Opened open_gtpu(ByteReader& reader) noexcept {
  constexpr std::uint8_t kUserData = 255;
  const std::uint8_t flags = reader.u8();
  const std::uint8_t message = reader.u8();
  reader.skip(6);
  if (flags >> 4 != 3 || message != kUserData) return not_ip();
  if ((flags & 7) == 0) return network_by_version(reader);
  reader.skip(3);
  std::uint8_t next = reader.u8();
  while (next != 0 && reader.ok()) {
    const std::size_t length = reader.u8() * std::size_t{4};
    if (length == 0) return not_ip();
    reader.skip(length - 2);
    next = reader.u8();
  }
  return reader.ok() ? network_by_version(reader) : not_ip();
}

// RFC 6081 section 4: type, length, value, to the end of the datagram.
bool are_teredo_trailers(ByteReader trailers) noexcept {
  while (trailers.ok() && trailers.remaining() > 0) {
    trailers.skip(1);
    const std::size_t length = trailers.u8();
    trailers.skip(length);
  }
  return trailers.ok();
}

// RFC 4380 section 5.1.1. The packet and its trailers must fill the datagram: its first bytes alone
// prove little.
Opened open_teredo(ByteReader& reader) noexcept {
  ByteReader ahead = reader;
  if (ahead.u16() == 1) {
    const std::size_t client = ahead.u8();
    const std::size_t value = ahead.u8();
    ahead.skip(client + value + 9);
    reader = ahead;
  }
  ahead = reader;
  if (ahead.u16() == 0) reader.skip(8);
  ahead = reader;
  const bool is_v6 = ahead.u32() >> 28 == 6;
  const std::size_t length = ahead.u16();
  ahead.skip(34 + length);
  return is_v6 && ahead.ok() && are_teredo_trailers(ahead) ? Opened(Network::ipv6) : not_ip();
}

// Teredo's clients, relays and peers talk on any port; one end has an address of 2001::/32.
bool looks_like_teredo(Bytes payload) noexcept {
  constexpr std::uint32_t kPrefix = 0x20010000;
  ByteReader reader(payload);
  const auto header = reader.header<40>();
  return header.u8<0>() >> 4 == 6 && (header.u32<8>() == kPrefix || header.u32<24>() == kPrefix);
}

Opened open_capwap(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::uint32_t kFragment = 0x80, kNative = 0x100, kEncrypted = 1;
  const std::uint32_t first = reader.u32();
  const std::size_t header = (first >> 19 & 0x1f) * std::size_t{4};
  if (first >> 24 == kEncrypted) return fail(DecodeError::unread);
  if (first >> 24 != 0 || header < 8) return not_ip();
  if ((first & kFragment) != 0) return fail(DecodeError::unread);
  reader.skip(header - 4);
  return (first & kNative) != 0 ? network_in_wireless(reader, inner, tunnels)
                                : network_in_ethernet(reader, inner, tunnels);
}

//   | T L x x S x O P x x x x version 4 | length 2, if L | tunnel 2 | session 2
//   | sequence numbers 4, if S | size 2 and padding, if O | PPP
//
// As hosts do, ignores the reserved bits and the length. The numbers do not go into
// Packet::tunnel_id: each end assigns its own (RFC 2661 section 3.1), so the two directions of one
// flow have different ones.
Opened open_l2tp(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr unsigned kControl = 0x8000;
  constexpr unsigned kLength = 0x4000;
  constexpr unsigned kSequence = 0x0800;
  constexpr unsigned kOffset = 0x0200;
  constexpr unsigned kVersion = 0x000f;
  const std::uint16_t flags = reader.u16();
  if ((flags & (kControl | kVersion)) == 3) return fail(DecodeError::unread);  // RFC 3931
  if ((flags & (kControl | kVersion)) != 2) return not_ip();
  if ((flags & kLength) != 0) reader.skip(2);
  const std::uint16_t tunnel = reader.u16();
  const std::uint16_t session = reader.u16();
  if (tunnel == 0 || session == 0) return not_ip();  // only control messages have none
  if ((flags & kSequence) != 0) reader.skip(4);
  if ((flags & kOffset) != 0) reader.skip(reader.u16());
  return network_in_ppp(reader, inner, tunnels);
}

std::optional<Tunnel> tunnel_to(Port port) noexcept {
  switch (port.number) {
    case kL2tpPort:
      return Tunnel::l2tp;
    case kGtpPort:
      return Tunnel::gtpu;
    case kTeredoPort:
      return Tunnel::teredo;
    case kGrePort:
      return Tunnel::gre;
    case kVxlanPort:
    case kGpePort:
    case kOldVxlanPort:
      return Tunnel::vxlan;
    case kCapwapPort:
      return Tunnel::capwap;
    case kGenevePort:
      return Tunnel::geneve;
    case kMplsPort:
      return Tunnel::mpls;
    default:
      return std::nullopt;
  }
}

// Tunnels whose clients, behind NAT or not, use a port of their own.
std::optional<Tunnel> tunnel_from(Port port) noexcept {
  const auto tunnel = tunnel_to(port);
  const bool answers =
      tunnel == Tunnel::l2tp || tunnel == Tunnel::teredo || tunnel == Tunnel::capwap;
  return answers ? tunnel : std::nullopt;
}

std::optional<Tunnel> tunnel_of(const Packet& packet) noexcept {
  if (const auto tunnel = tunnel_to(packet.destination_port)) return tunnel;
  if (const auto tunnel = tunnel_from(packet.source_port)) return tunnel;
  return looks_like_teredo(packet.payload) ? std::optional(Tunnel::teredo) : std::nullopt;
}

}  // namespace

std::span<const Port> datagram_tunnel_ports() noexcept {
  static constexpr Port kPorts[] = {
      Port{kL2tpPort}, Port{kGtpPort},    Port{kTeredoPort}, Port{kGrePort},  Port{kVxlanPort},
      Port{kGpePort},  Port{kCapwapPort}, Port{kGenevePort}, Port{kMplsPort}, Port{kOldVxlanPort}};
  return kPorts;
}

bool may_be_datagram_tunnel(const Packet& packet) noexcept {
  if (packet.source_port.number == kDnsPort || packet.destination_port.number == kDnsPort) {
    return false;
  }
  return tunnel_of(packet).has_value();
}

Opened open_datagram_tunnel(ByteReader& reader, const Packet& outer, Packet& inner,
                            Tunnels tunnels) noexcept {
  constexpr std::size_t kUdpHeader = 8;
  reader.skip(kUdpHeader);
  const auto tunnel = tunnel_of(outer);
  if (!tunnel || !tunnels.has(*tunnel)) return not_ip();
  switch (*tunnel) {
    case Tunnel::vxlan:
      return outer.destination_port.number == kGpePort ? open_gpe(reader, inner, tunnels)
                                                       : open_vxlan(reader, inner, tunnels);
    case Tunnel::geneve:
      return open_geneve(reader, inner, tunnels);
    case Tunnel::gtpu:
      return open_gtpu(reader);
    case Tunnel::gre:
      return open_gre(reader, inner, tunnels);
    case Tunnel::teredo:
      return open_teredo(reader);
    case Tunnel::capwap:
      return open_capwap(reader, inner, tunnels);
    case Tunnel::l2tp:
      return open_l2tp(reader, inner, tunnels);
    case Tunnel::mpls:
      return network_in_mpls(reader, inner, tunnels);
    case Tunnel::pppoe:
    case Tunnel::ipip:
      break;
  }
  return not_ip();
}

}  // namespace sluice::packet
