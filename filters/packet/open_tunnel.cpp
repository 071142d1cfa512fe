#include "filters/packet/open_tunnel.h"

#include "filters/packet/datagram_tunnel.h"
#include "filters/packet/gre.h"

namespace sluice::packet {
namespace {

enum IpProtocol : std::uint8_t {
  kIpv4InIp = 4,
  kIpv6InIp = 41,
  kGre = 47,
  kEncrypted = 50,
  kMinimal = 55,  // RFC 2004: without most of the inner header
  kEtherIp = 97,
  kCompressed = 108,
  kL2tpv3 = 115,
  kMplsInIp = 137,
};

Opened open_ether_ip(ByteReader& reader, Packet& inner, Tunnels tunnels) noexcept {
  constexpr std::uint16_t kVersion = 0x3000;
  if (reader.u16() != kVersion) return not_ip();
  return network_in_ethernet(reader, inner, tunnels);
}

}  // namespace

bool may_carry_tunnel(const Packet& packet) noexcept {
  if (packet.is_fragment || packet.transport == Transport::tcp) return false;
  if (packet.transport == Transport::udp) return may_be_datagram_tunnel(packet);
  switch (packet.protocol) {
    case kIpv4InIp:
    case kIpv6InIp:
    case kGre:
    case kEncrypted:
    case kMinimal:
    case kEtherIp:
    case kCompressed:
    case kL2tpv3:
    case kMplsInIp:
      return true;
    default:
      return false;
  }
}

Opened open_tunnel(ByteReader& reader, const Packet& outer, Packet& inner,
                   Tunnels tunnels) noexcept {
  if (outer.transport == Transport::udp) {
    return open_datagram_tunnel(reader, outer, inner, tunnels);
  }
  switch (outer.protocol) {
    case kIpv4InIp:
      return tunnels.has(Tunnel::ipip) ? Opened(Network::ipv4) : not_ip();
    case kIpv6InIp:
      return tunnels.has(Tunnel::ipip) ? Opened(Network::ipv6) : not_ip();
    case kEtherIp:
      return tunnels.has(Tunnel::ipip) ? open_ether_ip(reader, inner, tunnels) : not_ip();
    case kGre:
      return tunnels.has(Tunnel::gre) ? open_gre(reader, inner, tunnels) : not_ip();
    case kMplsInIp:
      return tunnels.has(Tunnel::mpls) ? network_in_mpls(reader, inner, tunnels) : not_ip();
    case kEncrypted:
    case kMinimal:
    case kCompressed:
    case kL2tpv3:
      return fail(DecodeError::unread);
    default:
      return not_ip();
  }
}

}  // namespace sluice::packet
