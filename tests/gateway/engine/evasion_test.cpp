// Ways round a gateway that reads only what lies plainly before it. Each is blocked.

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

class Evasion : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }
  Verdict data(std::size_t offset, Bytes bytes) {
    return lab_.send(connection_.data(offset, bytes));
  }
  Verdict acknowledge(std::size_t offset) {
    return lab_.send(connection_.acknowledge(offset), io::Side::outside);
  }

  Lab lab_;
  Connection connection_;
  // Of one length, so that one can take the place of the other.
  ByteVector banned_ = hello("abc.wechat.com");
  ByteVector clean_ = hello("abc.weather.io");
};

TEST_F(Evasion, ServerNeverAcknowledgedTheDecoy) {
  // The clean hello has a TTL that does not reach the server; then comes the true one.
  EXPECT_EQ(data(0, clean_), Verdict::pass);
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
}

TEST_F(Evasion, OverlapThatWinsAtTheServer) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_EQ(data(half, Bytes(clean_).subspan(half)), Verdict::pass);
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);  // as last copy
}

TEST_F(Evasion, OverlapThatLosesAtTheServer) {
  const std::size_t half = banned_.size() / 2;
  EXPECT_EQ(data(half, Bytes(banned_).subspan(half)), Verdict::pass);
  EXPECT_EQ(data(0, clean_), Verdict::drop_flow);  // as first copy
}

TEST_F(Evasion, OverlapOfOneByteFarBehind) {
  ByteVector nearly = banned_;
  const std::size_t at = as_text(nearly).find("wechat");
  nearly[at] = std::byte{'x'};
  EXPECT_EQ(data(0, nearly), Verdict::pass);
  EXPECT_EQ(data(at, Bytes(banned_).subspan(at, 1)), Verdict::drop_flow);
}

TEST_F(Evasion, DecoyWithABadChecksum) {
  const ByteVector decoy = FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
                               .tcp(Connection::kClient, Connection::kServer, "PA")
                               .payload(clean_)
                               .broken_checksum()
                               .build();
  EXPECT_EQ(lab_.send(decoy), Verdict::drop);
  EXPECT_EQ(lab_.count(Reason::bad_checksum), 1U);
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
}

TEST_F(Evasion, DecoyBehindTheWindow) {
  EXPECT_EQ(data(100'000, clean_), Verdict::drop);
  EXPECT_EQ(lab_.count(Reason::beyond_window), 1U);
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
}

TEST_F(Evasion, ResetDecoyDoesNotEndTheInspection) {
  lab_.send(
      FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(Connection::kClient, 0, "R").build());
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
}

TEST_F(Evasion, SynDecoyDoesNotMoveTheStream) {
  lab_.send(FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(90000, 0, "S").build());
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
}

TEST_F(Evasion, HelloInTheSyn) {
  Lab lab;
  const ByteVector syn =
      FrameBuilder("192.0.2.1:5001", "198.51.100.2:443").tcp(999, 0, "S").payload(banned_).build();
  EXPECT_EQ(lab.send(syn), Verdict::drop_flow);
}

TEST_F(Evasion, BytesThatWeNeverSawAreNotPassed) {
  EXPECT_EQ(data(0, Bytes(clean_).first(10)), Verdict::pass);
  EXPECT_EQ(acknowledge(100), Verdict::drop_flow);  // some way round us
  EXPECT_EQ(lab_.count(Reason::unjudged_acknowledged), 1U);
  EXPECT_EQ(data(100, Bytes(clean_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Evasion, AFloodOfFlowsDoesNotUnblock) {
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
  for (int port = 6000; port < 6500; ++port) {
    lab_.send(Connection("192.0.2.9:" + std::to_string(port)).syn());
  }
  EXPECT_EQ(data(0, clean_), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::flow_blocked) + lab_.dataplane.handled(), 1U);
}

TEST_F(Evasion, AFloodOfHalfHellosDoesNotPassOne) {
  EXPECT_EQ(data(0, Bytes(banned_).first(100)), Verdict::pass);
  for (int port = 6000; port < 6050; ++port) {
    const Connection other("192.0.2.9:" + std::to_string(port));
    other.open(lab_);
    lab_.send(other.data(0, Bytes(clean_).first(100)));
  }
  EXPECT_EQ(data(100, Bytes(banned_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Evasion, AFloodOfBlockedFlowsDoesNotPassOneUnderJudgement) {
  EXPECT_EQ(data(0, Bytes(banned_).first(100)), Verdict::pass);
  for (int port = 6000; port < 6200; ++port) {
    const Connection other("192.0.2.9:" + std::to_string(port));
    other.open(lab_);
    EXPECT_EQ(lab_.send(other.data(0, banned_)), Verdict::drop_flow);
  }
  EXPECT_EQ(data(100, Bytes(banned_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Evasion, SecondQuestionOfAMessageAndOfAStream) {
  ByteVector stream = test::framed(test::dns_query("weather.io"));
  test::append(stream, test::framed(test::dns_query("wechat.com")));
  const Connection dns("192.0.2.1:5003", "198.51.100.2:53");
  dns.open(lab_);
  EXPECT_EQ(lab_.send(dns.data(0, stream)), Verdict::drop_flow);
}

TEST_F(Evasion, HttpHostWithPortFinalDotAndOddCase) {
  for (const char* host : {"WeChat.com:8080", "wechat.com.", " a..WECHAT.com.:80 "}) {
    Lab lab;
    connection_.open(lab);
    EXPECT_EQ(lab.send(connection_.data(0, as_bytes(test::http_request(host)))), Verdict::drop_flow)
        << host;
  }
}

TEST_F(Evasion, UnreadableHelloIsNotPassed) {
  ByteVector broken = banned_;
  broken[as_text(broken).find("abc.wechat") - 2] = std::byte{0xff};  // length of the name
  EXPECT_EQ(data(0, broken), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unreadable), 1U);
}

TEST_F(Evasion, UnreadableHelloIsPassedWhereTheOperatorSaysSo) {
  Lab lab(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  connection_.open(lab);
  ByteVector broken = banned_;
  broken[as_text(broken).find("abc.wechat") - 2] = std::byte{0xff};
  EXPECT_EQ(lab.send(connection_.data(0, broken)), Verdict::pass);
}

}  // namespace
}  // namespace sluice::engine
