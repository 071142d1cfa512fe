#pragma once

// The encapsulations that decode() can open, and the set of them that the configuration chose.
//
// Recognised by their protocol number, so never mistaken:
//   pppoe   PPPoE sessions, RFC 2516
//   mpls    label stacks, RFC 3032; Ethernet in them, RFC 4448
//   ipip    IP in IP of either version, RFC 2003, 2473, 4213
//   gre     GRE, RFC 2784, 2890; PPTP's, RFC 2637; ERSPAN
// Recognised by their UDP port and a valid header:
//   vxlan   RFC 7348
//   geneve  RFC 8926
//   gtpu    TS 29.281
//   teredo  RFC 4380
//   capwap  RFC 5415, 5416, unencrypted data of access points
//   l2tp    L2TPv2 data messages, RFC 2661, that carry IP in PPP
// A client cannot hide a DNS question or a QUIC Initial as one of the latter: those go to other
// ports, or begin with other bytes. Nothing that comes from port 53 is opened as one of them.

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
  friend constexpr bool operator==(Tunnels, Tunnels) = default;

 private:
  static constexpr std::uint32_t bit(Tunnel tunnel) noexcept {
    return 1U << static_cast<unsigned>(tunnel);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace sluice::packet
