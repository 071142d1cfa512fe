#include "gateway/dataplane/interfaces/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::io {
namespace {

// A question whose answer has a length that the kernel tells first: a header, then elements.
template <typename Header>
class LongQuestion {
 public:
  LongQuestion(const Header& header, std::size_t more_bytes)
      : words_((sizeof header + more_bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t)) {
    std::memcpy(words_.data(), &header, sizeof header);
  }
  [[nodiscard]] void* question() noexcept { return words_.data(); }
  template <typename Element>
  [[nodiscard]] Element element(std::size_t index) const noexcept {
    Element element;
    const auto bytes = std::as_bytes(std::span(words_));
    std::memcpy(&element, bytes.data() + sizeof(Header) + index * sizeof element, sizeof element);
    return element;
  }

 private:
  std::vector<std::uint64_t> words_;  // aligned for every header
};

ifreq request_for(const std::string& interface) noexcept {
  ifreq request{};
  std::copy_n(interface.begin(), std::min<std::size_t>(interface.size(), IFNAMSIZ - 1),
              request.ifr_name);
  return request;
}

bool fits(const std::string& interface) noexcept {
  return !interface.empty() && interface.size() < IFNAMSIZ;
}

// The kernel's names of features; null: not one of ours. Two bits for TSO would differ only in the
// IP version.
Offload* offload_of(std::string_view feature, Offloads& offloads) noexcept {
  struct Name {
    std::string_view feature;
    Offload Offloads::* offload;
  };
  static constexpr auto kNames = std::to_array<Name>({
      {"rx-gro", &Offloads::gro},
      {"rx-lro", &Offloads::lro},
      {"rx-gro-hw", &Offloads::gro_hw},
      {"rx-vlan-hw-parse", &Offloads::rx_vlan},
      {"tx-checksum-ipv4", &Offloads::tx_checksum},
      {"tx-checksum-ip-generic", &Offloads::tx_checksum},
      {"tx-checksum-ipv6", &Offloads::tx_checksum},
      {"tx-tcp-segmentation", &Offloads::tso},
      {"tx-tcp6-segmentation", &Offloads::tso},
      {"tx-generic-segmentation", &Offloads::gso},
  });
  const auto* const found = std::ranges::find(kNames, feature, &Name::feature);
  return found == kNames.end() ? nullptr : &(offloads.*found->offload);
}

}  // namespace

Ethtool::Ethtool(const std::string& interface) noexcept
    : interface_(interface), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

Ethtool::~Ethtool() {
  if (socket_ >= 0) ::close(socket_);
}

bool Ethtool::ask(void* question) const noexcept {
  ifreq request = request_for(interface_);
  request.ifr_data = static_cast<char*>(question);
  return fits(interface_) && ::ioctl(socket_, SIOCETHTOOL, &request) == 0;
}

std::size_t Ethtool::mtu() const noexcept {
  ifreq request = request_for(interface_);
  if (!fits(interface_) || ::ioctl(socket_, SIOCGIFMTU, &request) != 0) return 0;
  return static_cast<std::size_t>(request.ifr_mtu);
}

std::string Ethtool::driver() const {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  if (!ask(&info)) return {};
  const std::string_view name(info.driver, sizeof info.driver);
  return std::string(name.substr(0, name.find('\0')));
}

std::optional<Offloads> Ethtool::offloads() const {
  // How many there are, their names, their states: in blocks of 32.
  LongQuestion count(
      ethtool_sset_info{.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES},
      sizeof(std::uint32_t));
  if (!ask(count.question())) return std::nullopt;
  const auto features = count.element<std::uint32_t>(0);
  using Name = std::array<char, ETH_GSTRING_LEN>;
  LongQuestion names(
      ethtool_gstrings{.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = features},
      features * sizeof(Name));
  const std::uint32_t blocks = (features + 31) / 32;
  // ethtool_gfeatures without its elements, which C++ does not know at the end of a struct.
  LongQuestion states(std::array<std::uint32_t, 2>{ETHTOOL_GFEATURES, blocks},
                      blocks * sizeof(ethtool_get_features_block));
  if (!ask(names.question()) || !ask(states.question())) return std::nullopt;
  Offloads offloads;
  for (std::uint32_t i = 0; i < features; ++i) {
    const auto name = names.element<Name>(i);
    const std::string_view text(name.data(), name.size());
    Offload* const offload = offload_of(text.substr(0, text.find('\0')), offloads);
    if (offload == nullptr) continue;
    const auto block = states.element<ethtool_get_features_block>(i / 32);
    const std::uint32_t bit = 1U << (i % 32);
    if ((block.active & bit) == 0) continue;
    offload->on = true;
    offload->fixed = (block.available & bit) == 0 || (block.never_changed & bit) != 0;
  }
  return offloads;
}

std::optional<Queues> Ethtool::queues() const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!ask(&channels)) return std::nullopt;
  if (channels.max_combined > 0) {
    return Queues{channels.combined_count, channels.max_combined, true};
  }
  return Queues{channels.rx_count, channels.max_rx, false};
}

std::optional<bool> Ethtool::hashes_ports() const {
  ethtool_rxnfc question{};
  question.cmd = ETHTOOL_GRXFH;
  question.flow_type = TCP_V4_FLOW;
  if (!ask(&question)) return std::nullopt;
  constexpr std::uint64_t kAll = RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 | RXH_L4_B_2_3;
  return (question.data & kAll) == kAll;
}

}  // namespace sluice::io
