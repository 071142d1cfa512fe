#include "filters/packet/open_tunnel.h"

#include <optional>
#include <utility>

namespace sluice::packet {
namespace {

using Opened = Result<Network, DecodeError>;

enum IpProtocol : std::uint8_t { kIpv4InIp = 4, kIpv6InIp = 41, kGre = 47 };

enum UdpPort : std::uint16_t {
  kDnsPort = 53,
  kL2tpPort = 1701,
  kGtpPort = 2152,
  kTeredoPort = 3544,
  kGrePort = 4754,  // RFC 8086
  kVxlanPort = 4789,
  kCapwapPort = 5247,
  kGenevePort = 6081,
  kOldVxlanPort = 8472,  // Linux used it before IANA assigned one
};

enum GreType : std::uint16_t {
  kErspan3 = 0x22eb,
  kBridged = 0x6558,
  kPpp = 0x880b,
  kErspan = 0x88be,
};

Opened nothing() noexcept {
  return fail(DecodeError::not_ip);
}

Opened open_type(ByteReader& reader, std::uint16_t type, Packet& inner, Tunnels tunnels) noexcept {
  return type == kBridged ? network_in_ethernet(reader, inner, tunnels)
                          : network_of_type(reader, type, inner, tunnels);
}

// RFC 2637 section 4.1: GRE version 1, with a call number instead of the key.
Opened open_pptp(ByteReader& reader, std::uint16_t flags) noexcept {
  reader.skip(4);
  if ((flags & 0x1000) != 0) reader.skip(4);
  if ((flags & 0x0080) != 0) reader.skip(4);
  return network_in_ppp(reader);
}

Opened open_gre(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  const std::uint16_t flags = reader.u16();
  const std::uint16_t type = reader.u16();
  if ((flags & 7) == 1 && type == kPpp) return open_pptp(reader, flags);
  constexpr std::uint16_t kRoutingAndVersion = 0x4007;  // routing: RFC 1701, never deployed
  if ((flags & kRoutingAndVersion) != 0) return nothing();
  const bool has_sequence = (flags & 0x1000) != 0;
  if ((flags & 0x8000) != 0) reader.skip(4);
  if ((flags & 0x2000) != 0) reader.skip(4);
  if (has_sequence) reader.skip(4);
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
    default:
      return open_type(reader, type, inner, tunnels);
  }
}

Opened open_vxlan(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  const std::uint8_t flags = reader.u8();
  reader.skip(3);
  inner.tunnel_id = reader.u24();
  reader.skip(1);
  constexpr std::uint8_t kHasVni = 0x08;         // the other bits are reserved and ignored …
  const bool is_quic_initial = flags >> 5 == 6;  // … but a QUIC Initial must not hide here
  return (flags & kHasVni) != 0 && !is_quic_initial ? network_in_ethernet(reader, inner, tunnels)
                                                    : nothing();
}

Opened open_geneve(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  const std::uint8_t version_and_length = reader.u8();
  reader.skip(1);
  const std::uint16_t type = reader.u16();
  inner.tunnel_id = reader.u24();
  reader.skip(1);
  reader.skip((version_and_length & 0x3fU) * std::size_t{4});
  return version_and_length >> 6 == 0 ? open_type(reader, type, inner, tunnels) : nothing();
}

Opened open_gtpu(ByteReader& reader) noexcept {
  constexpr std::uint8_t kUserData = 255;
  constexpr std::size_t kMostExtensions = 8;
  const std::uint8_t flags = reader.u8();
  const std::uint8_t message = reader.u8();
  reader.skip(6);
  if (flags >> 4 != 3 || message != kUserData) return nothing();
  if ((flags & 7) == 0) return network_by_version(reader);
  reader.skip(3);
  std::uint8_t next = reader.u8();
  for (std::size_t i = 0; next != 0 && i < kMostExtensions; ++i) {
    const std::size_t length = reader.u8() * std::size_t{4};
    if (length == 0) return nothing();
    reader.skip(length - 2);
    next = reader.u8();
  }
  return next == 0 ? network_by_version(reader) : nothing();
}

// RFC 4380 section 5.1.1. The packet must fill the datagram: its first bytes alone prove little.
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
  ahead.skip(34);
  if (!is_v6 || !ahead.ok() || ahead.remaining() != length) return nothing();
  return Network::ipv6;
}

// IEEE 802.11 data frames with LLC and SNAP. Some access points swap the first two bytes.
Opened open_wireless(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::uint8_t kData = 0x08;
  constexpr std::uint8_t kTypeAndVersion = 0x0f;
  constexpr std::uint32_t kSnap = 0xaaaa03;
  std::uint8_t kind = reader.u8();
  std::uint8_t flags = reader.u8();
  if ((kind & kTypeAndVersion) != kData) std::swap(kind, flags);
  const bool is_encrypted = (flags & 0x40) != 0;
  if ((kind & kTypeAndVersion) != kData || is_encrypted) return nothing();
  reader.skip(22);
  if ((flags & 3) == 3) reader.skip(6);    // between access points: a fourth address
  if ((kind & 0x80) != 0) reader.skip(2);  // quality of service
  if (reader.u24() != kSnap || reader.u24() != 0) return nothing();
  return network_of_type(reader, reader.u16(), inner, tunnels);
}

Opened open_capwap(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  const std::uint32_t first = reader.u32();
  const std::size_t header = (first >> 19 & 0x1f) * std::size_t{4};
  const bool is_plain = first >> 24 == 0;
  const bool is_fragment = (first & 0x80) != 0;
  const bool is_native = (first & 0x100) != 0;
  if (!is_plain || is_fragment || header < 8) return nothing();
  reader.skip(header - 4);
  return is_native ? open_wireless(reader, inner, tunnels)
                   : network_in_ethernet(reader, inner, tunnels);
}

//   | T L x x S x O P x x x x version 4 | length 2, if L | tunnel 2 | session 2
//   | sequence numbers 4, if S | size 2 and padding, if O | PPP
//
// As hosts do, ignores the reserved bits and the length. The numbers do not go into
// Packet::tunnel_id: each end assigns its own (RFC 2661 section 3.1), so the two directions of one
// flow have different ones.
Opened open_l2tp(ByteReader& reader) noexcept {
  constexpr unsigned kControl = 0x8000;  // also set in every QUIC Initial
  constexpr unsigned kLength = 0x4000;
  constexpr unsigned kSequence = 0x0800;
  constexpr unsigned kOffset = 0x0200;
  constexpr unsigned kVersion = 0x000f;
  const std::uint16_t flags = reader.u16();
  if ((flags & (kControl | kVersion)) != 2) return nothing();
  if ((flags & kLength) != 0) reader.skip(2);
  const std::uint16_t tunnel = reader.u16();
  const std::uint16_t session = reader.u16();
  if (tunnel == 0 || session == 0) return nothing();  // only control messages have none
  if ((flags & kSequence) != 0) reader.skip(4);
  if ((flags & kOffset) != 0) reader.skip(reader.u16());
  return network_in_ppp(reader);
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
    case kOldVxlanPort:
      return Tunnel::vxlan;
    case kCapwapPort:
      return Tunnel::capwap;
    case kGenevePort:
      return Tunnel::geneve;
    default:
      return std::nullopt;
  }
}

Opened open_datagram(ByteReader& reader, Port port, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::size_t kUdpHeader = 8;
  reader.skip(kUdpHeader);
  const auto tunnel = tunnel_to(port);
  if (!tunnel || !tunnels.has(*tunnel)) return nothing();
  switch (*tunnel) {
    case Tunnel::vxlan:
      return open_vxlan(reader, inner, tunnels);
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
      return open_l2tp(reader);
    case Tunnel::pppoe:
    case Tunnel::mpls:
    case Tunnel::ipip:
      break;
  }
  return nothing();
}

}  // namespace

bool may_carry_tunnel(const Packet& packet) noexcept {
  if (packet.transport == Transport::tcp || packet.is_fragment) return false;
  if (packet.transport == Transport::other) {
    return packet.protocol == kIpv4InIp || packet.protocol == kIpv6InIp || packet.protocol == kGre;
  }
  // An answer to a client that asked from a tunnel's port: the client chose most of its bytes.
  if (packet.source_port.number == kDnsPort) return false;
  return tunnel_to(packet.destination_port).has_value();
}

Result<Network, DecodeError> open_tunnel(ByteReader& reader, const Packet& outer, Packet& inner,
                                         Tunnels tunnels) noexcept {
  if (outer.transport == Transport::udp) {
    return open_datagram(reader, outer.destination_port, inner, tunnels);
  }
  switch (outer.protocol) {
    case kIpv4InIp:
      return tunnels.has(Tunnel::ipip) ? Opened(Network::ipv4) : nothing();
    case kIpv6InIp:
      return tunnels.has(Tunnel::ipip) ? Opened(Network::ipv6) : nothing();
    case kGre:
      return tunnels.has(Tunnel::gre) ? open_gre(reader, inner, tunnels) : nothing();
    default:
      return nothing();
  }
}

}  // namespace sluice::packet
