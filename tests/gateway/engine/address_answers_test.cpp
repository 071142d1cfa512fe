// Which addresses the gateway learns from DNS answers on the wire, and which not.

#include <gtest/gtest.h>

#include "tests/gateway/endpoints/answers.h"
#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::Answer;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::kResolver;
using test::Lab;

constexpr const char* kAsker = "192.0.2.1:5353";
constexpr const char* kServer = "203.0.113.7";
constexpr std::string_view kTrusted = "198.51.100.53";  // kResolver's

class Answers : public testing::Test {
 protected:
  explicit Answers(io::Capabilities can = {.drop = true, .inject = true})
      : lab({.action = policy::Action::log, .dns = test::trusting(kTrusted), .can = can}) {}

  void ask(std::string_view name, Side side = Side::inside) {
    query = test::dns_query(name, {.id = 77});
    lab.send(FrameBuilder(kAsker, kResolver).payload(query).build(), side);
  }
  void answer(const ByteVector& message, const char* from = kResolver) {
    EXPECT_EQ(lab.send(FrameBuilder(from, kAsker).payload(message).build(), Side::outside),
              Verdict::pass);
  }
  [[nodiscard]] std::uint64_t leases() const { return lab.counters->leases.value(); }
  // Whether nameless traffic to the server is dropped once the policy enforces the ban.
  bool drops() {
    lab.snapshots.publish(test::wechat_ban());
    const Connection connection("192.0.2.1:" + std::to_string(++port),
                                std::string(kServer) + ":443");
    connection.open(lab);
    return lab.send(connection.data(0, as_bytes("\x01 words"))) == Verdict::drop_flow;
  }

  Lab lab;
  ByteVector query;
  int port = 6000;
};

TEST_F(Answers, ToABannedQuestionMakeLeases) {
  ask("sg.wechat.com");
  answer(Answer(query).address("sg.wechat.com", kServer).build());
  EXPECT_EQ(leases(), 1U);
  while (lab.audit.front() != nullptr) lab.audit.release();
  EXPECT_TRUE(drops());
  ASSERT_NE(lab.audit.front(), nullptr);
  EXPECT_EQ(lab.audit.front()->rule.view(), "wechat.com");
  EXPECT_EQ(lab.audit.front()->evidence, 1U);
}

// So that a dataplane which passes nameless datagrams itself hands these up, from the first on.
TEST_F(Answers, ALeaseIsWatchedBeforeItsAnswerIsOut) {
  ask("sg.wechat.com");
  answer(Answer(query).address("sg.wechat.com", kServer).build());
  ASSERT_EQ(lab.dataplane.watched().size(), 1U);
  EXPECT_EQ(lab.dataplane.watched()[0].address, *IpAddress::parse(kServer));
  EXPECT_FALSE(lab.dataplane.watched()[0].behind_batch);
  ask("example.com");
  answer(Answer(query).address("example.com", "203.0.113.8").build());
  EXPECT_EQ(lab.dataplane.watched().size(), 1U) << "an innocent name's";
}

TEST_F(Answers, ASpoofedAnswerCreatesNothing) {
  ask("example.com");
  ask("sg.wechat.com");
  ByteVector forged = Answer(query).address("sg.wechat.com", kServer).build();
  answer(forged, "198.51.100.54:53");  // another server
  forged[1] = std::byte{78};           // another ID
  answer(forged);
  answer(Answer(test::dns_query("b.wechat.com", {.id = 77}))  // another name
             .address("b.wechat.com", kServer)
             .build());
  EXPECT_EQ(leases(), 0U);
  EXPECT_FALSE(drops());
}

TEST_F(Answers, OnlyTheFirstAnswerCounts) {
  ask("sg.wechat.com");
  answer(Answer(query).address("sg.wechat.com", "203.0.113.8").build());
  answer(Answer(query).address("sg.wechat.com", kServer).build());
  EXPECT_EQ(leases(), 1U);
  EXPECT_FALSE(drops());
}

TEST_F(Answers, BehindAnAliasIntoASharedNetworkMakeNoLease) {
  ask("sg.wechat.com");
  answer(Answer(query)
             .alias("sg.wechat.com", "edge.cdn.example")
             .address("edge.cdn.example", kServer)
             .build());
  EXPECT_EQ(leases(), 0U);
  EXPECT_EQ(lab.counters->innocent_addresses.value(), 0U);
}

class AnswersWithSides : public Answers {
 protected:
  AnswersWithSides() : Answers({.drop = true, .inject = true, .sides = true}) {}
};

// A host outside spoofs a client's question and answers it.
TEST_F(AnswersWithSides, AQuestionFromOutsideIsIgnored) {
  ask("sg.wechat.com", Side::outside);
  answer(Answer(query).address("sg.wechat.com", kServer).build());
  EXPECT_EQ(leases(), 0U);
  ask("sg.wechat.com");
  answer(Answer(query).address("sg.wechat.com", kServer).build());
  EXPECT_EQ(leases(), 1U);
}

}  // namespace
}  // namespace sluice::engine
