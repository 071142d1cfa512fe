#include "filters/packet/packet.h"

#include "filters/base/byte_reader.h"
#include "filters/packet/checksum.h"
#include "filters/packet/ip_header.h"

namespace sluice::packet {

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
    case DecodeError::too_deep:
      return "too_deep";
    case DecodeError::jumbogram:
      return "jumbogram";
    case DecodeError::mapped_address:
      return "mapped_address";
    case DecodeError::unread:
      return "unread";
  }
  return "?";
}

bool checksums_hold(const Packet& packet) noexcept {
  constexpr std::uint8_t kHopByHop = 0, kTcp = 6, kUdp = 17;
  const Bytes network = packet.frame.subspan(packet.network_offset);
  ByteReader ip(network);
  std::size_t header = kIpv6Header, total = 0;
  if (packet.is_v6) {
    ip.skip(4);
    total = header + ip.u16();
    // A hop-by-hop header behind length 0: to the end of the frame.
    if (total == header && ip.u8() == kHopByHop) total = network.size();
  } else {
    header = (ip.u8() & 0x0fU) * std::size_t{4};
    ip.skip(1);
    total = ip.u16();
    if (!ipv4_checksum_holds(network.first(header))) return false;
  }
  if (!packet.has_transport) return true;
  if (packet.transport == Transport::tcp) {
    const std::size_t before = packet.transport_offset - std::size_t{packet.network_offset};
    return before + packet.segment.size() == total &&
           transport_checksum(packet.source, packet.destination, kTcp, packet.segment) == 0;
  }
  ByteReader udp(packet.segment);
  udp.skip(4);
  if (udp.u16() != packet.segment.size()) return false;
  if (udp.u16() == 0) return !packet.is_v6;  // no checksum (RFC 768); IPv6 must have one
  return transport_checksum(packet.source, packet.destination, kUdp, packet.segment) == 0;
}

}  // namespace sluice::packet
