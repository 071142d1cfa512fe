#include "filters/packet/tunnels.h"

#include <array>

namespace sluice::packet {
namespace {

constexpr std::array<std::string_view, kTunnels> kWords = {
    "pppoe", "mpls", "ipip", "gre", "vxlan", "geneve", "gtpu", "teredo", "capwap"};

}  // namespace

std::string_view to_string(Tunnel tunnel) noexcept {
  return kWords[static_cast<std::size_t>(tunnel)];
}

std::optional<Tunnel> parse_tunnel(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kTunnels; ++i) {
    if (kWords[i] == word) return static_cast<Tunnel>(i);
  }
  return std::nullopt;
}

}  // namespace sluice::packet
