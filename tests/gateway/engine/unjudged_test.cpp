// Traffic that cannot be judged is not passed, even if a flood evicted its state.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;
using test::LabOptions;

class Unjudged : public testing::Test {
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
  // Equally long, so that one can replace the other.
  ByteVector banned_ = hello("abc.wechat.com");
  ByteVector clean_ = hello("abc.weather.io");
};

// Bug: nobody could tell whom it broke.
TEST_F(Unjudged, ADropHasAnAuditRecordOfItsOwn) {
  ByteVector broken = banned_;
  broken[as_text(broken).find("abc.wechat") - 2] = std::byte{0xff};  // length of the name
  EXPECT_EQ(data(0, broken), Verdict::drop_flow);
  const telemetry::AuditRecord* const record = lab_.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->unjudged, "unreadable");
  EXPECT_EQ(record->suppressed, 0U);
  EXPECT_EQ(record->action.view(), "drop");
  EXPECT_EQ(record->name.view(), "");
  EXPECT_EQ(record->transport, "tcp");
  EXPECT_EQ(record->client.port, Port{5000});
  EXPECT_EQ(record->server.port, Port{443});
  lab_.audit.release();
  EXPECT_EQ(data(0, broken), Verdict::drop_flow);
  EXPECT_EQ(lab_.audit.front(), nullptr);  // the flow is blocked: nothing new
}

// The packet that shows it comes from the server.
TEST_F(Unjudged, TheRecordNamesTheClientWhateverPacketShowsIt) {
  EXPECT_EQ(data(0, Bytes(clean_).first(10)), Verdict::pass);
  EXPECT_EQ(acknowledge(100), Verdict::drop);
  ASSERT_NE(lab_.audit.front(), nullptr);
  EXPECT_EQ(lab_.audit.front()->unjudged, "unjudged_acknowledged");
  EXPECT_EQ(lab_.audit.front()->server.port, Port{443});
}

// They took another route. As long as nothing shows that the client sent them, the acknowledgment
// may be forged, and is dropped alone.
TEST_F(Unjudged, AcknowledgedBytesThatNeverPassedTheGatewayBlockTheFlow) {
  EXPECT_EQ(data(0, Bytes(clean_).first(10)), Verdict::pass);
  EXPECT_EQ(acknowledge(100), Verdict::drop);
  EXPECT_EQ(data(100, Bytes(clean_).subspan(100)), Verdict::pass);
  EXPECT_EQ(acknowledge(100), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unjudged_acknowledged), 2U);
  EXPECT_EQ(data(100, Bytes(clean_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Unjudged, OneForgedAcknowledgmentDoesNotEndAConnection) {
  EXPECT_EQ(data(0, Bytes(clean_).first(10)), Verdict::pass);
  for (const std::size_t ahead : {std::size_t{11}, std::size_t{1} << 29, std::size_t{1} << 30}) {
    EXPECT_EQ(acknowledge(ahead), Verdict::drop);
  }
  EXPECT_EQ(acknowledge(10), Verdict::pass);
  EXPECT_EQ(data(10, Bytes(clean_).subspan(10)), Verdict::pass);
  EXPECT_EQ(acknowledge(clean_.size()), Verdict::pass_flow);
}

TEST_F(Unjudged, AnAcknowledgmentOfUnseenBytesIsPassedIfConfigured) {
  Lab lab(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  connection_.open(lab);
  EXPECT_EQ(lab.send(connection_.acknowledge(100), io::Side::outside), Verdict::pass);
}

TEST_F(Unjudged, AFloodOfFlowsDoesNotUnblock) {
  EXPECT_EQ(data(0, banned_), Verdict::drop_flow);
  for (int port = 6000; port < 6500; ++port) {
    lab_.send(Connection("192.0.2.9:" + std::to_string(port)).syn());
  }
  EXPECT_EQ(data(0, clean_), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::flow_blocked) + lab_.dataplane.handled(), 1U);
}

TEST_F(Unjudged, AFloodOfHalfHellosDoesNotPassOne) {
  EXPECT_EQ(data(0, Bytes(banned_).first(100)), Verdict::pass);
  for (int port = 6000; port < 6050; ++port) {
    const Connection other("192.0.2.9:" + std::to_string(port));
    other.open(lab_);
    lab_.send(other.data(0, Bytes(clean_).first(100)));
  }
  EXPECT_EQ(data(100, Bytes(banned_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Unjudged, AFloodOfBlockedFlowsDoesNotPassOneUnderJudgement) {
  EXPECT_EQ(data(0, Bytes(banned_).first(100)), Verdict::pass);
  for (int port = 6000; port < 6200; ++port) {
    const Connection other("192.0.2.9:" + std::to_string(port));
    other.open(lab_);
    EXPECT_EQ(lab_.send(other.data(0, banned_)), Verdict::drop_flow);
  }
  EXPECT_EQ(data(100, Bytes(banned_).subspan(100)), Verdict::drop_flow);
}

TEST_F(Unjudged, UnreadableHelloIsNotPassed) {
  ByteVector broken = banned_;
  broken[as_text(broken).find("abc.wechat") - 2] = std::byte{0xff};  // length of the name
  EXPECT_EQ(data(0, broken), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unreadable), 1U);
}

TEST_F(Unjudged, UnreadableHelloIsPassedIfConfigured) {
  Lab lab(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  connection_.open(lab);
  ByteVector broken = banned_;
  broken[as_text(broken).find("abc.wechat") - 2] = std::byte{0xff};
  EXPECT_EQ(lab.send(connection_.data(0, broken)), Verdict::pass);
}

}  // namespace
}  // namespace sluice::engine
