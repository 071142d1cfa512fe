// The time that a datagram takes to a server and back.
//
// usage: bench_wire_ping_pong echo PORT                              answers until it is killed
//        bench_wire_ping_pong ask ADDRESS PORT SECONDS GAP_US        one question at a time
//
// An answer must equal its question; one that does not come within a second is lost. `ask` prints
// {"asked": N, "lost": N, "p50": US, "p99": US, "p999": US, "most": US}: round trips, microseconds.

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "benchmarks/wire/helper.h"

namespace {

using namespace sluice::bench;

constexpr std::size_t kBytes = 64;
constexpr long kLostAfterSeconds = 1;
using Datagram = std::array<char, kBytes>;

int open_udp() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die_of_errno("cannot open a socket");
  return fd;
}

[[noreturn]] void echo(std::uint64_t port) {
  const int fd = open_udp();
  sockaddr_in at = ipv4("0.0.0.0", port);
  if (bind(fd, as_sockaddr(at), sizeof at) != 0) die_of_errno("cannot bind");
  for (;;) {
    Datagram bytes{};
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got = recvfrom(fd, bytes.data(), bytes.size(), 0, as_sockaddr(from), &length);
    if (got > 0)
      sendto(fd, bytes.data(), static_cast<std::size_t>(got), 0, as_sockaddr(from), length);
  }
}

// True if the answer to this question came.
bool await_answer(int fd, const Datagram& question) {
  for (;;) {
    Datagram answer{};
    const ssize_t got = recv(fd, answer.data(), answer.size(), 0);
    if (got < 0) return false;
    if (static_cast<std::size_t>(got) == kBytes && answer == question) return true;
    // else the late answer to an earlier question
  }
}

double quantile_us(const std::vector<std::uint64_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]) / 1000;
}

void ask(const std::string& address, std::uint64_t port, double seconds, std::uint64_t gap_us) {
  const int fd = open_udp();
  sockaddr_in to = ipv4(address, port);
  const timeval patience{kLostAfterSeconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, as_sockaddr(to), sizeof to) != 0) die_of_errno(address);

  std::vector<std::uint64_t> times;
  times.reserve(1'000'000);
  std::uint64_t asked = 0;
  std::uint64_t lost = 0;
  for (const std::uint64_t end = after_seconds(seconds); now_ns() < end;) {
    Datagram question{};
    // Behind a byte that begins neither QUIC nor DTLS, which would have to be judged.
    std::memcpy(question.data() + sizeof asked, &asked, sizeof asked);
    ++asked;
    const std::uint64_t start = now_ns();
    if (send(fd, question.data(), question.size(), 0) > 0 && await_answer(fd, question)) {
      times.push_back(now_ns() - start);
    } else {
      ++lost;
    }
    if (gap_us != 0) usleep(static_cast<useconds_t>(gap_us));
  }
  std::ranges::sort(times);
  std::cout << "{\"asked\": " << asked << ", \"lost\": " << lost
            << ", \"p50\": " << quantile_us(times, 0.5) << ", \"p99\": " << quantile_us(times, 0.99)
            << ", \"p999\": " << quantile_us(times, 0.999)
            << ", \"most\": " << quantile_us(times, 1) << "}\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "echo" && argc == 3) echo(number(argv[2]));
  if (what != "ask" || argc != 6) {
    die("usage: bench_wire_ping_pong echo PORT | ask ADDRESS PORT SECONDS GAP_US");
  }
  ask(argv[2], number(argv[3]), std::strtod(argv[4], nullptr), number(argv[5]));
}
