#include "gateway/dataplane/interfaces/interface_checks.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>

namespace sluice::io {
namespace {

// Asks the kernel about one interface.
class Interface {
 public:
  explicit Interface(std::string name)
      : name_(std::move(name)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Interface() {
    if (socket_ >= 0) ::close(socket_);
  }
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool exists() const { return ask(SIOCGIFFLAGS).has_value(); }
  [[nodiscard]] bool is_up() const {
    const auto answer = ask(SIOCGIFFLAGS);
    return answer && (answer->ifr_flags & IFF_UP) != 0;
  }
  [[nodiscard]] bool is_ethernet() const {
    const auto answer = ask(SIOCGIFHWADDR);
    return answer && answer->ifr_hwaddr.sa_family == ARPHRD_ETHER;
  }
  [[nodiscard]] std::size_t mtu() const {
    const auto answer = ask(SIOCGIFMTU);
    return answer ? static_cast<std::size_t>(answer->ifr_mtu) : 0;
  }
  [[nodiscard]] bool has_master() const {
    std::error_code error;
    return std::filesystem::exists("/sys/class/net/" + name_ + "/master", error);
  }
  // Receive offloads hand us frames larger than came over the wire. False if the driver has none.
  [[nodiscard]] bool merges_frames() const {
    constexpr std::uint32_t kLro = ETH_FLAG_LRO;
    return ethtool(ETHTOOL_GGRO) != 0 || (ethtool(ETHTOOL_GFLAGS) & kLro) != 0;
  }

 private:
  [[nodiscard]] ifreq request() const {
    ifreq request{};
    std::copy_n(name_.begin(), std::min<std::size_t>(name_.size(), IFNAMSIZ - 1), request.ifr_name);
    return request;
  }
  [[nodiscard]] std::optional<ifreq> ask(unsigned long what) const {
    ifreq answer = request();
    if (name_.empty() || name_.size() >= IFNAMSIZ || ::ioctl(socket_, what, &answer) != 0) {
      return std::nullopt;
    }
    return answer;
  }
  [[nodiscard]] std::uint32_t ethtool(std::uint32_t command) const {
    ethtool_value value{command, 0};
    ifreq question = request();
    question.ifr_data = reinterpret_cast<char*>(&value);
    return ::ioctl(socket_, SIOCETHTOOL, &question) == 0 ? value.data : 0;
  }

  std::string name_;
  int socket_;
};

// Collects checks.
class Checks {
 public:
  // Records one; returns `holds`.
  bool add(Check what, const std::string& interface, bool holds, std::string problem,
           std::string command = {}) {
    using Outcome = InterfaceCheck::Outcome;
    InterfaceCheck& check = checks_.emplace_back(what, interface);
    check.outcome = holds ? Outcome::ok : Outcome::failed;
    if (!holds) {
      check.problem = std::move(problem);
      check.command = std::move(command);
    }
    return holds;
  }
  std::vector<InterfaceCheck> take() { return std::move(checks_); }

 private:
  std::vector<InterfaceCheck> checks_;
};

// False: it does not exist.
bool check_one(const Interface& interface, Checks& checks) {
  const std::string& name = interface.name();
  if (!checks.add(Check::exists, name, interface.exists(), "no such interface", "ip -br link")) {
    return false;
  }
  checks.add(Check::up, name, interface.is_up(), "is down", "ip link set " + name + " up");
  checks.add(Check::ethernet, name, interface.is_ethernet(), "is not an Ethernet interface");
  checks.add(Check::no_master, name, !interface.has_master(),
             "belongs to a bridge or bond of the kernel", "ip link set " + name + " nomaster");
  checks.add(Check::no_merging, name, !interface.merges_frames(),
             "receive offloads merge frames beyond the MTU",
             "ethtool -K " + name + " gro off lro off");
  return true;
}

}  // namespace

std::string_view to_string(Check check) noexcept {
  switch (check) {
    case Check::named:
      return "is named in the configuration";
    case Check::distinct:
      return "inside and outside differ";
    case Check::exists:
      return "exists";
    case Check::up:
      return "is up";
    case Check::ethernet:
      return "is Ethernet";
    case Check::no_master:
      return "belongs to no bridge or bond";
    case Check::no_merging:
      return "receive offloads merge no frames";
    case Check::same_mtu:
      return "has the MTU of the other side";
  }
  return "?";
}

std::string to_string(const InterfaceCheck& check) {
  std::string line = check.interface + ": ";
  if (check.outcome == InterfaceCheck::Outcome::ok) {
    return line.append(to_string(check.what)) + ": ok";
  }
  line += check.problem;
  if (!check.command.empty()) line += "; run: " + check.command;
  return line;
}

std::vector<InterfaceCheck> check_interfaces(const std::string& inside,
                                             const std::string& outside) {
  Checks checks;
  bool named = true;
  for (const auto& [side, name] : {std::pair("inside", inside), std::pair("outside", outside)}) {
    const std::string problem =
        std::string("no interface is configured; set [dataplane] ") + side + " or --" + side;
    named = checks.add(Check::named, name.empty() ? side : name, !name.empty(), problem) && named;
  }
  if (!named || !checks.add(Check::distinct, inside, inside != outside,
                            "inside and outside are the same interface")) {
    return checks.take();
  }
  const Interface in(inside);
  const Interface out(outside);
  const bool in_exists = check_one(in, checks);
  const bool out_exists = check_one(out, checks);
  if (in_exists && out_exists) {
    const std::string mtu = std::to_string(in.mtu());
    checks.add(Check::same_mtu, outside, in.mtu() == out.mtu(),
               "its MTU is " + std::to_string(out.mtu()) + ", but " + inside + " has " + mtu,
               "ip link set " + outside + " mtu " + mtu);
  }
  return checks.take();
}

std::string problems_of(std::span<const InterfaceCheck> checks) {
  std::string lines;
  for (const InterfaceCheck& check : checks) {
    if (check.outcome == InterfaceCheck::Outcome::ok) continue;
    lines += (lines.empty() ? "" : "\n") + to_string(check);
  }
  return lines;
}

std::size_t mtu_of(const std::string& interface) {
  return Interface(interface).mtu();
}

}  // namespace sluice::io
