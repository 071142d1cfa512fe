#include "gateway/dataplane/interfaces/read_interface.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <memory>

#include "gateway/dataplane/interfaces/bpf_call.h"
#include "gateway/dataplane/interfaces/ethtool.h"
#include "gateway/dataplane/interfaces/link.h"

namespace sluice::io {
namespace {

std::string name_of(unsigned index) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(index, name.data()) == nullptr ? std::string{} : name.data();
}

// Empty: it may not be read.
std::string program_name(std::uint32_t id) {
  bpf_attr by_id{};
  by_id.prog_id = id;
  const long descriptor = bpf_call(BPF_PROG_GET_FD_BY_ID, by_id);
  if (descriptor < 0) return {};
  bpf_prog_info info{};
  bpf_attr question{};
  question.info.bpf_fd = static_cast<std::uint32_t>(descriptor);
  question.info.info_len = sizeof info;
  question.info.info = reinterpret_cast<std::uintptr_t>(&info);
  const bool told = bpf_call(BPF_OBJ_GET_INFO_BY_FD, question) == 0;
  ::close(static_cast<int>(descriptor));
  return told ? std::string(info.name) : std::string{};
}

void read_addresses(InterfaceFacts& interface) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || interface.name != at->ifa_name) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto* const v4 = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
      interface.addresses.emplace_back(text.data());
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(at->ifa_addr);
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
      const bool is_local = IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) != 0;
      (is_local ? interface.link_local : interface.addresses).emplace_back(text.data());
    }
  }
}

// Of /proc/sys/net. False if there is no such setting.
bool is_set(const std::string& setting) {
  std::ifstream in("/proc/sys/net/" + setting);
  int value = 0;
  return static_cast<bool>(in >> value) && value != 0;
}

InterfaceFacts::OtherEnd other_end_of(const Link& link) {
  InterfaceFacts::OtherEnd end;
  if (link.other_is_elsewhere) return end;
  end.name = name_of(link.other);
  end.offloads = Ethtool(end.name).offloads();
  return end;
}

}  // namespace

InterfaceFacts read_interface(const std::string& name) {
  InterfaceFacts interface;
  interface.name = name;
  const auto link = ask_link(name);
  if (!link) return interface;
  interface.exists = true;
  interface.is_up = link->is_up;
  interface.has_carrier = link->has_carrier;
  interface.is_ethernet = link->is_ethernet;
  interface.is_promiscuous = link->is_promiscuous;
  interface.mtu = link->mtu;
  if (link->master != 0) {
    interface.master = name_of(link->master);
    const auto master = ask_link(interface.master);
    interface.is_bridge_port = master && master->kind == "bridge";
  }
  const Ethtool ethtool(name);
  interface.driver = ethtool.driver();
  interface.offloads = ethtool.offloads();
  interface.queues = ethtool.queues();
  interface.hashes_ports = ethtool.hashes_ports();
  interface.xdp = ask_xdp_features(link->index);
  for (const auto& [id, mode] : link->programs) {
    interface.programs.push_back({id, program_name(id), mode});
  }
  if (link->kind == "veth") interface.other_end = other_end_of(*link);
  read_addresses(interface);
  interface.forwards_ipv4 = is_set("ipv4/conf/" + name + "/forwarding");
  // The kernel looks at this setting of all interfaces only.
  interface.forwards_ipv6 =
      is_set("ipv6/conf/all/forwarding") && !is_set("ipv6/conf/" + name + "/disable_ipv6");
  return interface;
}

}  // namespace sluice::io
