// A rejected connection ends at both ends: resets come behind what went before them, carry the
// number that their receiver expects, and are sent again while an end goes on.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;
using test::LabOptions;

class Reject : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }

  struct Sent {
    Side side;
    packet::TcpHeader tcp;
    bool behind_batch;
  };
  std::vector<Sent> resets() {
    std::vector<Sent> resets;
    for (const auto& injected : lab_.dataplane.injected()) {
      const auto packet = packet::decode(injected.frame, LinkType::ethernet);
      EXPECT_TRUE(packet && packet->tcp.rst && packet::checksums_hold(*packet));
      resets.push_back({injected.side, packet->tcp, injected.behind_batch});
    }
    return resets;
  }
  // The banned hello in two segments.
  ByteVector first() const { return connection_.data(0, Bytes(hello_).first(kCut)); }
  ByteVector second() const { return connection_.data(kCut, Bytes(hello_).subspan(kCut)); }

  static constexpr std::size_t kCut = 50;
  Lab lab_{LabOptions{.action = policy::Action::reject}};
  Connection connection_;
  ByteVector hello_ = hello("wechat.com");
};

// The server takes a reset at the next byte that it expects only (RFC 5961), so the reset must not
// overtake the first half of the hello.
TEST_F(Reject, TheServersResetComesBehindTheSegmentsOfItsBatch) {
  lab_.send_together({first(), second()}, Side::inside);
  EXPECT_EQ(lab_.dataplane.fates()[0].verdict, Verdict::pass);
  EXPECT_EQ(lab_.dataplane.fates()[1].verdict, Verdict::drop);
  const auto sent = resets();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].side, Side::inside);
  EXPECT_EQ(sent[1].side, Side::outside);
  EXPECT_TRUE(sent[1].behind_batch);
  EXPECT_EQ(sent[1].tcp.sequence, Connection::kClient + kCut);
}

// The first half was lost behind us. The server answers the reset with a challenge (RFC 5961
// section 3), which says what it expects.
TEST_F(Reject, AServerThatGoesOnIsResetAtTheNumberThatItExpects) {
  lab_.send(first());
  lab_.send(second());
  EXPECT_EQ(lab_.send(connection_.acknowledge(0), Side::outside), Verdict::drop);
  const auto sent = resets();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].side, Side::outside);
  EXPECT_EQ(sent[0].tcp.sequence, Connection::kClient);
}

TEST_F(Reject, AClientThatGoesOnHasBothEndsReset) {
  lab_.send(first());
  lab_.send(second());
  EXPECT_EQ(lab_.send(second()), Verdict::drop);
  const auto sent = resets();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].tcp.sequence, Connection::kServer);
  EXPECT_EQ(sent[1].tcp.sequence, Connection::kClient + kCut);
}

// A challenge of the client, whose reset was wrong: bytes of the server were under way.
TEST_F(Reject, AClientsBareAcknowledgmentIsAnsweredAtItsNumber) {
  lab_.send(first());
  lab_.send(second());
  EXPECT_EQ(lab_.send(connection_.received(hello_.size(), 7)), Verdict::drop);
  const auto sent = resets();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].side, Side::inside);
  EXPECT_EQ(sent[0].tcp.sequence, Connection::kServer + 7);
}

TEST_F(Reject, ResetsAreBoundedAndNoneAnswersAReset) {
  lab_.send(first());
  lab_.send(second());
  std::size_t to_server = 0;
  for (int i = 0; i < 100; ++i) {
    lab_.send(connection_.acknowledge(0), Side::outside);
    to_server += resets().size();
  }
  EXPECT_EQ(to_server, 8U);
  std::size_t to_client = 0;
  for (int i = 0; i < 100; ++i) {
    lab_.send(connection_.received(hello_.size(), 0));
    to_client += resets().size();
  }
  EXPECT_EQ(to_client, 8U);
  const ByteVector reset = test::FrameBuilder("198.51.100.2:443", test::kClient)
                               .tcp(Connection::kServer, Connection::kClient, "RA")
                               .payload("closed")
                               .build();
  lab_.send(reset, Side::outside);
  EXPECT_TRUE(resets().empty());
}

}  // namespace
}  // namespace sluice::engine
