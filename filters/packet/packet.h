#pragma once

// A decoded frame: Ethernet (802.1Q, 802.1ad), loopback, cooked or bare IP; IPv4 (RFC 791) and IPv6
// (RFC 8200); TCP (RFC 9293) and UDP (RFC 768).
//
//   frame: | link, VLAN tags | IP, options or extension headers | TCP or UDP | payload | padding |
//            ^0                ^network_offset                    ^transport_offset
//                                                                              ^payload_offset
//
// Where the frame carries a tunnel that is to be looked into (packet/tunnels.h), all of this is
// about the innermost packet, and what is around it counts as its link. Up to kMaxTunnels deep.
//
// Input: one frame as captured. Output: fields by value and views into the frame, valid as long as
// it is. Pure, no allocation, no exceptions. Lengths on the wire (IP total length, UDP length) are
// believed over the frame's: padding is not payload.

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/base/link_type.h"
#include "filters/base/result.h"
#include "filters/packet/tunnels.h"

namespace sluice::packet {

// IANA protocol numbers that we tell apart; others are `other`.
enum class Transport : std::uint8_t { none, tcp, udp, other };

struct TcpHeader {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint16_t window = 0;  // as sent, not scaled
  bool syn = false, ack = false, fin = false, rst = false, psh = false, urg = false;
};

inline constexpr std::size_t kMaxVlanTags = 4;
inline constexpr std::size_t kMaxTunnels = 4;

struct Packet {
  Bytes frame;
  LinkType link = LinkType::ethernet;
  std::uint8_t vlan_tags = 0;
  std::array<std::uint16_t, kMaxVlanTags> vlan{};  // VLAN identifiers, outermost first
  std::uint16_t network_offset = 0;
  std::uint16_t transport_offset = 0;
  std::uint16_t payload_offset = 0;
  bool is_fragment = false;    // any IP fragment, first ones included
  bool has_transport = false;  // header below is decoded (never for later fragments)
  bool reassembled = false;    // `frame` was put together from fragments
  std::uint8_t tunnels = 0;    // that were opened on the way; 0: the packet is the frame's own
  std::uint8_t protocol = 0;   // IANA number of what the IP packet carries
  Transport transport = Transport::none;
  std::uint8_t hop_limit = 0;
  std::uint32_t tunnel_id = 0;  // network of the innermost tunnel that has one: VNI, PPPoE session
  IpAddress source, destination;
  Port source_port, destination_port;
  TcpHeader tcp;
  Bytes segment;  // transport header and payload, as the checksum covers them; or other protocol's
  Bytes payload;  // what the transport carries
};

enum class DecodeError : std::uint8_t {
  not_ip,            // ARP, LLDP …: nothing for us
  unsupported_link,  // a link type that we do not decode
  truncated,         // the frame ends before its headers say
  bad_ip_header,     // version, lengths or extension chain contradict; IPv6 with mapped addresses
  bad_transport_header,
  too_many_tags,  // more VLAN tags, MPLS labels or tunnels than we follow
  jumbogram,      // IPv6 over 64 KiB
};
inline constexpr std::size_t kDecodeErrors = 7;

[[nodiscard]] std::string_view to_string(DecodeError error) noexcept;

// `frame` may be shorter than it was on the wire (a capture's snap length): headers must be whole,
// then the payload is what is there.
[[nodiscard]] Result<Packet, DecodeError> decode(Bytes frame, LinkType link,
                                                 Tunnels tunnels = {}) noexcept;
// The same into a packet of the caller's, of which nothing is to be used after an error.
[[nodiscard]] Result<void, DecodeError> decode_into(Packet& packet, Bytes frame, LinkType link,
                                                    Tunnels tunnels) noexcept;
// Decodes the frame of `like` anew from its network_offset on; of its fields, only what is before
// that is taken over: link, VLAN tags, tunnels. For packets that were put together from fragments.
[[nodiscard]] Result<Packet, DecodeError> decode_like(const Packet& like, Tunnels tunnels) noexcept;

// True where the IPv4 header checksum and the TCP or UDP checksum hold (UDP over IPv4 may have
// none, RFC 768). A packet that carries less than its lengths say cannot be checked: false.
// REQUIRES: a decoded packet that is no fragment.
[[nodiscard]] bool checksums_hold(const Packet& packet) noexcept;

}  // namespace sluice::packet
