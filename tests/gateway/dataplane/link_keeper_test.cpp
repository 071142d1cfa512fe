#include "gateway/dataplane/links/link_keeper.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::io {
namespace {

// However long it takes on a loaded machine.
bool comes_true(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

//   client ── inside │ keeper │ outside ── server
//
// In a network namespace of this process, which goes when it ends.
class LinkKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
    if (!run("ip link add inside type veth peer name client && "
             "ip link add outside type veth peer name server && "
             "for i in inside client outside server; do ip link set $i up; done")) {
      GTEST_SKIP() << "no virtual interfaces can be made here";
    }
  }
  static bool run(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;
  }
  static Result<std::unique_ptr<LinkKeeper>, std::string> start(
      std::vector<std::string>* lines = nullptr,
      const std::function<Result<void, std::string>()>& enter = [] {
        return Result<void, std::string>{};
      }) {
    return LinkKeeper::start(
        {.interfaces = kPorts, .enter = enter, .log = [lines](const std::string& line) {
           if (lines != nullptr) lines->push_back(line);
         }});
  }
  static bool is_up(std::size_t port) {
    const auto states = read_ports(kPorts);
    return states && states->at(port).is_up;
  }

  static constexpr std::size_t kInside = 0, kOutside = 1;
  static inline const PortNames kPorts = {"inside", "outside"};
};

TEST_F(LinkKeeperTest, FollowsALinkDownAndUp) {
  std::vector<std::string> lines;  // of its thread, until it has ended
  auto keeper = start(&lines);
  ASSERT_TRUE(keeper) << keeper.error();
  (*keeper)->begin();
  EXPECT_TRUE(comes_true([&] { return (*keeper)->status().at(kInside).state.has_carrier; }));
  ASSERT_TRUE(run("ip link set client down"));
  ASSERT_TRUE(comes_true([] { return !is_up(kOutside); }));
  EXPECT_TRUE(comes_true([&] { return (*keeper)->status().at(kOutside).is_held; }));
  ASSERT_TRUE(run("ip link set client up"));
  ASSERT_TRUE(comes_true([] { return is_up(kOutside); }));
  EXPECT_TRUE(comes_true([&] {
    const PortStatus outside = (*keeper)->status().at(kOutside);
    return outside.state.has_carrier && !outside.is_held && outside.downs == 1 && outside.ups == 1;
  }));
  keeper->reset();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "inside (inside) has no carrier: outside (outside) is taken down");
  EXPECT_EQ(lines[1], "inside (inside) has its link again: outside (outside) is put up");
}

TEST_F(LinkKeeperTest, PutsUpWhatItHoldsWhenItEnds) {
  std::vector<std::string> lines;
  auto keeper = start(&lines);
  ASSERT_TRUE(keeper) << keeper.error();
  (*keeper)->begin();
  ASSERT_TRUE(run("ip link set server down"));
  ASSERT_TRUE(comes_true([] { return !is_up(kInside); }));
  keeper->reset();
  EXPECT_TRUE(is_up(kInside));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "inside (inside) is put up, because the gateway ends");
}

TEST_F(LinkKeeperTest, PutsUpWhatAnEarlierOneLeftDown) {
  ASSERT_TRUE(run("ip link set outside down"));
  std::vector<std::string> lines;
  auto keeper = start(&lines);
  ASSERT_TRUE(keeper) << keeper.error();
  EXPECT_TRUE(is_up(kOutside));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "outside: was down, and was put up");
}

// The cards may lose their links while a program is put on them.
TEST_F(LinkKeeperTest, DoesNothingBeforeItBegins) {
  auto keeper = start();
  ASSERT_TRUE(keeper) << keeper.error();
  ASSERT_TRUE(run("ip link set inside down"));
  EXPECT_TRUE(is_up(kOutside));
  (*keeper)->begin();
  EXPECT_TRUE(comes_true([] { return !is_up(kOutside); }));
}

TEST_F(LinkKeeperTest, OneAtATime) {
  const auto first = start();
  ASSERT_TRUE(first) << first.error();
  const auto second = start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "inside: another sluice propagates its link state");
}

TEST_F(LinkKeeperTest, DoesNotStartWithPrivilegesThatItCannotGiveUp) {
  const auto keeper =
      start(nullptr, [] { return Result<void, std::string>(fail(std::string("no"))); });
  ASSERT_FALSE(keeper);
  EXPECT_EQ(keeper.error(), "no");
}

// Messages that are lost: the socket's buffer holds a few of them.
TEST_F(LinkKeeperTest, SurvivesAStormOfEvents) {
  auto keeper = start();
  ASSERT_TRUE(keeper) << keeper.error();
  (*keeper)->begin();
  ASSERT_TRUE(
      run("i=0; while [ $i -lt 400 ]; do echo link set lo up; echo link set lo down; "
          "i=$((i+1)); done | ip -batch -"));
  ASSERT_TRUE(run("ip link set client down"));
  EXPECT_TRUE(comes_true([] { return !is_up(kOutside); }));
}

TEST(KernelLinks, AnInterfaceThatDoesNotExist) {
  EXPECT_FALSE(read_ports({"sluice-none", "sluice-none"}));
  const auto set = set_port("sluice-none", true);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), "sluice-none: cannot be put up: No such device");
  EXPECT_TRUE(put_up({"sluice-none", "sluice-none"})) << "others say that it is missing";
}

}  // namespace
}  // namespace sluice::io
