#include "filters/packet/tunnels.h"

#include <array>

namespace sluice::packet {
namespace {

constexpr auto kWords = std::to_array<std::string_view>(
    {"pppoe", "mpls", "ipip", "gre", "vxlan", "geneve", "gtpu", "teredo", "capwap", "l2tp"});
static_assert(kWords.size() == kTunnels,
              "one word for each tunnel, in the order of the enumerators");

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
