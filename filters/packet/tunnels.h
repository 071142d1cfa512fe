#pragma once

// The encapsulations that decode() can open, and the set of them that the configuration chose.
//
// Recognised by their protocol number, so never mistaken:
//   pppoe   PPPoE sessions, RFC 2516
//   mpls    label stacks, RFC 3032; Ethernet in them, RFC 4448; in IP, RFC 4023; in UDP, RFC 7510
//   ipip    IP in IP of either version, RFC 2003, 2473, 4213; EtherIP, RFC 3378
//   gre     GRE, RFC 2784, 2890; PPTP's, RFC 2637; ERSPAN, WCCP, EoIP, Aruba's; in UDP, RFC 8086
// Recognised by their UDP port, a valid header and a valid packet in them:
//   vxlan   RFC 7348, and its generic extension
//   geneve  RFC 8926
//   gtpu    TS 29.281
//   teredo  RFC 4380, on any port
//   capwap  RFC 5415, 5416, unencrypted data of access points
//   l2tp    L2TPv2 data messages, RFC 2661, that carry IP in PPP
// A client can make a question or a hello look like one of the latter, for it chooses its port and
// its bytes. Whoever has them opened judges the datagram around the packet, too.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::packet {

enum class Tunnel : std::uint8_t {
  pppoe,
  mpls,
  ipip,
  gre,
  vxlan,
  geneve,
  gtpu,
  teredo,
  capwap,
  l2tp,
};
inline constexpr std::size_t kTunnels = 10;
inline constexpr unsigned kMaxTunnels = 4;  // in each other; a packet in more is not judged

[[nodiscard]] std::string_view to_string(Tunnel tunnel) noexcept;
[[nodiscard]] std::optional<Tunnel> parse_tunnel(std::string_view word) noexcept;

class Tunnels {
 public:
  constexpr Tunnels() noexcept = default;  // none
  [[nodiscard]] static constexpr Tunnels all() noexcept {
    Tunnels tunnels;
    tunnels.bits_ = (1U << kTunnels) - 1;
    return tunnels;
  }
  constexpr void add(Tunnel tunnel) noexcept { bits_ |= bit(tunnel); }
  [[nodiscard]] constexpr bool has(Tunnel tunnel) const noexcept {
    return (bits_ & bit(tunnel)) != 0;
  }
  // The same, but no packet that is in more than `depth` tunnels: the one around it instead.
  // Tunnels below IP count, and are opened all the same.
  [[nodiscard]] constexpr Tunnels at_most(unsigned depth) const noexcept {
    Tunnels tunnels = *this;
    tunnels.depth_ = depth;
    return tunnels;
  }
  [[nodiscard]] constexpr unsigned depth() const noexcept { return depth_; }
  friend constexpr bool operator==(Tunnels, Tunnels) = default;

 private:
  static constexpr std::uint32_t bit(Tunnel tunnel) noexcept {
    return 1U << static_cast<unsigned>(tunnel);
  }
  std::uint32_t bits_ = 0;
  unsigned depth_ = kMaxTunnels;
};

}  // namespace sluice::packet
