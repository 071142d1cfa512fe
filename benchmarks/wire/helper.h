#pragma once

// What the small programs of benchmarks/wire share: errors end the program with one line on stderr
// and exit status 2; the clock is monotonic, in nanoseconds. Each program prints its figures as one
// JSON object on stdout.

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>

namespace sluice::bench {

[[noreturn]] inline void die(const std::string& what) {
  std::cerr << what << '\n';
  std::exit(2);
}

// As die, with the reason of the last system call.
[[noreturn]] inline void die_of_errno(const std::string& what) {
  const int error = errno;
  die(what + ": " + std::strerror(error));
}

inline std::uint64_t now_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

inline constexpr double kNsPerSecond = 1e9;

// A whole number of a command line, or die.
inline std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    die("not a whole number: " + std::string(text));
  }
  return value;
}

inline std::uint64_t after_seconds(double seconds) noexcept {
  return now_ns() + static_cast<std::uint64_t>(seconds * kNsPerSecond);
}

inline sockaddr_in ipv4(const std::string& address, std::uint64_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  if (inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) die("no IPv4 address: " + address);
  return to;
}

// The socket API takes a base class by pointer, in the manner of C.
template <typename Address>
sockaddr* as_sockaddr(Address& address) noexcept {
  return reinterpret_cast<sockaddr*>(&address);
}

// A socket for whole Ethernet frames on one interface of the current network namespace. Sends
// without a queue, as a packet generator does.
inline int open_frames(const std::string& interface, int protocol) {
  const int fd = socket(AF_PACKET, SOCK_RAW, htons(static_cast<std::uint16_t>(protocol)));
  if (fd < 0) die_of_errno("cannot open a packet socket");
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(static_cast<std::uint16_t>(protocol));
  at.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (at.sll_ifindex == 0) die_of_errno(interface);
  if (bind(fd, as_sockaddr(at), sizeof at) != 0) die_of_errno(interface);
  const int on = 1;
  for (const int option : {PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING}) {
    if (setsockopt(fd, SOL_PACKET, option, &on, sizeof on) != 0) die_of_errno("packet socket");
  }
  return fd;
}

}  // namespace sluice::bench
