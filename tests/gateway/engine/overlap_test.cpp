// One reading on the wire: of each byte of a client's stream, the first copy that went through is
// the only one that ever does.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::hello;
using test::Lab;
using test::LabOptions;

class Overlap : public testing::Test {
 protected:
  explicit Overlap(const LabOptions& options = {}) : lab_(options) { connection_.open(lab_); }

  // What goes on in place of a segment: its payload; none: nothing.
  std::optional<ByteVector> payload_sent(std::size_t offset, Bytes bytes) {
    const auto frame = lab_.forward(connection_.data(offset, bytes), io::Side::inside);
    if (!frame) return std::nullopt;
    const auto packet = packet::decode(*frame, LinkType::ethernet);
    EXPECT_TRUE(packet && packet::checksums_hold(*packet));
    return ByteVector(packet->payload.begin(), packet->payload.end());
  }

  Lab lab_;
  Connection connection_;
  // Of one length, so that one can take the place of the other.
  ByteVector banned_ = hello("abc.wechat.com");
  ByteVector clean_ = hello("abc.weather.io");
};

TEST_F(Overlap, ALaterCopyGoesOnAsTheFirst) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_EQ(payload_sent(0, Bytes(clean_).first(half)),
            ByteVector(clean_.begin(), clean_.begin() + static_cast<long>(half)));
  // The first half is what went before, the second is new: the two make a clean hello, or a broken
  // one, but not the banned one.
  const auto sent = payload_sent(0, clean_);
  EXPECT_EQ(sent, clean_);
  EXPECT_EQ(payload_sent(0, banned_), clean_) << "judged to its end, and not acknowledged";
  EXPECT_EQ(lab_.counters->overlaps.value(), 1U);
  lab_.send(connection_.acknowledge(clean_.size()), io::Side::outside);
  EXPECT_EQ(lab_.send(connection_.data(clean_.size(), test::byte_vector("data"))),
            Verdict::pass_flow);
}

TEST_F(Overlap, TheFirstCopyOfABannedNameBlocksWhateverComesLater) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_TRUE(payload_sent(half, Bytes(banned_).subspan(half)));
  EXPECT_FALSE(payload_sent(0, clean_)) << "it goes on with the banned half";
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

TEST_F(Overlap, OneByteThatDiffersIsMended) {
  const std::size_t at = as_text(banned_).find("wechat");
  ByteVector nearly = banned_;
  nearly[at] = std::byte{'x'};
  EXPECT_EQ(payload_sent(0, nearly), nearly);
  EXPECT_EQ(payload_sent(at, Bytes(banned_).subspan(at, 1)), ByteVector{std::byte{'x'}});
}

// What the server trims off goes on as it is.
TEST_F(Overlap, StaleBytesInFrontAreNotTouched) {
  lab_.send(connection_.data(0, Bytes(clean_).first(10)));
  lab_.send(connection_.acknowledge(10), io::Side::outside);
  lab_.send(connection_.data(20, Bytes(clean_).subspan(20, 10)));
  ByteVector other = banned_;
  other[0] = other[25] = std::byte{0xee};
  const auto sent = payload_sent(0, Bytes(other).first(30));
  ASSERT_TRUE(sent);
  EXPECT_EQ((*sent)[0], std::byte{0xee});
  EXPECT_EQ((*sent)[25], clean_[25]);
}

class OverlapWithoutReplace : public Overlap {
 protected:
  OverlapWithoutReplace() : Overlap(LabOptions{.can = {.drop = true, .inject = true}}) {}
};

TEST_F(OverlapWithoutReplace, ACopyThatDiffersIsDroppedAlone) {
  const std::size_t most = as_text(clean_).find("weather") + 5;
  EXPECT_TRUE(payload_sent(0, Bytes(clean_).first(most)));
  EXPECT_FALSE(payload_sent(0, Bytes(banned_).first(most + 3)));
  EXPECT_EQ(lab_.count(Verdict::drop, Reason::overlap), 1U);
  // Nothing of it was kept.
  EXPECT_TRUE(payload_sent(most, Bytes(clean_).subspan(most)));
}

// What stacks discard is no copy.
TEST_F(Overlap, WhatServersDiscardIsDroppedAlone) {
  const auto send = [&](const FrameBuilder& frame) { return lab_.send(frame.build()); };
  const auto segment = [&](std::uint32_t acknowledgment, std::string_view flags) {
    return FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
        .tcp(Connection::kClient, acknowledgment, flags)
        .payload(clean_);
  };
  EXPECT_EQ(send(segment(Connection::kServer, "P")), Verdict::drop);
  EXPECT_EQ(send(segment(Connection::kServer + 100'000, "PA")), Verdict::drop);
  EXPECT_EQ(send(segment(Connection::kServer - 100'000, "PA")), Verdict::drop);
  EXPECT_EQ(lab_.count(Reason::discarded), 3U);
  EXPECT_FALSE(payload_sent(0, banned_));
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

// So that no packet costs more than a small multiple of an ordinary one.
TEST_F(Overlap, APacketThatClosesAGapJudgesSoMuchOfWhatLiesBehindAndIsSentAgain) {
  Lab lab;
  const Connection http("192.0.2.1:5001", "198.51.100.2:80");
  http.open(lab);
  std::string stream;
  while (stream.size() < 16'000) stream += "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
  const ByteVector bytes = test::byte_vector(stream + "GET / HTTP/1.1\r\nHost: wechat.com\r\n\r\n");
  for (std::size_t at = 1; at < bytes.size(); at += 1000) {
    const std::size_t size = std::min<std::size_t>(1000, bytes.size() - at);
    EXPECT_EQ(lab.send(http.data(at, Bytes(bytes).subspan(at, size))), Verdict::pass);
  }
  const ByteVector first = http.data(0, Bytes(bytes).first(1));
  int again = 0;
  while (lab.send(first) == Verdict::drop && ++again < 100) {
  }
  EXPECT_GT(again, 1);
  EXPECT_LT(again, 100);
  EXPECT_EQ(lab.count(Reason::over_budget), static_cast<std::uint64_t>(again));
  EXPECT_EQ(lab.count(Verdict::drop_flow, Reason::banned), 1U) << "the last one is found";
}

}  // namespace
}  // namespace sluice::engine
