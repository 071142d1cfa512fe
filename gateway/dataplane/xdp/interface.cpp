#include "gateway/dataplane/xdp/interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluice::io {
namespace {

class ControlSocket {
 public:
  explicit ControlSocket(const std::string& name) noexcept
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::copy_n(name.data(), std::min(name.size(), sizeof request_.ifr_name - 1),
                request_.ifr_name);
  }
  ~ControlSocket() {
    if (socket_ >= 0) ::close(socket_);
  }
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  [[nodiscard]] bool ask(unsigned long what) noexcept {
    return ::ioctl(socket_, what, &request_) == 0;
  }
  [[nodiscard]] ifreq& request() noexcept { return request_; }

 private:
  int socket_;
  ifreq request_{};
};

}  // namespace

unsigned index_of_interface(const std::string& name) noexcept {
  return ::if_nametoindex(name.c_str());
}

std::uint32_t receive_queues(const std::string& name) noexcept {
  ControlSocket control(name);
  ethtool_channels channels{.cmd = ETHTOOL_GCHANNELS};
  control.request().ifr_data = reinterpret_cast<char*>(&channels);
  if (!control.ask(SIOCETHTOOL)) return 1;
  return std::max(1U, channels.rx_count + channels.combined_count);
}

std::uint32_t send_queues(const std::string& name) {
  std::error_code error;
  std::uint32_t count = 0;
  std::filesystem::directory_iterator each("/sys/class/net/" + name + "/queues", error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    if (each->path().filename().string().starts_with("tx-")) ++count;
  }
  return count == 0 ? receive_queues(name) : count;
}

std::optional<HardwareAddress> hardware_address(const std::string& name) noexcept {
  ControlSocket control(name);
  if (!control.ask(SIOCGIFHWADDR)) return std::nullopt;
  HardwareAddress address{};
  std::memcpy(address.data(), control.request().ifr_hwaddr.sa_data, address.size());
  return address;
}

bool has_carrier(const std::string& name) noexcept {
  ControlSocket control(name);
  return control.ask(SIOCGIFFLAGS) && (control.request().ifr_flags & IFF_RUNNING) != 0;
}

bool set_promiscuous(const std::string& name, bool on) noexcept {
  ControlSocket control(name);
  if (!control.ask(SIOCGIFFLAGS)) return false;
  constexpr short kPromiscuous = IFF_PROMISC;
  short& flags = control.request().ifr_flags;
  flags = static_cast<short>(on ? flags | kPromiscuous : flags & ~kPromiscuous);
  return control.ask(SIOCSIFFLAGS);
}

int promiscuous_while_open(unsigned index) noexcept {
  const int heard = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // of no protocol: nothing
  packet_mreq membership{};
  membership.mr_ifindex = static_cast<int>(index);
  membership.mr_type = PACKET_MR_PROMISC;
  if (heard < 0 ||
      ::setsockopt(heard, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) == 0) {
    return heard;
  }
  const int error = errno;
  ::close(heard);
  errno = error;
  return -1;
}

}  // namespace sluice::io
