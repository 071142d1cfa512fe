#include "gateway/dataplane/links/kernel_links.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "gateway/dataplane/interfaces/link.h"
#include "gateway/os/named_lock.h"

namespace sluice::io {
namespace {

constexpr std::size_t kMessage = 128;  // a request without attributes
constexpr std::size_t kAnswer = 8192;
constexpr int kMostCleared = 4096;  // messages at a time: a storm of them holds up nobody

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

void LinkEvents::CloseSocket::operator()(mnl_socket* socket) const noexcept {
  mnl_socket_close(socket);
}

std::optional<PortStates> read_ports(const PortNames& names) {
  PortStates states;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto link = ask_link(names.at(i));
    if (!link) return std::nullopt;
    states.at(i) = {.is_up = link->is_up, .has_carrier = link->has_carrier};
  }
  return states;
}

// Only the flag that is meant, whatever others change at the same time.
Result<void, std::string> set_port(const std::string& name, bool up) {
  const auto failed = [&](int error) {
    return fail(name + ": cannot be " + (up ? "put up: " : "taken down: ") + reason(error));
  };
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) return failed(errno);
  alignas(nlmsghdr) std::array<std::byte, kMessage> request{};
  nlmsghdr* const message = mnl_nlmsg_put_header(request.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* const link =
      static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  link->ifi_index = static_cast<int>(index);
  link->ifi_change = IFF_UP;
  link->ifi_flags = up ? IFF_UP : 0;
  using Close = decltype([](mnl_socket* socket) { mnl_socket_close(socket); });
  const std::unique_ptr<mnl_socket, Close> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0 ||
      mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0) {
    return failed(errno);
  }
  std::array<std::byte, kAnswer> answer{};
  const ssize_t size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
  if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), 0,
                             mnl_socket_get_portid(socket.get()), nullptr, nullptr) < 0) {
    return failed(errno);
  }
  return {};
}

Result<PortLocks, std::string> lock_ports(const PortNames& names) {
  PortLocks locks;
  for (std::size_t i = 0; i < names.size(); ++i) {
    locks.at(i) = os::lock_name("sluice/links/" + names.at(i));
    if (locks.at(i).is_open()) continue;
    if (errno == EADDRINUSE)
      return fail(names.at(i) + ": another sluice propagates its link state");
    return fail(names.at(i) + ": cannot be locked: " + reason(errno));
  }
  return locks;
}

Result<std::vector<std::string>, std::string> put_up(const PortNames& names) {
  std::vector<std::string> done;
  for (const std::string& name : names) {
    const auto link = ask_link(name);
    if (!link || link->is_up) continue;
    if (auto set = set_port(name, true); !set) return fail(std::move(set.error()));
    done.push_back(name + ": was down, and was put up");
  }
  return done;
}

Result<LinkEvents, std::string> LinkEvents::open() {
  Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  int group = RTNLGRP_LINK;
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0 ||
      mnl_socket_setsockopt(socket.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    return fail("links cannot be watched (rtnetlink): " + reason(errno));
  }
  return LinkEvents(std::move(socket));
}

int LinkEvents::descriptor() const noexcept {
  return mnl_socket_get_fd(socket_.get());
}

void LinkEvents::clear() noexcept {
  std::byte none{};
  for (int i = 0; i < kMostCleared; ++i) {
    const ssize_t got = ::recv(descriptor(), &none, sizeof none, MSG_TRUNC | MSG_DONTWAIT);
    if (got < 0 && errno != ENOBUFS && errno != EINTR) return;
  }
}

}  // namespace sluice::io
