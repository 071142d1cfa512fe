#include "gateway/app/reloader.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <stdexcept>
#include <vector>

#include "tests/gateway/app/ban.h"

namespace sluice::app {
namespace {

class Reloads : public testing::Test {
 protected:
  Reloads() {
    auto opened = EventLoop::open();
    if (opened) loop = std::move(*opened);
  }
  void SetUp() override { ASSERT_NE(loop, nullptr); }

  // Stops the loop after `stop_after` outcomes.
  std::unique_ptr<Reloader> open(Reloader::Build build, std::size_t stop_after = 1) {
    auto opened =
        Reloader::open(*loop, std::move(build), [this, stop_after](Reloader::Outcome outcome) {
          outcomes.push_back(std::move(outcome));
          if (outcomes.size() == stop_after) loop->stop();
        });
    return opened ? std::move(*opened) : nullptr;
  }

  std::unique_ptr<EventLoop> loop;
  std::vector<Reloader::Outcome> outcomes;
};

TEST_F(Reloads, HandsWhatWasBuiltToTheLoopsThread) {
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id there;
  const auto reloader = open([&]() -> Reloader::Outcome {
    there = std::this_thread::get_id();
    return test::office_ban({"chat.example"});
  });
  reloader->request();
  EXPECT_TRUE(reloader->is_busy());
  loop->run();
  EXPECT_FALSE(reloader->is_busy());
  ASSERT_EQ(outcomes.size(), 1U);
  ASSERT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[0]->status.rules, 1U);
  EXPECT_NE(there, here);
}

// The word of an operator is for one reload: that of the request, or the next one.
TEST_F(Reloads, AnAcceptedRequestIsForOneBuild) {
  std::binary_semaphore go(0);
  int builds = 0;
  const auto reloader = open(
      [&]() -> Reloader::Outcome {
        if (++builds == 1) go.acquire();
        return test::office_ban({"chat.example"});
      },
      2);
  reloader->request();
  reloader->request(true);
  reloader->request();
  go.release();
  loop->run();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_FALSE(outcomes[0]->accepted);
  EXPECT_TRUE(outcomes[1]->accepted);
}

// Bug: two builds ran at once if the outcome of one and a request during it each asked for another.
TEST_F(Reloads, WhatTheOutcomeRequestsIsTheSameBuildAsWhatWasRequestedBefore) {
  std::binary_semaphore go(0);
  std::atomic<int> running = 0;
  int builds = 0;
  std::unique_ptr<Reloader> reloader;
  auto opened = Reloader::open(
      *loop,
      [&]() -> Reloader::Outcome {
        EXPECT_EQ(++running, 1);
        if (++builds == 1) go.acquire();
        --running;
        return test::office_ban({"chat.example"});
      },
      [&](Reloader::Outcome outcome) {
        outcomes.push_back(std::move(outcome));
        if (outcomes.size() == 1) reloader->request();
        if (outcomes.size() == 2) loop->stop();
      });
  ASSERT_TRUE(opened);
  reloader = std::move(*opened);
  reloader->request();
  reloader->request(true);
  go.release();
  loop->run();
  EXPECT_EQ(builds, 2);
  EXPECT_FALSE(reloader->is_busy());
  ASSERT_TRUE(outcomes[1]);
  EXPECT_TRUE(outcomes[1]->accepted);
}

TEST_F(Reloads, ErrorsAreOutcomes) {
  const auto reloader = open([]() -> Reloader::Outcome { return fail(std::string("missing")); });
  reloader->request();
  loop->run();
  ASSERT_FALSE(outcomes.at(0));
  EXPECT_EQ(outcomes[0].error(), "missing");
}

TEST_F(Reloads, ExceptionsAreErrors) {
  const auto reloader =
      open([]() -> Reloader::Outcome { throw std::runtime_error("out of memory"); });
  reloader->request();
  loop->run();
  ASSERT_FALSE(outcomes.at(0));
  EXPECT_EQ(outcomes[0].error(), "out of memory");
}

// Requests that come while one build is under way are one more build after it, however many.
TEST_F(Reloads, RequestsDuringABuildMakeOneMore) {
  std::counting_semaphore<> go(0);
  std::atomic<std::size_t> builds = 0;
  const auto build = [&]() -> Reloader::Outcome {
    go.acquire();
    return test::office_ban({std::to_string(++builds) + ".example"});
  };
  const auto reloader = open(build, 2);
  for (int i = 0; i < 5; ++i) reloader->request();
  go.release(10);
  loop->run();
  EXPECT_FALSE(reloader->is_busy());
  EXPECT_EQ(builds, 2U);
  EXPECT_EQ(outcomes.size(), 2U);
}

TEST_F(Reloads, AFailureDoesNotSwallowTheNextRequest) {
  std::atomic<int> builds = 0;
  const auto build = [&]() -> Reloader::Outcome {
    if (++builds == 1) return fail(std::string("not yet"));
    return test::office_ban({"chat.example"});
  };
  const auto reloader = open(build, 2);
  reloader->request();
  reloader->request();
  loop->run();
  EXPECT_FALSE(outcomes.at(0));
  EXPECT_TRUE(outcomes.at(1));
}

TEST_F(Reloads, StopWaitsForTheBuildUnderWayAndDiscardsIt) {
  std::binary_semaphore started(0);
  std::binary_semaphore go(0);
  std::atomic<bool> built = false;
  const auto reloader = open([&]() -> Reloader::Outcome {
    started.release();
    go.acquire();
    built = true;
    return test::office_ban({"chat.example"});
  });
  reloader->request();
  started.acquire();
  go.release();
  reloader->stop();
  EXPECT_TRUE(built);
  EXPECT_FALSE(reloader->is_busy());
  reloader->request();
  EXPECT_FALSE(reloader->is_busy());
  loop->stop();
  loop->run();
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(Reloads, BuildAtLowPriorityAndLeaveTheRestAlone) {
  const int ours = getpriority(PRIO_PROCESS, 0);
  std::atomic<int> nice = 0;
  std::atomic<int> scheduler = -1;
  const auto reloader = open([&]() -> Reloader::Outcome {
    nice = getpriority(PRIO_PROCESS, static_cast<id_t>(gettid()));
    scheduler = sched_getscheduler(0);
    return test::office_ban({});
  });
  reloader->request();
  loop->run();
  EXPECT_EQ(nice, std::min(ours + 15, 19));
  EXPECT_EQ(scheduler, SCHED_BATCH);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), ours);
}

}  // namespace
}  // namespace sluice::app
