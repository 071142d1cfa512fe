#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/packet/checksum.h"
#include "filters/packet/ip_header.h"
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

constexpr std::size_t kMinTcpHeader = 20;
constexpr std::size_t kMaxTcpHeader = 60;
constexpr std::size_t kUdpHeader = 8;
// Packet keeps offsets in 16 bits. No link carries headers of this size.
constexpr std::size_t kMaxNetworkOffset = 0x7fff;
constexpr std::size_t kMaxTransportOffset = 0xffff - kMaxTcpHeader;

struct IpPayload {
  Bytes bytes;
  std::uint8_t protocol = 0;
  bool is_later_fragment = false;
};

// The packet without padding. A cut frame holds less than `length`.
Bytes cut_to(Bytes rest, std::size_t length) noexcept {
  return rest.first(std::min(rest.size(), length));
}

// RFC 4302: length in words of four bytes, minus two. Steps over the header; the next protocol.
std::uint8_t step_over_authentication(ByteReader& reader, Packet& packet) noexcept {
  packet.is_enclosed = true;
  const std::uint8_t next = reader.u8();
  reader.skip((reader.u8() + std::size_t{2}) * 4 - 2);
  return next;
}

Result<IpPayload, DecodeError> read_ipv4(ByteReader& reader, Packet& packet) noexcept {
  const std::size_t available = reader.remaining();
  const auto ip = reader.header<kIpv4Header>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  const unsigned version = ip.u8<0>() >> 4;
  const std::size_t header = (ip.u8<0>() & 0x0fU) * std::size_t{4};
  std::size_t total = ip.u16<2>();
  if (total == 0) total = available;  // captures show this under segmentation offload
  if (version != 4 || header < kIpv4Header || total < header) {
    return fail(DecodeError::bad_ip_header);
  }
  reader.skip(header - kIpv4Header);
  if (!reader.ok()) return fail(DecodeError::truncated);
  constexpr std::uint16_t kMoreFragments = 0x2000;
  constexpr std::uint16_t kOffsetMask = 0x1fff;
  const std::uint16_t fragment = ip.u16<6>();
  packet.is_fragment = (fragment & (kMoreFragments | kOffsetMask)) != 0;
  packet.hop_limit = ip.u8<8>();
  packet.source = IpAddress::from_bytes(ip.bytes<12, 4>());
  packet.destination = IpAddress::from_bytes(ip.bytes<16, 4>());
  IpPayload payload{.bytes = cut_to(reader.rest(), total - header),
                    .protocol = ip.u8<9>(),
                    .is_later_fragment = (fragment & kOffsetMask) != 0};
  if (payload.protocol != kAuthentication || payload.is_later_fragment) return payload;
  ByteReader carried(payload.bytes);
  while (payload.protocol == kAuthentication && carried.ok()) {
    payload.protocol = step_over_authentication(carried, packet);
  }
  if (!carried.ok())
    return packet.is_fragment ? Result<IpPayload, DecodeError>(payload)
                              : fail(DecodeError::truncated);
  payload.bytes = carried.rest();
  return payload;
}

// Walks the extension headers (RFC 8200 section 4) up to the transport. Hosts follow any number.
Result<IpPayload, DecodeError> read_extensions(ByteReader reader, std::uint8_t next,
                                               Packet& packet) noexcept {
  IpPayload payload;
  for (;;) {
    switch (next) {
      case kHopByHop:
      case kRouting:
      case kDestinationOptions: {
        next = reader.u8();
        const std::size_t length = (reader.u8() + std::size_t{1}) * 8;
        reader.skip(length - 2);
        break;
      }
      case kAuthentication:
        next = step_over_authentication(reader, packet);
        break;
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
}

// Whether the hop-by-hop header at the reader has the option for packets over 64 KiB (RFC 2675).
bool has_jumbo_option(ByteReader reader) noexcept {
  constexpr std::uint8_t kPad1 = 0, kJumbo = 0xc2;
  reader.skip(1);
  const std::size_t length = (reader.u8() + std::size_t{1}) * 8 - 2;
  ByteReader options(cut_to(reader.rest(), length));
  while (options.ok() && options.remaining() > 0) {
    const std::uint8_t type = options.u8();
    if (type == kJumbo) return true;
    if (type != kPad1) options.skip(options.u8());
  }
  return false;
}

// A mapped source address is none for the wire (RFC 4038 section 4.2), but Linux takes such a
// packet and answers over IPv4. None goes to a mapped address; here it could not be told from IPv4.
Result<IpPayload, DecodeError> read_ipv6(ByteReader& reader, Packet& packet) noexcept {
  const auto ip = reader.header<kIpv6Header>();
  if (!reader.ok()) return fail(DecodeError::truncated);
  std::size_t length = ip.u16<4>();
  const std::uint8_t next = ip.u8<6>();
  packet.is_v6 = true;
  packet.hop_limit = ip.u8<7>();
  packet.source = IpAddress::from_bytes(ip.bytes<8, 16>());
  packet.destination = IpAddress::from_bytes(ip.bytes<24, 16>());
  if (ip.u8<0>() >> 4 != 6) return fail(DecodeError::bad_ip_header);
  if (packet.destination.is_v4()) return fail(DecodeError::mapped_address);
  if (length == 0 && next == kHopByHop && has_jumbo_option(reader)) {
    return fail(DecodeError::jumbogram);
  }
  // Captures show this under segmentation offload. Behind it a hop-by-hop header without that
  // option: Linux reads to the end of the frame.
  if (length == 0) length = reader.remaining();
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
  if (length == 0 && packet.is_v6) length = segment.size();
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
  if (payload.bytes.data() - packet.frame.data() > std::ptrdiff_t{kMaxTransportOffset}) {
    return fail(DecodeError::too_deep);
  }
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
  if (reader.position() > kMaxNetworkOffset) return fail(DecodeError::too_deep);
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
  outside.is_enclosed = packet.is_enclosed;
  outside.reassembled = packet.reassembled;
  outside.tunnels = packet.tunnels;
  outside.carriers = packet.carriers;
  outside.tunnel_id = packet.tunnel_id;
  return outside;
}

// What a datagram carries is an IP packet only if a host would take it for one: its length fits,
// and the checksum of its header is right.
bool fits_in(const Packet& carrier, Network network, std::size_t offset) noexcept {
  ByteReader udp(carrier.segment);
  udp.skip(4);
  const std::size_t declared = udp.u16();
  const std::size_t length = declared == 0 ? carrier.segment.size() : declared;
  ByteReader ip(carrier.frame.subspan(offset));
  const Bytes network_bytes = ip.rest();
  std::size_t total = 0;
  if (network == Network::ipv4) {
    const std::size_t header = (ip.u8() & 0x0fU) * std::size_t{4};
    ip.skip(1);
    total = ip.u16();
    if (header > network_bytes.size() || !ipv4_checksum_holds(network_bytes.first(header))) {
      return false;
    }
  } else {
    ip.skip(4);
    total = kIpv6Header + ip.u16();
  }
  return offset - carrier.transport_offset + total <= length;
}

// One level further in, if there is one. False: `packet` is the innermost that can be read.
Result<bool, DecodeError> follow_tunnel(Packet& packet, Tunnels tunnels) noexcept {
  Packet inner = outside_of(packet);
  ++inner.tunnels;
  ByteReader reader(packet.frame.first(packet.transport_offset + packet.segment.size()));
  reader.skip(packet.transport_offset);
  const auto network = open_tunnel(reader, packet, inner, tunnels);
  if (!network && is_unjudged(network.error())) return fail(network.error());
  packet.is_unread = !network && network.error() == DecodeError::unread;
  if (!network || !reader.ok()) return false;
  if (inner.tunnels > tunnels.depth()) {
    return tunnels.depth() < kMaxTunnels ? Result<bool, DecodeError>(false)
                                         : fail(DecodeError::too_deep);
  }
  const std::size_t offset = reader.position();
  if (const auto read = read_network(reader, *network, inner); !read) {
    return is_unjudged(read.error()) ? Result<bool, DecodeError>(fail(read.error())) : false;
  }
  if (packet.transport == Transport::udp) {
    if (!fits_in(packet, *network, offset)) return false;
    ++inner.carriers;
  }
  packet = inner;
  return true;
}

Result<void, DecodeError> follow_tunnels(Packet& packet, Tunnels tunnels) noexcept {
  while (may_carry_tunnel(packet)) {
    const auto followed = follow_tunnel(packet, tunnels);
    if (!followed) return fail(followed.error());
    if (!*followed) break;
  }
  return {};
}

}  // namespace

Result<void, DecodeError> decode_into(Packet& packet, Bytes frame, LinkType link,
                                      Tunnels tunnels) noexcept {
  packet = {};
  packet.frame = frame;
  packet.link = link;
  ByteReader reader(frame);
  const auto network = read_link_layer(reader, packet, tunnels);
  if (!network) return fail(network.error());
  if (const auto read = read_network(reader, *network, packet); !read) return read;
  return packet.transport == Transport::tcp ? Result<void, DecodeError>{}
                                            : follow_tunnels(packet, tunnels);
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
  if (const auto followed = follow_tunnels(packet, tunnels); !followed) {
    return fail(followed.error());
  }
  return packet;
}

}  // namespace sluice::packet
