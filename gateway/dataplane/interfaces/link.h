#pragma once

// What rtnetlink (RTM_GETLINK) and the kernel's `netdev` family say of an interface. Private to
// interfaces/, but for ask_link(), which links/ asks too.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "gateway/dataplane/interfaces/interface_facts.h"

namespace sluice::io {

struct Link {
  struct Program {
    std::uint32_t id = 0;
    const char* mode = "";  // `native`, `generic`, `offloaded`
  };

  unsigned index = 0;
  bool is_up = false;
  bool has_carrier = false;
  bool is_ethernet = false;
  bool is_promiscuous = false;
  std::size_t mtu = 0;
  unsigned master = 0;  // index of its bridge or bond; 0: none
  std::string kind;     // of a virtual one: `veth`
  unsigned other = 0;   // index of the interface that it is tied to: a veth's other end; 0: none
  bool other_is_elsewhere = false;  // in another namespace
  std::vector<Program> programs;
};

// The answer to RTM_GETLINK, behind the header of netlink. Pure. None: it is cut short.
[[nodiscard]] std::optional<Link> parse_link(Bytes answer);
// The answer to NETDEV_CMD_DEV_GET, the same. None: it holds no XDP features.
[[nodiscard]] std::optional<XdpFeatures> parse_xdp_features(Bytes answer);

// System calls. None: there is no such interface, or the kernel has no answer.
[[nodiscard]] std::optional<Link> ask_link(const std::string& interface);
[[nodiscard]] std::optional<XdpFeatures> ask_xdp_features(unsigned index);

}  // namespace sluice::io
