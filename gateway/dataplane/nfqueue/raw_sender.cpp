#include "gateway/dataplane/nfqueue/raw_sender.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sluice::io {
namespace {

constexpr std::size_t kIpv4Header = 20, kIpv4Destination = 16;  // RFC 791
constexpr std::size_t kIpv6Header = 40, kIpv6Destination = 24;  // RFC 8200

Result<os::Descriptor, std::string> open_socket(int family, std::uint32_t mark) {
  os::Descriptor socket(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  if (!socket.is_open()) return fail(std::string("raw socket: ") + std::strerror(errno));
  if (mark != 0 && ::setsockopt(socket.value(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) {
    return fail(std::string("raw socket: its mark: ") + std::strerror(errno));
  }
  // Nothing is read from it.
  const int none = 0;
  ::setsockopt(socket.value(), SOL_SOCKET, SO_RCVBUF, &none, sizeof none);
  return socket;
}

}  // namespace

Result<RawSender, std::string> RawSender::open(std::uint32_t inside_mark) {
  RawSender sender;
  for (const Side side : {Side::inside, Side::outside}) {
    const auto i = static_cast<std::size_t>(side);
    const std::uint32_t mark = side == Side::inside ? inside_mark : 0;
    auto v4 = open_socket(AF_INET, mark);
    if (!v4) return fail(v4.error());
    sender.v4_[i] = std::move(*v4);
    if (auto v6 = open_socket(AF_INET6, mark)) sender.v6_[i] = std::move(*v6);
  }
  return sender;
}

bool RawSender::send(Side side, Bytes packet) noexcept {
  const auto i = static_cast<std::size_t>(side);
  if (packet.empty()) return false;
  const unsigned version = std::to_integer<unsigned>(packet[0]) >> 4;
  ssize_t sent = -1;
  if (version == 4 && packet.size() >= kIpv4Header) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, packet.data() + kIpv4Destination, sizeof to.sin_addr);
    sent = ::sendto(v4_[i].value(), packet.data(), packet.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else if (version == 6 && packet.size() >= kIpv6Header && v6_[i].is_open()) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    std::memcpy(&to.sin6_addr, packet.data() + kIpv6Destination, sizeof to.sin6_addr);
    sent = ::sendto(v6_[i].value(), packet.data(), packet.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  return sent == static_cast<ssize_t>(packet.size());
}

}  // namespace sluice::io
