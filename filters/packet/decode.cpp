#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/packet/checksum.h"
#include "filters/packet/link_layer.h"
#include "filters/packet/open_tunnel.h"
#include "filters/packet/packet.h"

namespace sluice::packet {
namespace {

// IANA protocol numbers; IPv6 extension headers share the space.
enum Protocol : std::uint8_t {
  kHopByHop = 0,
  kTcp = 6,
  kUdp = 17,
  kRouting = 43,
  kFragment = 44,
  kAuthentication = 51,
  kDestinationOptions = 60,
};

constexpr std::size_t kMaxExtensions = 8;  // no ordinary packet has more
constexpr std::size_t kMinIpv4Header = 20;
constexpr std::size_t kMinTcpHeader = 20;
constexpr std::size_t kUdpHeader = 8;
// Packet keeps offsets in 16 bits, so a tunnel whose packet begins after this is not opened.
constexpr std::size_t kMaxNetworkOffset = 0x8000;
static_assert(kMaxNetworkOffset + 40 + (kMaxExtensions + 1) * 256 * 8 + 60 <= 0xffff);

struct IpPayload {
  Bytes bytes;
  std::uint8_t protocol = 0;
  bool is_later_fragment = false;
};

// The packet without padding. A cut frame holds less than `length`.
Bytes cut_to(Bytes rest, std::size_t length) noexcept {
  return rest.first(std::min(rest.size(), length));
}

Result<IpPayload, DecodeError> read_ipv4(ByteReader& reader, Packet& packet) noexcept {
  const std::size_t available = reader.remaining();
  const auto ip = reader.header<kMinIpv4Header>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  const unsigned version = ip.u8<0>() >> 4;
  const std::size_t header = (ip.u8<0>() & 0x0fU) * std::size_t{4};
  std::size_t total = ip.u16<2>();
  if (total == 0) total = available;  // captures show this under segmentation offload
  if (version != 4 || header < kMinIpv4Header || total < header) {
    return fail(DecodeError::bad_ip_header);
  }
  reader.skip(header - kMinIpv4Header);
  if (!reader.ok()) return fail(DecodeError::truncated);
  constexpr std::uint16_t kMoreFragments = 0x2000;
  constexpr std::uint16_t kOffsetMask = 0x1fff;
  const std::uint16_t fragment = ip.u16<6>();
  packet.is_fragment = (fragment & (kMoreFragments | kOffsetMask)) != 0;
  packet.hop_limit = ip.u8<8>();
  packet.source = IpAddress::from_bytes(ip.bytes<12, 4>());
  packet.destination = IpAddress::from_bytes(ip.bytes<16, 4>());
  return IpPayload{.bytes = cut_to(reader.rest(), total - header),
                   .protocol = ip.u8<9>(),
                   .is_later_fragment = (fragment & kOffsetMask) != 0};
}

// Mapped addresses are for sockets, never for the wire (RFC 4038 section 4.2), and hosts drop them.
// Here they would be mistaken for the IPv4 address and its flows.
bool is_mapped(const IpAddress& v6) noexcept {
  return v6.is_v4();
}

// Walks the extension headers (RFC 8200 section 4) up to the transport.
Result<IpPayload, DecodeError> read_extensions(ByteReader reader, std::uint8_t next,
                                               Packet& packet) noexcept {
  IpPayload payload;
  for (std::size_t i = 0; i <= kMaxExtensions; ++i) {
    switch (next) {
      case kHopByHop:
      case kRouting:
      case kDestinationOptions: {
        next = reader.u8();
        const std::size_t length = (reader.u8() + std::size_t{1}) * 8;
        reader.skip(length - 2);
        break;
      }
      case kAuthentication: {  // RFC 4302: length in words of four bytes, minus two
        next = reader.u8();
        const std::size_t length = (reader.u8() + std::size_t{2}) * 4;
        reader.skip(length - 2);
        break;
      }
      case kFragment: {
        next = reader.u8();
        reader.skip(1);
        const std::uint16_t offset = reader.u16();
        reader.skip(4);
        // No offset and no more fragments: an atomic fragment (RFC 6946), which is a whole packet.
        packet.is_fragment = packet.is_fragment || (offset & 0xfff9) != 0;
        payload.is_later_fragment = (offset & 0xfff8) != 0;
        break;
      }
      default:
        payload.protocol = next;
        payload.bytes = reader.rest();
        return payload;
    }
    if (!reader.ok()) return fail(DecodeError::truncated);
    if (payload.is_later_fragment) {
      payload.protocol = next;
      return payload;
    }
  }
  return fail(DecodeError::bad_ip_header);
}

Result<IpPayload, DecodeError> read_ipv6(ByteReader& reader, Packet& packet) noexcept {
  const auto ip = reader.header<40>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  std::size_t length = ip.u16<4>();
  const std::uint8_t next = ip.u8<6>();
  packet.hop_limit = ip.u8<7>();
  packet.source = IpAddress::from_bytes(ip.bytes<8, 16>());
  packet.destination = IpAddress::from_bytes(ip.bytes<24, 16>());
  if (ip.u8<0>() >> 4 != 6 || is_mapped(packet.source) || is_mapped(packet.destination)) {
    return fail(DecodeError::bad_ip_header);
  }
  // RFC 2675: over 64 KiB. Its option is in a hop-by-hop header.
  if (length == 0 && next == kHopByHop) return fail(DecodeError::jumbogram);
  if (length == 0) length = reader.remaining();  // captures show this under segmentation offload
  return read_extensions(ByteReader(cut_to(reader.rest(), length)), next, packet);
}

Result<void, DecodeError> read_tcp(Bytes segment, Packet& packet) noexcept {
  ByteReader reader(segment);
  const auto header = reader.header<kMinTcpHeader>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  const std::size_t length = (header.u8<12>() >> 4) * std::size_t{4};
  if (length < kMinTcpHeader || length > segment.size()) {
    return fail(DecodeError::bad_transport_header);
  }
  reader.skip(length - kMinTcpHeader);
  packet.source_port = Port{header.u16<0>()};
  packet.destination_port = Port{header.u16<2>()};
  const std::uint8_t flags = header.u8<13>();
  packet.tcp = {.sequence = header.u32<4>(),
                .acknowledgment = header.u32<8>(),
                .window = header.u16<14>(),
                .urgent = header.u16<18>(),
                .syn = (flags & 0x02) != 0,
                .ack = (flags & 0x10) != 0,
                .fin = (flags & 0x01) != 0,
                .rst = (flags & 0x04) != 0,
                .psh = (flags & 0x08) != 0,
                .urg = (flags & 0x20) != 0};
  packet.segment = segment;
  packet.payload = reader.rest();
  return {};
}

Result<void, DecodeError> read_udp(Bytes segment, Packet& packet) noexcept {
  ByteReader reader(segment);
  const auto header = reader.header<kUdpHeader>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  packet.source_port = Port{header.u16<0>()};
  packet.destination_port = Port{header.u16<2>()};
  std::size_t length = header.u16<4>();
  // RFC 2675 section 4. Hosts accept length 0 in short datagrams too, so it must not hide one.
  if (length == 0 && !packet.source.is_v4()) length = segment.size();
  if (length < kUdpHeader) return fail(DecodeError::bad_transport_header);
  packet.segment = cut_to(segment, length);
  packet.payload = packet.segment.subspan(kUdpHeader);
  return {};
}

Result<void, DecodeError> read_transport(const IpPayload& payload, Packet& packet) noexcept {
  packet.transport = payload.protocol == kTcp   ? Transport::tcp
                     : payload.protocol == kUdp ? Transport::udp
                                                : Transport::other;
  packet.protocol = payload.protocol;
  const auto offset_of = [&](Bytes part) {
    return static_cast<std::uint16_t>(part.data() - packet.frame.data());
  };
  if (payload.is_later_fragment) return {};
  if (packet.transport == Transport::other) {
    if (packet.is_fragment) return {};
    packet.segment = payload.bytes;
    packet.transport_offset = packet.payload_offset = offset_of(payload.bytes);
    return {};
  }
  const auto read = packet.transport == Transport::tcp ? read_tcp(payload.bytes, packet)
                                                       : read_udp(payload.bytes, packet);
  // A first fragment may end inside the transport header; it is a fragment nevertheless.
  if (!read) return packet.is_fragment ? Result<void, DecodeError>{} : fail(read.error());
  packet.has_transport = true;
  packet.transport_offset = offset_of(packet.segment);
  packet.payload_offset = static_cast<std::uint16_t>(packet.transport_offset +
                                                     packet.segment.size() - packet.payload.size());
  return {};
}

// Reads the IP packet at the reader.
Result<void, DecodeError> read_network(ByteReader& reader, Network network,
                                       Packet& packet) noexcept {
  packet.network_offset = static_cast<std::uint16_t>(reader.position());
  const auto payload =
      network == Network::ipv4 ? read_ipv4(reader, packet) : read_ipv6(reader, packet);
  if (!payload) return fail(payload.error());
  return read_transport(*payload, packet);
}

// The fields of a packet that come from the bytes before its IP header.
Packet outside_of(const Packet& packet) noexcept {
  Packet outside;
  outside.frame = packet.frame;
  outside.link = packet.link;
  outside.vlan_tags = packet.vlan_tags;
  outside.vlan = packet.vlan;
  outside.reassembled = packet.reassembled;
  outside.tunnels = packet.tunnels;
  outside.tunnel_id = packet.tunnel_id;
  return outside;
}

// Opens tunnels to the innermost packet that can be read.
void follow_tunnels(Packet& packet, Tunnels tunnels) noexcept {
  while (packet.tunnels < kMaxTunnels && may_carry_tunnel(packet)) {
    Packet inner = outside_of(packet);
    ++inner.tunnels;
    ByteReader reader(packet.frame.first(packet.transport_offset + packet.segment.size()));
    reader.skip(packet.transport_offset);
    const auto network = open_tunnel(reader, packet, inner, tunnels);
    if (!network || !reader.ok() || reader.position() > kMaxNetworkOffset) break;
    if (!read_network(reader, *network, inner)) break;
    packet = inner;
  }
}

}  // namespace

std::string_view to_string(DecodeError error) noexcept {
  switch (error) {
    case DecodeError::not_ip:
      return "not_ip";
    case DecodeError::unsupported_link:
      return "unsupported_link";
    case DecodeError::truncated:
      return "truncated";
    case DecodeError::bad_ip_header:
      return "bad_ip_header";
    case DecodeError::bad_transport_header:
      return "bad_transport_header";
    case DecodeError::too_many_tags:
      return "too_many_tags";
    case DecodeError::jumbogram:
      return "jumbogram";
  }
  return "?";
}

Result<void, DecodeError> decode_into(Packet& packet, Bytes frame, LinkType link,
                                      Tunnels tunnels) noexcept {
  packet = {};
  packet.frame = frame;
  packet.link = link;
  ByteReader reader(frame);
  const auto network = read_link_layer(reader, packet, tunnels);
  if (!network) return fail(network.error());
  if (const auto read = read_network(reader, *network, packet); !read) return read;
  if (packet.transport != Transport::tcp) follow_tunnels(packet, tunnels);
  return {};
}

Result<Packet, DecodeError> decode(Bytes frame, LinkType link, Tunnels tunnels) noexcept {
  Result<Packet, DecodeError> decoded;
  if (const auto read = decode_into(*decoded, frame, link, tunnels); !read) {
    decoded = fail(read.error());
  }
  return decoded;
}

Result<Packet, DecodeError> decode_like(const Packet& like, Tunnels tunnels) noexcept {
  Packet packet = outside_of(like);
  packet.reassembled = true;
  ByteReader reader(like.frame);
  reader.skip(like.network_offset);
  const auto network = network_by_version(reader);
  if (!network) return fail(network.error());
  if (const auto read = read_network(reader, *network, packet); !read) return fail(read.error());
  follow_tunnels(packet, tunnels);
  return packet;
}

bool checksums_hold(const Packet& packet) noexcept {
  const Bytes network = packet.frame.subspan(packet.network_offset);
  const bool v4 = packet.source.is_v4();
  ByteReader ip(network);
  const std::size_t header = v4 ? (ip.u8() & 0x0fU) * std::size_t{4} : 40;
  ip.skip(v4 ? 1 : 4);
  const std::size_t total = v4 ? ip.u16() : header + ip.u16();
  if (v4 && ones_complement_sum(network.first(header)) != 0xffff) return false;
  if (!packet.has_transport) return true;
  if (packet.transport == Transport::tcp) {
    const std::size_t before = packet.transport_offset - std::size_t{packet.network_offset};
    return before + packet.segment.size() == total &&
           transport_checksum(packet.source, packet.destination, kTcp, packet.segment) == 0;
  }
  ByteReader udp(packet.segment);
  udp.skip(4);
  if (udp.u16() != packet.segment.size()) return false;
  if (udp.u16() == 0) return v4;  // no checksum (RFC 768); IPv6 must have one
  return transport_checksum(packet.source, packet.destination, kUdp, packet.segment) == 0;
}

}  // namespace sluice::packet
