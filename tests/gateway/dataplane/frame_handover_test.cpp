// Frames go to the worker that owns them, whole and in order, and wake it.

#include "gateway/dataplane/xdp/handover.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::io {
namespace {

using test::ByteVector;
using test::FrameBuilder;

ByteVector between(const std::string& from, const std::string& to) {
  return FrameBuilder(from.c_str(), to.c_str()).tcp(1, 1, "A").payload("data").build();
}

TEST(FrameHandover, BothDirectionsAndAllPortsOfTwoEndsHaveOneOwner) {
  const FrameHandover handover(4, HashKey{1, 2});
  for (int i = 1; i < 50; ++i) {
    const std::string client = "192.0.2." + std::to_string(i);
    const std::size_t owner = handover.owner_of(between(client + ":5000", "198.51.100.2:443"));
    EXPECT_LT(owner, 4U);
    EXPECT_EQ(handover.owner_of(between("198.51.100.2:443", client + ":5000")), owner);
    EXPECT_EQ(handover.owner_of(between(client + ":6000", "198.51.100.2:80")), owner);
  }
}

TEST(FrameHandover, TakesNoFrameThatIsTooLargeOrTooMany) {
  FrameHandover handover(2, HashKey{});
  EXPECT_FALSE(handover.offer(0, 1, Side::inside, ByteVector(FrameHandover::kLargest + 1)));
  for (std::size_t i = 0; i < FrameHandover::kFrames; ++i) {
    EXPECT_TRUE(handover.offer(0, 1, Side::outside, ByteVector(60)));
  }
  EXPECT_FALSE(handover.offer(0, 1, Side::outside, ByteVector(60)));
  std::size_t seen = 0;
  const auto count = [&](const FrameHandover::Frame& frame) {
    EXPECT_EQ(frame.length, 60U);
    EXPECT_EQ(frame.side, Side::outside);
    ++seen;
  };
  EXPECT_EQ(handover.take(1, 10, count), 10U) << "as many as asked for";
  EXPECT_EQ(handover.take(0, 10, count), 0U) << "the other direction";
  EXPECT_EQ(handover.take(1, 1000, count), FrameHandover::kFrames - 10);
}

TEST(FrameHandover, AWorkerDoesNotSleepOnFrames) {
  FrameHandover handover(2, HashKey{});
  EXPECT_TRUE(handover.begin_sleep(1));
  handover.end_sleep(1);
  ASSERT_TRUE(handover.offer(0, 1, Side::inside, ByteVector(60)));
  EXPECT_FALSE(handover.begin_sleep(1));
}

// Two threads, as two workers: none of the frames is lost, changed or left until a timeout.
TEST(FrameHandover, WakesTheOwner) {
  constexpr std::uint32_t kRounds = 20000;
  FrameHandover handover(2, HashKey{});
  std::atomic<std::uint32_t> seen = 0;
  std::atomic<bool> in_order = true;
  std::jthread owner([&] {
    while (seen < kRounds) {
      const auto check = [&](const FrameHandover::Frame& frame) {
        std::uint32_t number = 0;
        std::memcpy(&number, frame.bytes.data(), sizeof number);
        if (number != seen) in_order = false;
        ++seen;
      };
      if (handover.take(1, 64, check) > 0 || !handover.begin_sleep(1)) continue;
      pollfd wait{handover.event(1), POLLIN, 0};
      ASSERT_EQ(::poll(&wait, 1, 20'000), 1) << "a frame was offered, and nobody was woken";
      handover.end_sleep(1);
    }
  });
  ByteVector frame(60);
  for (std::uint32_t i = 0; i < kRounds;) {
    std::memcpy(frame.data(), &i, sizeof i);
    if (handover.offer(0, 1, Side::inside, frame)) ++i;
    handover.wake_owners(0);
  }
  owner.join();
  EXPECT_EQ(seen, kRounds);
  EXPECT_TRUE(in_order);
}

}  // namespace
}  // namespace sluice::io
