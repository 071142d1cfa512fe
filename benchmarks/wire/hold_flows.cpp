// Opens TCP connections through the gateway and leaves them open. It plays both ends itself, frame
// by frame, so that no host has to hold them: addresses and ports are those of nobody.
//
// usage: bench_wire_hold_flows CLIENT_NETNS CLIENT_INTERFACE SERVER_NETNS SERVER_INTERFACE FLOWS
//
// The namespaces are paths, such as /run/netns/NAME. Every SYN, SYN-ACK and ACK is awaited at the
// other end and sent again if it was lost. Prints {"opened": N, "seconds": S}.

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "benchmarks/wire/helper.h"

namespace {

using namespace sluice::bench;

constexpr std::size_t kBatch = 64;
constexpr int kTries = 20;
constexpr int kPatienceMs = 50;
constexpr std::uint32_t kFirstClient = 0x0a518000;  // 10.81.128.0
constexpr std::uint32_t kServer = 0x0a514001;       // 10.81.64.1
constexpr std::uint32_t kFlowsOfClient = 100;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kServerPort = 443;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;

using Mac = std::array<unsigned char, 6>;

struct End {
  int fd = -1;
  Mac mac{};
};

// A frame under construction: big endian numbers, one behind the other.
struct Frame {
  std::array<unsigned char, 60> bytes{};
  std::size_t size = 0;

  void put(std::uint64_t value, int width) {
    for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
      bytes.at(size++) = static_cast<unsigned char>(value >> shift);
    }
  }
  void set16(std::size_t at, std::uint32_t value) {
    bytes.at(at) = static_cast<unsigned char>(value >> 8);
    bytes.at(at + 1) = static_cast<unsigned char>(value);
  }
  [[nodiscard]] std::uint32_t get(std::size_t at, std::size_t width) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes.at(at + i);
    return value;
  }
  // Internet checksum (RFC 1071) of [from, to), which starts with `sum`.
  [[nodiscard]] std::uint32_t checksum(std::size_t from, std::size_t to, std::uint32_t sum) const {
    for (std::size_t at = from; at < to; at += 2) sum += get(at, 2);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
  }
};

constexpr std::size_t kIp = 14;
constexpr std::size_t kTcp = kIp + 20;
constexpr std::size_t kEnd = kTcp + 20;

struct Step {
  bool from_client;
  std::uint8_t flags;
};
constexpr std::array<Step, 3> kHandshake{{{true, kSyn}, {false, kSyn | kAck}, {true, kAck}}};

std::uint32_t client_of(std::uint32_t flow) {
  return kFirstClient + flow / kFlowsOfClient;
}
std::uint32_t port_of(std::uint32_t flow) {
  return kFirstPort + flow % kFlowsOfClient;
}

Frame build(std::uint32_t flow, const Step& step, const End& from, const End& to) {
  const std::uint32_t client_seq = 1'000'000 + flow;
  const std::uint32_t server_seq = 2'000'000'000 + flow;
  Frame frame;
  for (const unsigned char byte : to.mac) frame.put(byte, 1);
  for (const unsigned char byte : from.mac) frame.put(byte, 1);
  frame.put(0x0800, 2);
  frame.put(0x4500, 2);
  frame.put(40, 2);          // total length
  frame.put(0x00004000, 4);  // identification, don't fragment
  frame.put(64, 1);
  frame.put(6, 1);
  frame.put(0, 2);
  frame.put(step.from_client ? client_of(flow) : kServer, 4);
  frame.put(step.from_client ? kServer : client_of(flow), 4);
  frame.put(step.from_client ? port_of(flow) : kServerPort, 2);
  frame.put(step.from_client ? kServerPort : port_of(flow), 2);
  const std::uint32_t after_syn = (step.flags & kSyn) != 0 ? 0 : 1;
  frame.put(step.from_client ? client_seq + after_syn : server_seq, 4);
  const std::uint32_t acknowledged = step.from_client ? server_seq + 1 : client_seq + 1;
  frame.put((step.flags & kAck) != 0 ? acknowledged : 0, 4);
  frame.put(0x50, 1);
  frame.put(step.flags, 1);
  frame.put(64'240, 2);
  frame.put(0, 4);
  frame.set16(kIp + 10, frame.checksum(kIp, kTcp, 0));
  const std::uint32_t addresses = frame.get(kIp + 12, 2) + frame.get(kIp + 14, 2) +
                                  frame.get(kIp + 16, 2) + frame.get(kIp + 18, 2);
  frame.set16(kTcp + 16, frame.checksum(kTcp, kEnd, addresses + 6 + 20));
  return frame;
}

// The flow of an arrived frame, or `flows` if it is no frame of this step.
std::uint32_t flow_of(const Frame& frame, const Step& step, std::uint32_t flows) {
  if (frame.size < kEnd || frame.get(12, 2) != 0x0800 || frame.get(kIp + 9, 1) != 6) return flows;
  if (frame.get(kTcp + 13, 1) != step.flags) return flows;
  const std::uint32_t client = frame.get(step.from_client ? kIp + 12 : kIp + 16, 4);
  const std::uint32_t server = frame.get(step.from_client ? kIp + 16 : kIp + 12, 4);
  const std::uint32_t port = frame.get(step.from_client ? kTcp : kTcp + 2, 2);
  if (server != kServer || client < kFirstClient || port < kFirstPort) return flows;
  return std::min(flows, (client - kFirstClient) * kFlowsOfClient + port - kFirstPort);
}

// Frames that wait at this end, taken off; marks their flows.
void receive(const End& at, const Step& step, std::uint32_t first, std::vector<bool>& came,
             std::size_t& missing) {
  Frame frame;
  for (;;) {
    const ssize_t got = recv(at.fd, frame.bytes.data(), frame.bytes.size(), MSG_DONTWAIT);
    if (got < 0) return;
    frame.size = static_cast<std::size_t>(got);
    const std::uint32_t flow = flow_of(frame, step, UINT32_MAX);
    if (flow < first || flow - first >= came.size() || came[flow - first]) continue;
    came[flow - first] = true;
    --missing;
  }
}

// One step of the handshake for flows [first, first + count). How many arrived.
std::size_t take_step(const Step& step, const End& from, const End& to, std::uint32_t first,
                      std::size_t count) {
  std::vector<bool> came(count, false);
  std::size_t missing = count;
  for (int tries = 0; tries < kTries && missing != 0; ++tries) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (came[i]) continue;
      const Frame frame = build(first + i, step, from, to);
      if (send(from.fd, frame.bytes.data(), frame.bytes.size(), 0) < 0 && errno != ENOBUFS) {
        die_of_errno("cannot send");
      }
    }
    for (const std::uint64_t until = now_ns() + kPatienceMs * 1'000'000ULL;
         missing != 0 && now_ns() < until;) {
      pollfd waiting{to.fd, POLLIN, 0};
      poll(&waiting, 1, kPatienceMs);
      receive(to, step, first, came, missing);
    }
  }
  return count - missing;
}

End open_end(const std::string& netns, const std::string& interface) {
  const int space = open(netns.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) die_of_errno(netns);
  close(space);
  End end;
  end.fd = open_frames(interface, ETH_P_IP);
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (ioctl(end.fd, SIOCGIFHWADDR, &request) != 0) die_of_errno(interface);
  std::memcpy(end.mac.data(), request.ifr_hwaddr.sa_data, end.mac.size());
  return end;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    die("usage: bench_wire_hold_flows CLIENT_NETNS CLIENT_INTERFACE SERVER_NETNS "
        "SERVER_INTERFACE FLOWS");
  }
  const End client = open_end(argv[1], argv[2]);
  const End server = open_end(argv[3], argv[4]);
  const auto flows = static_cast<std::uint32_t>(number(argv[5]));
  const std::uint64_t start = now_ns();
  std::size_t opened = 0;
  for (std::uint32_t first = 0; first < flows; first += kBatch) {
    std::size_t count = std::min<std::size_t>(kBatch, flows - first);
    for (const Step& step : kHandshake) {
      const End& from = step.from_client ? client : server;
      const End& to = step.from_client ? server : client;
      const std::size_t arrived = take_step(step, from, to, first, count);
      if (arrived != count) die("flows from number " + std::to_string(first) + " on do not open");
    }
    opened += count;
  }
  std::cout << "{\"opened\": " << opened
            << ", \"seconds\": " << static_cast<double>(now_ns() - start) / kNsPerSecond << "}\n";
}
