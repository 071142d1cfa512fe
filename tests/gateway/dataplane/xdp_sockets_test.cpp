#include "gateway/dataplane/xdp/sockets.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace sluice::io {
namespace {

using std::chrono::milliseconds;

// In a network namespace of this process, which goes when it ends.
class XdpSocketsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
    if (!run("ip link add inside type veth peer name outside && ip link set inside up")) {
      GTEST_SKIP() << "no virtual interfaces can be made here";
    }
  }
  static bool run(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;  // NOLINT(cert-env33-c)
  }
  static std::unique_ptr<XdpSockets> open() {
    auto sockets = XdpSockets::open({.queues = {{.side = Side::inside, .interface = "inside"},
                                                {.side = Side::outside, .interface = "outside"}},
                                     .copy = true});
    EXPECT_TRUE(sockets) << sockets.error();
    return sockets ? std::move(*sockets) : nullptr;
  }
  static bool has_received(const std::string& interface) {
    return run("ip -s -j link show " + interface +
               R"( | grep -q '"rx":{"bytes":[0-9]*,"packets":[1-9]')");
  }
};

TEST_F(XdpSocketsTest, TriesToSendByEachSocket) {
  ASSERT_TRUE(run("ip link set outside up"));
  const auto sockets = open();
  ASSERT_NE(sockets, nullptr);
  const auto tried = sockets->try_to_send(milliseconds(20'000));
  EXPECT_TRUE(tried) << tried.error();
  EXPECT_TRUE(has_received("inside"));
  EXPECT_TRUE(has_received("outside"));
}

// It may be plugged in later: no reason to copy.
TEST_F(XdpSocketsTest, LeavesOutAnInterfaceWithoutALink) {
  const auto sockets = open();
  ASSERT_NE(sockets, nullptr);
  EXPECT_TRUE(sockets->try_to_send(milliseconds(50)));
}

}  // namespace
}  // namespace sluice::io
