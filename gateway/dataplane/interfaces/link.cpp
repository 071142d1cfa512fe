#include "gateway/dataplane/interfaces/link.h"

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <cstring>

#include "gateway/dataplane/interfaces/netlink.h"

namespace sluice::io {
namespace {

// linux/netdev.h, which Debian 12 does not have: Linux 6.3 brought the family.
constexpr const char* kNetdevFamily = "netdev";
constexpr std::uint8_t kNetdevVersion = 1;
constexpr std::uint8_t kDevGet = 1;
constexpr std::uint16_t kDevIfindex = 1;
constexpr std::uint16_t kDevXdpFeatures = 3;
namespace act {
constexpr std::uint64_t kBasic = 1;
constexpr std::uint64_t kRedirect = 2;
constexpr std::uint64_t kXmit = 4;
constexpr std::uint64_t kZeroCopy = 8;
constexpr std::uint64_t kSeveralBuffers = 32;
}  // namespace act

Bytes behind(Bytes message, std::size_t header) noexcept {
  return message.size() < header ? Bytes{} : message.subspan(header);
}

std::string kind_of(Bytes link_info) {
  AttributeReader reader(link_info);
  while (const auto attribute = reader.next()) {
    if (attribute->type == IFLA_INFO_KIND) return read_text(attribute->value);
  }
  return {};
}

// Of one program the kernel names its id, and, since 5.0, the id by mode as well.
std::vector<Link::Program> programs_of(Bytes xdp) {
  std::vector<Link::Program> programs;
  AttributeReader reader(xdp);
  while (const auto attribute = reader.next()) {
    const std::uint32_t id = read_u32(attribute->value);
    if (attribute->type == IFLA_XDP_DRV_PROG_ID) programs.push_back({id, "native"});
    if (attribute->type == IFLA_XDP_SKB_PROG_ID) programs.push_back({id, "generic"});
    if (attribute->type == IFLA_XDP_HW_PROG_ID) programs.push_back({id, "offloaded"});
  }
  return programs;
}

void take(const Attribute& attribute, Link& link) {
  switch (attribute.type) {
    case IFLA_MTU:
      link.mtu = read_u32(attribute.value);
      break;
    case IFLA_MASTER:
      link.master = read_u32(attribute.value);
      break;
    case IFLA_CARRIER:
      link.has_carrier = read_u8(attribute.value) != 0;
      break;
    case IFLA_PROMISCUITY:
      link.is_promiscuous = read_u32(attribute.value) > 0;
      break;
    case IFLA_LINKINFO:
      link.kind = kind_of(attribute.value);
      break;
    case IFLA_LINK:
      link.other = read_u32(attribute.value);
      break;
    case IFLA_LINK_NETNSID:
      link.other_is_elsewhere = true;
      break;
    case IFLA_XDP:
      link.programs = programs_of(attribute.value);
      break;
    default:
      break;
  }
}

template <typename Header>
Bytes bytes_of(const Header& header) noexcept {
  return std::as_bytes(std::span(&header, 1));
}

// 0: the kernel has no such family.
std::uint16_t family_id(const NetlinkSocket& socket, const char* name) {
  const genlmsghdr header{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  NetlinkRequest request(GENL_ID_CTRL, bytes_of(header));
  request.add_text(CTRL_ATTR_FAMILY_NAME, name);
  const auto answer = socket.ask(request);
  if (!answer) return 0;
  AttributeReader reader(behind(*answer, sizeof(genlmsghdr)));
  while (const auto attribute = reader.next()) {
    if (attribute->type == CTRL_ATTR_FAMILY_ID) return read_u16(attribute->value);
  }
  return 0;
}

}  // namespace

std::optional<Link> parse_link(Bytes answer) {
  ifinfomsg header{};
  if (answer.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, answer.data(), sizeof header);
  Link link;
  link.index = static_cast<unsigned>(header.ifi_index);
  link.is_up = (header.ifi_flags & IFF_UP) != 0;
  link.is_ethernet = header.ifi_type == ARPHRD_ETHER;
  AttributeReader reader(behind(answer, sizeof header));
  while (const auto attribute = reader.next()) take(*attribute, link);
  return link;
}

std::optional<XdpFeatures> parse_xdp_features(Bytes answer) {
  AttributeReader reader(behind(answer, sizeof(genlmsghdr)));
  while (const auto attribute = reader.next()) {
    if (attribute->type != kDevXdpFeatures || attribute->value.size() < sizeof(std::uint64_t)) {
      continue;
    }
    const std::uint64_t bits = read_u64(attribute->value);
    return XdpFeatures{.native = (bits & act::kBasic) != 0,
                       .redirect = (bits & act::kRedirect) != 0,
                       .target = (bits & act::kXmit) != 0,
                       .zero_copy = (bits & act::kZeroCopy) != 0,
                       .multi_buffer = (bits & act::kSeveralBuffers) != 0};
  }
  return std::nullopt;
}

std::optional<Link> ask_link(const std::string& interface) {
  if (interface.empty() || interface.size() >= IFNAMSIZ) return std::nullopt;
  const ifinfomsg header{};
  NetlinkRequest request(RTM_GETLINK, bytes_of(header));
  request.add_text(IFLA_IFNAME, interface);
  const auto answer = NetlinkSocket(NETLINK_ROUTE).ask(request);
  return answer ? parse_link(*answer) : std::nullopt;
}

std::optional<XdpFeatures> ask_xdp_features(unsigned index) {
  const NetlinkSocket socket(NETLINK_GENERIC);
  const std::uint16_t family = family_id(socket, kNetdevFamily);
  if (family == 0) return std::nullopt;
  const genlmsghdr header{.cmd = kDevGet, .version = kNetdevVersion, .reserved = 0};
  NetlinkRequest request(family, bytes_of(header));
  request.add_u32(kDevIfindex, index);
  const auto answer = socket.ask(request);
  return answer ? parse_xdp_features(*answer) : std::nullopt;
}

}  // namespace sluice::io
