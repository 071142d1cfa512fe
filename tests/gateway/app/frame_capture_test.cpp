// A capture belongs to one peer, and ends in time whatever that peer does.

#include "gateway/app/frame_capture.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::app {
namespace {

using control::PeerId;
using std::chrono::seconds;

class TheCapture : public testing::Test {
 protected:
  void block(int frames) {
    const std::vector<std::byte> bytes(60);
    for (int i = 0; i < frames; ++i) tap_.offer({.bytes = bytes});
  }
  // What the owner gets `after` so many seconds.
  [[nodiscard]] std::size_t frames_after(int after) {
    const auto part = capture_.next(kOwner, at(after));
    return part ? (*part)["frames"].size() : 999;
  }
  static FrameCapture::Time at(int second) { return FrameCapture::Time(seconds(second)); }

  static constexpr PeerId kOwner{1}, kOther{2};
  engine::FrameTap tap_;
  FrameCapture capture_{{&tap_}};
};

TEST_F(TheCapture, EndsAtItsTimeWithWhatCameBefore) {
  ASSERT_TRUE(capture_.begin(kOwner, 1000, seconds(4), at(0)));
  EXPECT_TRUE(tap_.is_on());
  block(3);
  EXPECT_EQ(frames_after(1), 3U);
  block(2);
  EXPECT_EQ(frames_after(4), 2U);
  EXPECT_FALSE(tap_.is_on());
  EXPECT_TRUE(capture_.is_under_way()) << "its owner was not told that it is over";
  const auto last = capture_.next(kOwner, at(4));
  ASSERT_TRUE(last);
  EXPECT_EQ((*last)["over"], true);
  EXPECT_FALSE(capture_.is_under_way());
}

TEST_F(TheCapture, EndsAtItsFrames) {
  ASSERT_TRUE(capture_.begin(kOwner, 2, seconds(60), at(0)));
  block(3);
  EXPECT_EQ(frames_after(1), 2U);
  EXPECT_FALSE(capture_.is_under_way());
  EXPECT_FALSE(tap_.is_on());
}

TEST_F(TheCapture, AnOwnerThatAsksNoMoreLosesIt) {
  ASSERT_TRUE(capture_.begin(kOwner, 1000, seconds(3600), at(0)));
  EXPECT_FALSE(capture_.begin(kOther, 1000, seconds(60), at(5)));
  EXPECT_FALSE(capture_.next(kOther, at(5)));
  capture_.expire(at(5));
  EXPECT_TRUE(capture_.is_under_way());
  capture_.expire(at(6));
  EXPECT_FALSE(capture_.is_under_way());
  EXPECT_FALSE(tap_.is_on());
  EXPECT_TRUE(capture_.begin(kOther, 1000, seconds(60), at(6)));
}

}  // namespace
}  // namespace sluice::app
