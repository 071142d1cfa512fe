#include "gateway/dataplane/interfaces/interface_checks.h"

#include "gateway/dataplane/interfaces/ethtool.h"
#include "gateway/dataplane/interfaces/offload_checks.h"
#include "gateway/dataplane/interfaces/read_host.h"
#include "gateway/dataplane/interfaces/read_interface.h"
#include "gateway/dataplane/interfaces/xdp_checks.h"

namespace sluice::io {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The kernel sees what comes in, whatever the gateway does with it. An address invites packets to
// it; routing leads packets around the gateway.
void check_own_traffic(const InterfaceFacts& interface, CheckList& checks) {
  const std::string& name = interface.name;
  const bool has_address = !interface.addresses.empty();
  const std::string no_ipv6 = "net/ipv6/conf/" + name + "/disable_ipv6=1";
  // To take an address away may end the session of whoever reads this.
  checks.add(
      Check::no_address, name, !has_address,
      "has the address " + joined(interface.addresses) + ": clients can reach the gateway itself",
      {{"ip", "address", "flush", "dev", name}, false});
  checks.add(
      Check::no_link_local, name, interface.link_local.empty(),
      "has the address " + joined(interface.link_local) + ": the kernel itself speaks IPv6 there",
      {{"sysctl", "-w", no_ipv6}, !has_address});
  Command stop{{"sysctl", "-w"}, !has_address};
  if (interface.forwards_ipv4) stop.words.push_back("net/ipv4/conf/" + name + "/forwarding=0");
  if (interface.forwards_ipv6) stop.words.push_back(no_ipv6);
  checks.add(Check::no_forwarding, name, !interface.forwards_ipv4 && !interface.forwards_ipv6,
             "the host routes packets that are sent to its own MAC address: they may go around "
             "the gateway",
             std::move(stop));
}

void check_routing(const InterfaceFacts& interface, CheckList& checks) {
  const std::string& name = interface.name;
  Command route{{"sysctl", "-w"}, false};
  if (!interface.forwards_ipv4) route.words.push_back("net/ipv4/conf/" + name + "/forwarding=1");
  if (!interface.forwards_ipv6) route.words.push_back("net/ipv6/conf/" + name + "/forwarding=1");
  std::string versions = interface.forwards_ipv4 ? "" : "IPv4";
  if (!interface.forwards_ipv6) versions += versions.empty() ? "IPv6" : " and IPv6";
  checks.add(Check::forwarding, name, interface.forwards_ipv4 && interface.forwards_ipv6,
             "the host does not route " + versions + " from it", std::move(route));
}

// Two ports of one bridge of this host: what the firewall sees of it.
void check_bridge(const InterfaceFacts& port, const HostFacts::BridgeFilter& filter,
                  CheckList& checks) {
  const std::string setting = "net/bridge/bridge-nf-";
  Command see{{"modprobe", "br_netfilter"}, false};
  if (filter.exists) {
    see.words = {"sysctl", "-w", setting + "call-iptables=1", setting + "call-ip6tables=1"};
  }
  checks.add(Check::bridge_filter, port.name, filter.ipv4 && filter.ipv6,
             "the bridge " + port.master + " does not show its packets to the firewall",
             std::move(see));
  checks.add(
      Check::bridge_tags, port.name, filter.vlan && filter.pppoe,
      "the bridge " + port.master + " does not show packets in VLAN tags and PPPoE: they pass",
      {{"sysctl", "-w", setting + "filter-vlan-tagged=1", setting + "filter-pppoe-tagged=1"},
       false});
}

bool are_ports_of_one_bridge(const InterfaceFacts& inside, const InterfaceFacts& outside) {
  return inside.is_bridge_port && inside.master == outside.master;
}

// False: it does not exist.
bool check_one(const InterfaceFacts& interface, const HostFacts& host, CheckList& checks) {
  const std::string& name = interface.name;
  if (!checks.add(Check::exists, name, interface.exists, "no such interface",
                  {{"ip", "-br", "link"}, false})) {
    return false;
  }
  checks.ok(Check::driver, name, interface.driver.empty() ? "unnamed" : interface.driver);
  if (checks.add(Check::up, name, interface.is_up, "is down",
                 {{"ip", "link", "set", name, "up"}, true})) {
    checks.add(Check::carrier, name, interface.has_carrier,
               "has no carrier: no cable, or the other end is down");
  }
  checks.add(Check::ethernet, name, interface.is_ethernet, "is not an Ethernet interface");
  checks.add(Check::no_master, name, interface.master.empty(),
             "belongs to " + interface.master + ", a bridge or bond of the kernel",
             {{"ip", "link", "set", name, "nomaster"}, false});
  check_offloads(interface, checks);
  check_xdp(interface, host, checks);
  check_own_traffic(interface, checks);
  return true;
}

// Everything but the outside may be the inside of a router. False: they cannot be looked at.
bool check_names(const std::string& inside, const std::string& outside, CheckList& checks) {
  bool named = true;
  for (const auto& [side, name] : {std::pair("inside", inside), std::pair("outside", outside)}) {
    if (checks.kind() == Kind::nfqueue && side == std::string_view("inside") && name.empty()) {
      continue;
    }
    const std::string problem =
        std::string("no interface is configured; set [dataplane] ") + side + " or --" + side;
    named = checks.add(Check::named, name.empty() ? side : name, !name.empty(), problem) && named;
  }
  return named && checks.add(Check::distinct, inside, inside != outside,
                             "inside and outside are the same interface");
}

}  // namespace

std::vector<CheckResult> judge_interfaces(const InterfaceFacts& inside,
                                          const InterfaceFacts& outside, const HostFacts& host,
                                          Kind kind) {
  CheckList checks(kind);
  if (!check_names(inside.name, outside.name, checks)) return checks.take();
  const bool in_exists = !inside.name.empty() && check_one(inside, host, checks);
  const bool out_exists = check_one(outside, host, checks);
  if (are_ports_of_one_bridge(inside, outside)) {
    check_bridge(outside, host.bridge_filter, checks);
  } else {
    if (in_exists) check_routing(inside, checks);
    if (out_exists) check_routing(outside, checks);
  }
  if (in_exists && out_exists) {
    const std::string mtu = std::to_string(inside.mtu);
    checks.add(Check::same_mtu, outside.name, inside.mtu == outside.mtu,
               "its MTU is " + std::to_string(outside.mtu) + ", but " + inside.name + " has " + mtu,
               {{"ip", "link", "set", outside.name, "mtu", mtu}, true});
  }
  return checks.take();
}

std::vector<CheckResult> check_interfaces(const std::string& inside, const std::string& outside,
                                          Kind kind) {
  return judge_interfaces(read_interface(inside), read_interface(outside), read_machine(), kind);
}

bool are_ports_of_one_bridge(const std::string& inside, const std::string& outside) {
  return are_ports_of_one_bridge(read_interface(inside), read_interface(outside));
}

std::size_t mtu_of(const std::string& interface) {
  return Ethtool(interface).mtu();
}

}  // namespace sluice::io
