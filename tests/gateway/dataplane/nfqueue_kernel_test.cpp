// What is asked of the kernel: marks of its connections, its transactions of rules. In a network
// namespace of this process, which goes when it ends.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "gateway/dataplane/nfqueue/conntrack.h"
#include "gateway/dataplane/nfqueue/nft.h"
#include "gateway/dataplane/nfqueue/raw_sender.h"
#include "gateway/os/descriptor.h"

namespace sluice::io {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kMask = 0x70000000;
constexpr std::uint32_t kOfOthers = 0x00000005;

class InANamespace : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
    const os::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq loopback{};
    std::strncpy(loopback.ifr_name, "lo", sizeof loopback.ifr_name - 1);
    loopback.ifr_flags = IFF_UP | IFF_RUNNING;
    ASSERT_EQ(::ioctl(socket.value(), SIOCSIFFLAGS, &loopback), 0);
  }
  static sockaddr_in on_loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  // A datagram from one port of this host to another.
  static void send(std::uint16_t from, std::uint16_t to) {
    const os::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in here = on_loopback(from);
    const sockaddr_in there = on_loopback(to);
    ASSERT_EQ(::bind(socket.value(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(::sendto(socket.value(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&there),
                       sizeof there),
              1);
  }
};

class ConntrackTest : public InANamespace {
 protected:
  // Connections to a port have the mark of that port.
  void SetUp() override {
    InANamespace::SetUp();
    if (IsSkipped()) return;
    const auto rules = run_nft(
        "table inet marks {\nchain out {\ntype filter hook output priority 0;\n"
        "udp dport 7001 ct mark set 0x10000005\nudp dport 7002 ct mark set 0x20000005\n"
        "udp dport 7003 ct mark set 0x30000005\n}\n}\n");
    if (!rules) GTEST_SKIP() << rules.error();
    auto opened = Conntrack::open(*Marks::of(kMask));
    ASSERT_TRUE(opened) << opened.error();
    connections_ = std::move(*opened);
  }
  static FlowKey flow(std::uint16_t from, std::uint16_t to) {
    const IpAddress here = IpAddress::parse("127.0.0.1").value();
    return FlowKey::between({here, Port{from}}, {here, Port{to}}, IPPROTO_UDP, {});
  }
  // By the source port of the first packet.
  static std::map<int, std::uint32_t> marks() {
    std::map<int, std::uint32_t> marks;
    std::ifstream in("/proc/thread-self/net/nf_conntrack");
    for (std::string line; std::getline(in, line);) {
      const auto number = [&](std::string_view name) {
        const std::size_t at = line.find(name);
        return at == std::string::npos ? 0UL : std::stoul(line.substr(at + name.size()));
      };
      marks[static_cast<int>(number("sport="))] = static_cast<std::uint32_t>(number("mark="));
    }
    return marks;
  }
  void sweep() {
    for (int i = 0; i < 10'000 && connections_->is_busy(); ++i) connections_->step();
    EXPECT_FALSE(connections_->is_busy());
  }
  std::unique_ptr<Conntrack> connections_;
};

TEST_F(ConntrackTest, ForgetsOneFlowWhicheverEndItIsNamedBy) {
  send(9001, 7001);
  send(6001, 7001);  // here the client has the lower port
  if (marks().empty()) GTEST_SKIP() << "/proc does not show connections here";
  EXPECT_EQ(marks()[9001], 0x10000005U);
  connections_->forget(flow(9001, 7001));
  EXPECT_EQ(marks()[9001], kOfOthers);
  EXPECT_EQ(marks()[6001], 0x10000005U);
  connections_->forget(flow(6001, 7001));
  EXPECT_EQ(marks()[6001], kOfOthers);
  connections_->forget(flow(1, 2));  // there is none
}

TEST_F(ConntrackTest, ForgetsAllWithAMarkAndLeavesTheBitsOfOthers) {
  constexpr std::uint16_t kMany = 700;  // more than one part of a dump
  for (std::uint16_t i = 0; i < kMany; ++i) send(static_cast<std::uint16_t>(10'000 + i), 7003);
  send(9001, 7001);
  send(9002, 7002);
  if (marks().empty()) GTEST_SKIP() << "/proc does not show connections here";
  connections_->forget_all(Mark::quiet);
  connections_->step();
  connections_->forget_all(Mark::quiet);  // again, in the middle of it
  sweep();
  auto seen = marks();
  for (std::uint16_t i = 0; i < kMany; ++i) EXPECT_EQ(seen[10'000 + i], kOfOthers);
  EXPECT_EQ(seen[9001], 0x10000005U);
  EXPECT_EQ(seen[9002], 0x20000005U);
  connections_->forget_all(Mark::passed);
  connections_->forget_all(Mark::dropped);
  sweep();
  seen = marks();
  EXPECT_EQ(seen[9001], kOfOthers);
  EXPECT_EQ(seen[9002], kOfOthers);
}

TEST_F(InANamespace, AScriptOfNftIsOneTransaction) {
  const auto made = run_nft("table inet one {\nchain c {\n}\n}\n");
  if (!made) GTEST_SKIP() << made.error();
  EXPECT_TRUE(run_nft("list table inet one\n"));
  const auto wrong =
      run_nft("delete table inet one\ntable inet two {\nchain c {\nnonsense\n}\n}\n");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error(), HasSubstr("syntax error"));
  EXPECT_TRUE(run_nft("list table inet one\n")) << "nothing was done";
  EXPECT_TRUE(run_nft("delete table inet one\n", NftMode::check));
  EXPECT_TRUE(run_nft("list table inet one\n")) << "it was only checked";
}

TEST_F(InANamespace, PacketsOfOurOwnReachTheirDestination) {
  const os::Descriptor receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in there = on_loopback(7007);
  ASSERT_EQ(::bind(receiver.value(), reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
  auto sender = RawSender::open(0x40000000);
  ASSERT_TRUE(sender) << sender.error();
  // An IPv4 header whose checksum the kernel fills in, UDP without one, `hi`.
  constexpr std::string_view kPacket(
      "\x45\0\0\x1e\0\0\0\0\x40\x11\0\0\x7f\0\0\x01\x7f\0\0\x01"
      "\x00\x35\x1b\x5f\0\x0a\0\0hi",
      30);
  for (const Side side : {Side::inside, Side::outside}) {
    EXPECT_TRUE(sender->send(side, std::as_bytes(std::span(kPacket))));
    std::array<char, 16> got{};
    EXPECT_EQ(::recv(receiver.value(), got.data(), got.size(), 0), 2);
    EXPECT_EQ(std::string_view(got.data(), 2), "hi");
  }
  EXPECT_FALSE(sender->send(Side::inside, {}));
  EXPECT_FALSE(sender->send(Side::inside, std::as_bytes(std::span(kPacket)).first(10)));
}

}  // namespace
}  // namespace sluice::io
