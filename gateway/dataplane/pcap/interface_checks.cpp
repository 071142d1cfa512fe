#include "gateway/dataplane/pcap/interface_checks.h"

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
  // Receive offloads that hand us frames larger than came over the wire; off where ethtool knows
  // none.
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

void check_one(const Interface& interface, std::string_view side,
               std::vector<std::string>& problems) {
  const std::string& name = interface.name();
  const auto problem = [&](const std::string& text) {
    problems.push_back(name + " (" + std::string(side) + "): " + text);
  };
  if (!interface.exists()) {
    problem("no such interface; run: ip -br link");
    return;
  }
  if (!interface.is_up()) problem("is down; run: ip link set " + name + " up");
  if (!interface.is_ethernet()) problem("is no Ethernet interface");
  if (interface.has_master()) {
    problem("belongs to a bridge or bond of the kernel; run: ip link set " + name + " nomaster");
  }
  if (interface.merges_frames()) {
    problem("receive offloads merge frames beyond the MTU; run: ethtool -K " + name +
            " gro off lro off");
  }
}

}  // namespace

std::vector<std::string> check_interfaces(const std::string& inside, const std::string& outside) {
  std::vector<std::string> problems;
  if (inside.empty() || outside.empty()) {
    problems.emplace_back("two interfaces are needed: inside and outside");
    return problems;
  }
  if (inside == outside) {
    problems.push_back(inside + ": inside and outside are the same interface");
    return problems;
  }
  const Interface in(inside);
  const Interface out(outside);
  check_one(in, "inside", problems);
  check_one(out, "outside", problems);
  if (problems.empty() && in.mtu() != out.mtu()) {
    problems.push_back(outside + ": its MTU is " + std::to_string(out.mtu()) + ", that of " +
                       inside + " is " + std::to_string(in.mtu()) + "; run: ip link set " +
                       outside + " mtu " + std::to_string(in.mtu()));
  }
  return problems;
}

std::size_t mtu_of(const std::string& interface) {
  return Interface(interface).mtu();
}

}  // namespace sluice::io
