// Only one copy of each byte of a client's stream ever passes: the first.

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

  // The payload of what is forwarded for a segment; nullopt if nothing is.
  std::optional<ByteVector> payload_sent(std::size_t offset, Bytes bytes) {
    const auto frame = lab_.forward(connection_.data(offset, bytes), io::Side::inside);
    if (!frame) return std::nullopt;
    const auto packet = packet::decode(*frame, LinkType::ethernet);
    EXPECT_TRUE(packet && packet::checksums_hold(*packet));
    return ByteVector(packet->payload.begin(), packet->payload.end());
  }

  Lab lab_;
  Connection connection_;
  // Equally long, so that one can replace the other.
  ByteVector banned_ = hello("abc.wechat.com");
  ByteVector clean_ = hello("abc.weather.io");
};

TEST_F(Overlap, ALaterCopyIsRewrittenToTheFirst) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_EQ(payload_sent(0, Bytes(clean_).first(half)),
            ByteVector(clean_.begin(), clean_.begin() + static_cast<long>(half)));
  // The first half repeats earlier bytes, the second is new. Together they are a clean or a broken
  // hello, but never the banned one.
  const auto sent = payload_sent(0, clean_);
  EXPECT_EQ(sent, clean_);
  EXPECT_EQ(payload_sent(0, banned_), clean_) << "judged to its end, and not acknowledged";
  EXPECT_EQ(lab_.counters->overlaps.value(), 1U);
  lab_.send(connection_.server_hello(clean_.size()), io::Side::outside);
  EXPECT_EQ(lab_.send(connection_.data(clean_.size(), test::byte_vector("data"))),
            Verdict::pass_flow);
}

TEST_F(Overlap, TheFirstCopyOfABannedNameBlocksWhateverComesLater) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_TRUE(payload_sent(half, Bytes(banned_).subspan(half)));
  EXPECT_FALSE(payload_sent(0, clean_)) << "it goes on with the banned half";
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

TEST_F(Overlap, OneByteThatDiffersIsRewritten) {
  const std::size_t at = as_text(banned_).find("wechat");
  ByteVector nearly = banned_;
  nearly[at] = std::byte{'x'};
  EXPECT_EQ(payload_sent(0, nearly), nearly);
  EXPECT_EQ(payload_sent(at, Bytes(banned_).subspan(at, 1)), ByteVector{std::byte{'x'}});
}

// The server trims these bytes off, so they pass unchanged.
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

TEST_F(OverlapWithoutReplace, ACopyThatDiffersIsDroppedWithoutEndingTheFlow) {
  const std::size_t most = as_text(clean_).find("weather") + 5;
  EXPECT_TRUE(payload_sent(0, Bytes(clean_).first(most)));
  EXPECT_FALSE(payload_sent(0, Bytes(banned_).first(most + 3)));
  EXPECT_EQ(lab_.count(Verdict::drop, Reason::overlap), 1U);
  // None of its bytes were kept.
  EXPECT_TRUE(payload_sent(most, Bytes(clean_).subspan(most)));
}

// A packet that stacks discard does not count as a copy.
TEST_F(Overlap, PacketsThatServersDiscardAreDroppedWithoutEndingTheFlow) {
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

// This bounds the cost of a packet to a small multiple of an ordinary one.
TEST_F(Overlap, APacketThatClosesAGapIsJudgedInBoundedStepsAndRetransmitted) {
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

std::string request_for(std::string_view host) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}
std::string requests_for_other_hosts(int count) {
  std::string stream;
  for (int i = 0; i < count; ++i) stream += request_for("h" + std::to_string(i) + ".example");
  return stream;
}

TEST(Hosts, OfOrdinaryRequestsAndAnyNumberOfRequestsForOnePassAtOnce) {
  std::string for_one_host, for_others;
  while (for_one_host.size() < 1350) for_one_host += request_for("a.example");
  for (int i = 0; i < 7; ++i) {
    const std::string fields = "\r\nUser-Agent: " + std::string(130, 'a');
    for_others += request_for("h" + std::to_string(i) + ".example" + fields);
  }
  ASSERT_LT(for_others.size(), 1400U);
  for (const std::string& stream : {requests_for_other_hosts(2), for_others, for_one_host}) {
    Lab lab;
    const Connection http("192.0.2.1:5001", "198.51.100.2:80");
    http.open(lab);
    EXPECT_EQ(lab.send(http.data(0, test::byte_vector(stream))), Verdict::pass);
  }
}

// A head is judged in parts of 2 KiB; the byte that completes one pays for it.
TEST(Hosts, ALongHeadThatComesByteByBytePassesAtOnce) {
  Lab lab;
  const Connection http("192.0.2.1:5001", "198.51.100.2:80");
  http.open(lab);
  std::string head = "GET / HTTP/1.1\r\nHost: a.example\r\n";
  while (head.size() < 5000) head += "a:\n";
  const ByteVector bytes = test::byte_vector(head + "\n");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    ASSERT_EQ(lab.send(http.data(at, Bytes(bytes).subspan(at, 1))), Verdict::pass) << at;
  }
}

// Each is looked up anew. Dropped alone, the segment goes on when it is sent again.
TEST(Hosts, ManyInOneSegmentAreJudgedInBoundedStepsAndRetransmitted) {
  for (const std::string_view last : {"a.example", "wechat.com"}) {
    Lab lab;
    const Connection http("192.0.2.1:5001", "198.51.100.2:80");
    http.open(lab);
    const ByteVector segment =
        http.data(0, test::byte_vector(requests_for_other_hosts(36) + request_for(last)));
    int again = 0;
    Verdict verdict = Verdict::drop;
    while ((verdict = lab.send(segment)) == Verdict::drop && ++again < 10) {
    }
    EXPECT_EQ(lab.count(Reason::over_budget), static_cast<std::uint64_t>(again));
    EXPECT_GT(again, 0);
    EXPECT_EQ(verdict, last == "a.example" ? Verdict::pass : Verdict::drop_flow);
  }
}

}  // namespace
}  // namespace sluice::engine
