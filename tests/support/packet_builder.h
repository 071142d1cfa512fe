#pragma once

// Real frames for tests: lengths and checksums are right unless a test asks for wrong ones.
//
//   const Octets syn = PacketBuilder::tcp("192.0.2.1:5000", "198.51.100.2:443")
//                          .flags("S").seq(100).mss(1460).build();
//
// A value: copy one and vary it. Both ends must be of one family; IPv6 is "[2001:db8::1]:443".
// Checksums are computed here, not by filters/packet, so that neither vouches for itself.
// Throws std::invalid_argument on a text that says nothing sensible.

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/link_type.h"
#include "tests/support/octets.h"

namespace sluice::test {

[[nodiscard]] Endpoint endpoint(std::string_view text);

class PacketBuilder {
 public:
  // TCP: flags "A" (ACK), window 65535, numbers 0. UDP: no payload.
  [[nodiscard]] static PacketBuilder tcp(std::string_view source, std::string_view destination);
  [[nodiscard]] static PacketBuilder udp(std::string_view source, std::string_view destination);

  PacketBuilder& payload(Bytes bytes);
  PacketBuilder& payload(std::string_view text) { return payload(as_bytes(text)); }

  // TCP. Flags are letters as tcpdump writes them: S A F R P U.
  PacketBuilder& flags(std::string_view letters);
  PacketBuilder& seq(std::uint32_t number);
  PacketBuilder& ack(std::uint32_t number);
  PacketBuilder& window(std::uint16_t octets);
  PacketBuilder& mss(std::uint16_t octets);
  PacketBuilder& window_scale(std::uint8_t shift);
  PacketBuilder& tcp_options(Bytes raw);  // padded to words of four octets

  // IP.
  PacketBuilder& hop_limit(std::uint8_t hops);
  PacketBuilder& ip_options(Bytes raw);  // IPv4; padded to words of four octets
  // IPv6: next-header number and whole octets of an extension header, its first octet (the number
  // of what follows) excepted: that is filled in.
  PacketBuilder& extension(std::uint8_t number, Bytes behind_next);
  // Carries octets [offset, offset + length) of the segment only. More-fragments is set unless that
  // reaches the end; fragment(0) over IPv6 makes an atomic fragment (RFC 6946).
  PacketBuilder& fragment(std::size_t offset, std::size_t length = kWhole);
  PacketBuilder& identification(std::uint16_t number);

  // Link layer. Tags are written outermost first, as 802.1ad where there are several.
  PacketBuilder& link(LinkType type);
  PacketBuilder& vlan(std::uint16_t identifier);

  // What goes wrong on purpose.
  PacketBuilder& break_ip_checksum();
  PacketBuilder& break_transport_checksum();
  PacketBuilder& no_udp_checksum();
  PacketBuilder& ip_length(std::uint16_t octets);  // IPv4 total length, IPv6 payload length
  PacketBuilder& udp_length(std::uint16_t octets);
  PacketBuilder& padded_to(std::size_t octets);  // zeros behind, as Ethernet pads
  PacketBuilder& cut_to(std::size_t octets);     // as a snap length cuts

  [[nodiscard]] Octets build() const;

 private:
  static constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

  PacketBuilder(std::string_view source, std::string_view destination, std::uint8_t protocol);
  [[nodiscard]] Octets transport_segment() const;
  [[nodiscard]] Octets ip_packet() const;
  [[nodiscard]] Octets ipv4(Bytes carried, bool more) const;
  [[nodiscard]] Octets ipv6(Bytes carried, bool more) const;
  [[nodiscard]] Octets link_header() const;
  [[nodiscard]] std::uint16_t checksum_of(Bytes segment) const;

  Endpoint source_, destination_;
  std::uint8_t protocol_;
  Octets payload_, tcp_options_, ip_options_;
  std::vector<std::pair<std::uint8_t, Octets>> extensions_;
  std::vector<std::uint16_t> vlan_;
  LinkType link_ = LinkType::ethernet;
  std::uint8_t flags_ = 0x10;
  std::uint8_t hop_limit_ = 64;
  std::uint16_t window_ = 65535, identification_ = 0x1c46;
  std::uint32_t seq_ = 0, ack_ = 0;
  bool is_fragment_ = false, bad_ip_ = false, bad_transport_ = false, no_checksum_ = false;
  std::size_t fragment_offset_ = 0, fragment_length_ = kWhole;
  std::size_t padded_to_ = 0, cut_to_ = kWhole;
  std::optional<std::uint16_t> ip_length_, udp_length_;
};

}  // namespace sluice::test
