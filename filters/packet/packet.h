#pragma once

// A decoded frame: Ethernet with any tags (link_tags.h), loopback, cooked or bare IP; IPv4 (RFC
// 791) and IPv6 (RFC 8200), with authentication headers (RFC 4302); TCP (RFC 9293) and UDP (RFC
// 768).
//
//   frame: | link, tags | IP, options or extension headers | TCP or UDP | payload | padding |
//            ^0           ^network_offset                    ^transport_offset
//                                                                         ^payload_offset
//
// Tags and extension headers are followed however many there are, as hosts do. What a host may read
// and we do not is an error of its own kind (is_unjudged), never taken for malformed.
//
// If the frame carries a tunnel that decode() should open (packet/tunnels.h), all of this describes
// the innermost packet, and the outer headers count as its link. At most kMaxTunnels are opened.
//
// Input: one frame as captured. Output: fields by value and views into the frame, valid as long as
// it is. Pure, no allocation, no exceptions. The lengths in the headers (IP total length, UDP
// length) count, not the frame's: padding is not payload.

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/base/link_type.h"
#include "filters/base/result.h"
#include "filters/packet/tunnels.h"

namespace sluice::packet {

// The transports that we decode; any other is `other`.
enum class Transport : std::uint8_t { none, tcp, udp, other };

struct TcpHeader {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint16_t window = 0;  // as sent, not scaled
  std::uint16_t urgent = 0;  // the urgent pointer, if `urg`
  bool syn = false, ack = false, fin = false, rst = false, psh = false, urg = false;
};

inline constexpr std::size_t kMaxVlanTags = 4;  // that are kept

struct Packet {
  Bytes frame;
  LinkType link = LinkType::ethernet;
  // VLAN identifiers, outermost first. Tags with identifier 0 name no VLAN (they carry a priority),
  // and hosts strip them: they do not count.
  std::uint8_t vlan_tags = 0;
  std::array<std::uint16_t, kMaxVlanTags> vlan{};
  std::uint16_t network_offset = 0;
  std::uint16_t transport_offset = 0;
  std::uint16_t payload_offset = 0;
  bool is_fragment = false;    // any IP fragment, also the first
  bool has_transport = false;  // the header below is decoded (never for later fragments)
  bool reassembled = false;    // `frame` was put together from fragments
  bool is_v6 = false;          // by its header; an address of it may be an IPv4-mapped one
  bool is_enclosed = false;    // in a header that holds for this packet alone: RFC 4302's, a length
  bool is_unread = false;     // carries a packet that cannot be read: ESP, IPComp, compressed PPP …
  std::uint8_t tunnels = 0;   // how many were opened; 0: the packet is not in a tunnel
  std::uint8_t carriers = 0;  // how many of these are datagrams, which may be something else
  std::uint8_t protocol = 0;  // IANA number of the IP packet's payload
  Transport transport = Transport::none;
  std::uint8_t hop_limit = 0;
  std::uint32_t tunnel_id = 0;  // of the innermost tunnel that has one for both
                                // directions: VNI, PPPoE session
  IpAddress source, destination;
  Port source_port, destination_port;
  TcpHeader tcp;
  Bytes segment;  // transport header and payload, as the checksum covers them
  Bytes payload;  // of the transport

  // A packet to its sender needs no more than this one's link and IP headers, turned round.
  [[nodiscard]] bool can_be_answered() const noexcept { return tunnels == 0 && !is_enclosed; }
  // The frame's own packet: neither out of a tunnel nor put together from fragments. Only such a
  // packet can be exchanged for another one on its way.
  [[nodiscard]] bool is_frame_itself() const noexcept { return can_be_answered() && !reassembled; }
};

enum class DecodeError : std::uint8_t {
  not_ip,            // ARP, LLDP …
  unsupported_link,  // a link type that we do not decode
  truncated,         // the frame is shorter than its headers
  bad_ip_header,     // bad version or lengths
  bad_transport_header,
  too_deep,        // more tunnels than are opened, or headers over 32 KiB
  jumbogram,       // IPv6 over 64 KiB
  mapped_address,  // IPv6 to an IPv4-mapped address
  unread,          // an encapsulation below IP that cannot be read: MACsec, compressed PPP
};
inline constexpr std::size_t kDecodeErrors = 9;

[[nodiscard]] std::string_view to_string(DecodeError error) noexcept;

// A host may be able to read what we do not: it is no malformed frame.
[[nodiscard]] constexpr bool is_unjudged(DecodeError error) noexcept {
  return error == DecodeError::too_deep || error == DecodeError::jumbogram ||
         error == DecodeError::mapped_address;
}

// `frame` may be shorter than it was on the wire (a capture's snap length). Its headers must be
// complete; the payload then ends with the frame.
[[nodiscard]] Result<Packet, DecodeError> decode(Bytes frame, LinkType link,
                                                 Tunnels tunnels = {}) noexcept;
// The same into the caller's packet, which has no meaning after an error.
[[nodiscard]] Result<void, DecodeError> decode_into(Packet& packet, Bytes frame, LinkType link,
                                                    Tunnels tunnels) noexcept;
// Decodes the frame of `like` again from its network_offset on, for reassembled packets. Keeps what
// `like` knows about the bytes before: link, VLAN tags, tunnels.
[[nodiscard]] Result<Packet, DecodeError> decode_like(const Packet& like, Tunnels tunnels) noexcept;

// True if the IPv4 header checksum and the TCP or UDP checksum are correct (UDP over IPv4 may have
// none, RFC 768). False if the packet is cut, for then nobody can tell.
// REQUIRES: a decoded packet that is no fragment.
[[nodiscard]] bool checksums_hold(const Packet& packet) noexcept;

}  // namespace sluice::packet
