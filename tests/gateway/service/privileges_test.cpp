// Each in a thread or a process of its own: what is given up is gone.

#include "gateway/service/privileges.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/service/privileged_thread.h"

namespace sluice::service {
namespace {

// Of the calling thread: `CapPrm`, `CapEff`, `CapInh`, `CapAmb`.
std::uint64_t held(const std::string& set) {
  std::ifstream in("/proc/thread-self/status");
  std::uint64_t bits = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(set + ":\t")) continue;
    std::from_chars(line.data() + set.size() + 2, line.data() + line.size(), bits, 16);
  }
  return bits;
}

constexpr std::uint64_t bit(unsigned capability) {
  return std::uint64_t{1} << capability;
}
constexpr std::uint64_t kFiles = bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH);
constexpr std::uint64_t kMayStay = kFiles | bit(CAP_NET_BIND_SERVICE);

TEST(Capabilities, AreGivenUpByThisThreadAndThoseItStarts) {
  const std::uint64_t before = held("CapPrm");
  std::thread([&] {
    ASSERT_TRUE(drop_capabilities());
    for (const char* set : {"CapPrm", "CapEff", "CapInh", "CapAmb"}) {
      EXPECT_EQ(held(set) & ~kMayStay, 0U) << set;
    }
    EXPECT_EQ(held("CapPrm"), before & kMayStay);  // root still reads what it could read
    std::thread([] { EXPECT_EQ(held("CapPrm") & ~kMayStay, 0U); }).join();
    EXPECT_TRUE(drop_capabilities()) << "once more";
  }).join();
  EXPECT_EQ(held("CapPrm"), before) << "those of other threads stay";
}

TEST(Capabilities, MayKeepTheNetwork) {
  const std::uint64_t before = held("CapPrm");
  constexpr std::uint64_t kNetwork = bit(CAP_NET_ADMIN);
  std::thread([&] {
    ASSERT_TRUE(drop_capabilities(NetAdmin::keep));
    EXPECT_EQ(held("CapEff") & ~kMayStay, before & kNetwork);
    std::thread([&] { EXPECT_EQ(held("CapEff") & ~kMayStay, before & kNetwork); }).join();
  }).join();
}

TEST(Capabilities, OfOneThreadMayBeTheNetworkAlone) {
  const std::uint64_t before = held("CapPrm");
  std::thread([&] {
    ASSERT_TRUE(keep_net_admin_only());
    for (const char* set : {"CapPrm", "CapEff"}) {
      EXPECT_EQ(held(set), before & bit(CAP_NET_ADMIN)) << set;
    }
    EXPECT_EQ(held("CapInh"), 0U);
  }).join();
  EXPECT_EQ(held("CapPrm"), before) << "those of other threads stay";
}

TEST(Capabilities, StayWithThePrivilegedThread) {
  const std::uint64_t before = held("CapPrm");
  std::thread([&] {
    PrivilegedThread privileged;
    ASSERT_TRUE(drop_capabilities());
    std::uint64_t there = 0;
    privileged.run([&] { there = held("CapPrm"); });
    EXPECT_EQ(there, before);
    EXPECT_EQ(held("CapPrm") & ~kMayStay, 0U);
  }).join();
}

long bpf(int command) {
  std::array<char, 128> attributes{};
  return ::syscall(SYS_bpf, command, attributes.data(), attributes.size());
}

bool is_denied(long outcome) {
  return outcome == -1 && errno == EPERM;
}

// 0: as it should be; else which step was not.
int step_that_fails() {
  const int before = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  bool other_thread_is_denied = false;
  bool go = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::thread other([&] {  // that was there before
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return go; });
    other_thread_is_denied = is_denied(::socket(AF_PACKET, SOCK_RAW, 0));
  });
  if (!deny_system_calls()) return 1;
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  changed.notify_one();
  other.join();
  if (!other_thread_is_denied) return 2;
  if (!is_denied(::execl("/bin/true", "true", nullptr))) return 3;
  for (const int family : {AF_PACKET, AF_XDP}) {
    if (!is_denied(::socket(family, SOCK_RAW, 0))) return 4;
  }
  for (const int command : {BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_OBJ_GET, BPF_LINK_CREATE}) {
    if (!is_denied(bpf(command))) return 5;
  }
  if (!is_denied(::unshare(CLONE_NEWUSER))) return 6;
  // What it goes on with: maps that are open, sockets of sources, files, threads.
  for (const int command : {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_OBJ_GET_INFO_BY_FD}) {
    if (is_denied(bpf(command))) return 7;
  }
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK}) {
    if (is_denied(::socket(family, family == AF_NETLINK ? SOCK_RAW : SOCK_DGRAM, 0))) return 8;
  }
  if (::dup(before) < 0) return 9;
  std::thread([] {}).join();
  return std::ifstream("/proc/self/status").good() ? 0 : 10;
}

TEST(SystemCalls, AreDeniedToAllThreads) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(step_that_fails());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
}

}  // namespace
}  // namespace sluice::service
