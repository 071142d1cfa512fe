// Copies of frames: whole or cut, in order, bounded, and read while a worker writes them.

#include "gateway/engine/frame_tap.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice::engine {
namespace {

using Copy = FrameTap::Copy;

io::Frame frame_of(const std::vector<std::byte>& bytes, std::int64_t time = 1) {
  return {.bytes = bytes, .side = io::Side::outside, .time = Nanos(time)};
}

TEST(FrameTap, CopiesAFrameAndCutsALongOne) {
  FrameTap tap;
  tap.turn_on();
  const std::vector<std::byte> whole(60, std::byte{7}), longer(FrameTap::kBytes + 1, std::byte{8});
  tap.offer(frame_of(whole));
  io::Frame cut = frame_of(longer, 2);
  cut.wire_length = 9000;  // the capture cut it before
  tap.offer(cut);
  std::vector<Copy> copies;
  EXPECT_EQ(tap.take(9, [&](const Copy& copy) { copies.push_back(copy); }), 2U);
  ASSERT_EQ(copies.size(), 2U);
  EXPECT_EQ(copies[0].time, Nanos(1));
  EXPECT_EQ(copies[0].side, io::Side::outside);
  EXPECT_EQ(copies[0].length, 60U);
  EXPECT_TRUE(std::ranges::equal(copies[0].bytes(), whole));
  EXPECT_EQ(copies[1].length, 9000U);
  EXPECT_EQ(copies[1].bytes().size(), FrameTap::kBytes);
}

TEST(FrameTap, IsBoundedAndBeginsEmpty) {
  FrameTap tap;
  EXPECT_FALSE(tap.is_on());
  tap.turn_on();
  const std::vector<std::byte> bytes(60);
  for (std::size_t i = 0; i < FrameTap::kFrames + 3; ++i) tap.offer(frame_of(bytes));
  EXPECT_EQ(tap.lost(), 3U);
  EXPECT_EQ(tap.take(5, [](const Copy&) {}), 5U);
  tap.turn_off();
  EXPECT_FALSE(tap.is_on());
  tap.turn_on();
  EXPECT_EQ(tap.lost(), 0U);
  EXPECT_EQ(tap.take(5, [](const Copy&) {}), 0U);
}

TEST(FrameTap, IsReadWhileAWorkerWrites) {
  FrameTap tap;
  tap.turn_on();
  constexpr std::int64_t kFrames = 20'000;
  std::jthread worker([&] {
    for (std::int64_t i = 1; i <= kFrames; ++i) {
      const std::vector<std::byte> bytes(64, static_cast<std::byte>(i));
      tap.offer(frame_of(bytes, i));
    }
    tap.turn_off();
  });
  std::int64_t last = 0;
  std::uint64_t read = 0;
  const auto look = [&](const Copy& copy) {
    EXPECT_GT(copy.time.count(), last);
    last = copy.time.count();
    const auto is_it = [&](std::byte byte) { return byte == static_cast<std::byte>(last); };
    EXPECT_TRUE(std::ranges::all_of(copy.bytes(), is_it));
  };
  while (tap.is_on()) read += tap.take(16, look);
  worker.join();
  read += tap.take(FrameTap::kFrames, look);
  EXPECT_EQ(read + tap.lost(), static_cast<std::uint64_t>(kFrames));
}

}  // namespace
}  // namespace sluice::engine
