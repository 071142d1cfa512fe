#include "gateway/service/privileged_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <stdexcept>

namespace sluice::service {
namespace {

TEST(PrivilegedThread, RunsTasksInOneOtherThread) {
  PrivilegedThread privileged;
  std::thread::id first, second;
  privileged.run([&] { first = std::this_thread::get_id(); });
  privileged.run([&] { second = std::this_thread::get_id(); });
  EXPECT_NE(first, std::this_thread::get_id());
  EXPECT_EQ(first, second);
}

TEST(PrivilegedThread, ThrowsWhatATaskThrows) {
  PrivilegedThread privileged;
  EXPECT_THROW(privileged.run([] { throw std::runtime_error("no eth1"); }), std::runtime_error);
  bool ran = false;
  privileged.run([&] { ran = true; });
  EXPECT_TRUE(ran);
}

// SIGTERM is for the event loop; and who started the thread keeps its own mask.
TEST(PrivilegedThread, TakesNoSignals) {
  PrivilegedThread privileged;
  sigset_t there, here;
  privileged.run([&] { pthread_sigmask(SIG_SETMASK, nullptr, &there); });
  pthread_sigmask(SIG_SETMASK, nullptr, &here);
  EXPECT_EQ(sigismember(&there, SIGTERM), 1);
  EXPECT_EQ(sigismember(&here, SIGTERM), 0);
}

TEST(PrivilegedThread, EndsWithoutATask) {
  const PrivilegedThread privileged;
}

}  // namespace
}  // namespace sluice::service
