#include "gateway/app/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sluice::app {
namespace {

using std::chrono::microseconds;

class Loop : public testing::Test {
 protected:
  Loop() {
    auto opened = EventLoop::open();
    if (opened) loop = std::move(*opened);
  }
  void SetUp() override { ASSERT_NE(loop, nullptr); }

  // An event descriptor; one that is ready where `count` > 0.
  static Descriptor event(unsigned count) { return Descriptor(eventfd(count, EFD_NONBLOCK)); }

  std::unique_ptr<EventLoop> loop;
};

TEST_F(Loop, StopsWhenToldBeforeItRuns) {
  loop->stop();
  loop->run();
}

TEST_F(Loop, CallsBackForADescriptorThatIsReady) {
  const Descriptor ready = event(1);
  const Descriptor silent = event(0);
  std::uint32_t seen = 0;
  ASSERT_TRUE(loop->add(silent.value(), EPOLLIN, [](std::uint32_t) { FAIL(); }));
  ASSERT_TRUE(loop->add(ready.value(), EPOLLIN, [&](std::uint32_t events) {
    seen = events;
    loop->stop();
  }));
  loop->run();
  EXPECT_EQ(seen, static_cast<std::uint32_t>(EPOLLIN));
}

TEST_F(Loop, SaysThatTheOtherEndIsGone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Descriptor reader(ends[0]);
  ::close(ends[1]);
  std::uint32_t seen = 0;
  ASSERT_TRUE(loop->add(reader.value(), EPOLLIN, [&](std::uint32_t events) {
    seen = events;
    loop->stop();
  }));
  loop->run();
  EXPECT_NE(seen & EPOLLHUP, 0U);
}

TEST_F(Loop, CallsAgainUntilTheDescriptorIsEmptied) {
  const Descriptor ready = event(1);
  int calls = 0;
  ASSERT_TRUE(loop->add(ready.value(), EPOLLIN, [&](std::uint32_t) {
    if (++calls == 3) loop->stop();
  }));
  loop->run();
  EXPECT_EQ(calls, 3);
}

TEST_F(Loop, ACallbackMayRemoveItself) {
  const Descriptor ready = event(1);
  const Descriptor other = event(1);
  int calls = 0;
  EventLoop::Watch watch{};
  // What the callback owns must outlive the call, for all that the callback removes itself.
  const auto owned = std::make_shared<int>(7);
  const auto added = loop->add(ready.value(), EPOLLIN, [&, owned](std::uint32_t) {
    loop->remove(watch);
    calls += *owned;
  });
  ASSERT_TRUE(added);
  watch = *added;
  int others = 0;
  ASSERT_TRUE(loop->add(other.value(), EPOLLIN, [&](std::uint32_t) {
    if (++others == 3) loop->stop();
  }));
  loop->run();
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(owned.use_count(), 1);
}

// Both are ready in one round: whoever comes first removes the other.
TEST_F(Loop, ARemovedDescriptorIsNotCalledInTheSameRound) {
  const Descriptor one = event(1);
  const Descriptor two = event(1);
  EventLoop::Watch watches[2] = {};
  int calls = 0;
  const auto remove_other = [&](int self) {
    return [&, self](std::uint32_t) {
      ++calls;
      loop->remove(watches[1 - self]);
      loop->stop();
    };
  };
  watches[0] = loop->add(one.value(), EPOLLIN, remove_other(0)).value();
  watches[1] = loop->add(two.value(), EPOLLIN, remove_other(1)).value();
  loop->run();
  EXPECT_EQ(calls, 1);
}

TEST_F(Loop, ACallbackMayAddAnother) {
  const Descriptor first = event(1);
  const Descriptor second = event(1);
  bool called = false;
  EventLoop::Watch watch{};
  watch = loop->add(first.value(), EPOLLIN,
                    [&](std::uint32_t) {
                      loop->remove(watch);
                      ASSERT_TRUE(loop->add(second.value(), EPOLLIN, [&](std::uint32_t) {
                        called = true;
                        loop->stop();
                      }));
                    })
              .value();
  loop->run();
  EXPECT_TRUE(called);
}

TEST_F(Loop, TimersComeAgainAndAgain) {
  int calls = 0;
  ASSERT_TRUE(loop->add_timer(microseconds(100), [&] {
    if (++calls == 3) loop->stop();
  }));
  loop->run();
  EXPECT_EQ(calls, 3);
}

TEST_F(Loop, ARemovedTimerIsSilent) {
  const auto removed = loop->add_timer(microseconds(1), [] { FAIL(); });
  ASSERT_TRUE(removed);
  loop->remove(*removed);
  loop->remove(*removed);  // twice is harmless
  int calls = 0;
  ASSERT_TRUE(loop->add_timer(microseconds(100), [&] {
    if (++calls == 3) loop->stop();
  }));
  loop->run();
}

TEST_F(Loop, SignalsAreCallsNotInterruptions) {
  std::vector<int> seen;
  ASSERT_TRUE(loop->add_signal(SIGUSR1, [&] { seen.push_back(SIGUSR1); }));
  ASSERT_TRUE(loop->add_signal(SIGHUP, [&] {
    seen.push_back(SIGHUP);
    loop->stop();
  }));
  ::kill(::getpid(), SIGUSR1);  // would end the process if it were not blocked
  ASSERT_TRUE(seen.empty());
  // The timer sends the second one from within the loop.
  EventLoop::Watch watch{};
  watch = loop->add_timer(microseconds(100),
                          [&] {
                            loop->remove(watch);
                            ::kill(::getpid(), SIGHUP);
                          })
              .value();
  loop->run();
  EXPECT_EQ(seen, (std::vector{SIGUSR1, SIGHUP}));
}

TEST_F(Loop, StopsFromAnotherThread) {
  const std::jthread other([&] { loop->stop(); });
  loop->run();
}

TEST_F(Loop, WhatACallbackThrowsLeavesIt) {
  const Descriptor ready = event(1);
  ASSERT_TRUE(
      loop->add(ready.value(), EPOLLIN, [](std::uint32_t) { throw std::runtime_error("no"); }));
  EXPECT_THROW(loop->run(), std::runtime_error);
}

TEST_F(Loop, ADescriptorThatIsNoneIsAnError) {
  const auto added = loop->add(-1, EPOLLIN, [](std::uint32_t) {});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), "event loop: epoll_ctl: Bad file descriptor");
}

}  // namespace
}  // namespace sluice::app
