// Losing state never means "pass": what comes of a connection whose place is lost.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"
#include "tests/support/http2_builder.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;
using test::LabOptions;

LabOptions with_sides() {
  LabOptions options;
  options.can.sides = true;
  return options;
}

// Longer than the idle timeout; somebody else's packet makes time go by.
void wait(Lab& lab, Nanos time = std::chrono::seconds(301)) {
  lab.now += time;
  lab.send(Connection("192.0.2.99:9").syn());
}

Connection opened(Lab& lab) {
  const Connection connection;
  connection.open(lab);
  lab.send(connection.received(0, 0));
  return connection;
}

TEST(Forgotten, TheRestOfAHelloIsDropped) {
  for (const auto time : {std::chrono::seconds(301), std::chrono::seconds(3500)}) {
    Lab lab(with_sides());
    const Connection connection = opened(lab);
    const ByteVector banned = hello("wechat.com");
    EXPECT_EQ(lab.send(connection.data(0, Bytes(banned).first(60))), Verdict::pass);
    wait(lab, time);
    EXPECT_EQ(lab.send(connection.data(60, Bytes(banned).subspan(60))), Verdict::drop);
    EXPECT_EQ(lab.count(Reason::forgotten), 1U);
  }
}

// The end of an ordinary hello, which dies on its way, is followed by that of another one.
TEST(Forgotten, AnotherCopyOfWhatTheServerHasNotAcknowledgedIsDropped) {
  const ByteVector banned = hello("a.wechat.com"), clean = hello("a.sample.com");
  ASSERT_EQ(banned.size(), clean.size());
  Lab lab(with_sides());
  const Connection connection = opened(lab);
  EXPECT_EQ(lab.send(connection.data(0, Bytes(clean).first(60))), Verdict::pass);
  EXPECT_EQ(lab.send(connection.data(60, Bytes(clean).subspan(60))), Verdict::pass);
  wait(lab);
  EXPECT_FALSE(io::passes(lab.send(connection.data(60, Bytes(banned).subspan(60)))));
}

TEST(Forgotten, ARefusedConnectionStaysRefused) {
  Lab lab(with_sides());
  const Connection connection = opened(lab);
  const ByteVector banned = hello("wechat.com");
  lab.send(connection.data(0, Bytes(banned).first(60)));
  EXPECT_FALSE(io::passes(lab.send(connection.data(60, Bytes(banned).subspan(60)))));
  wait(lab);
  EXPECT_FALSE(io::passes(lab.send(connection.data(60, Bytes(banned).subspan(60)))));
}

TEST(Forgotten, ARequestBehindTheRestOfABodyIsDropped) {
  Lab lab(with_sides());
  const Connection connection = opened(lab);
  const std::string head = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 20\r\n\r\n";
  EXPECT_EQ(lab.send(connection.data(0, as_bytes(head))), Verdict::pass);
  lab.send(connection.acknowledge(head.size()), Side::outside);
  wait(lab);
  const std::string rest = std::string(20, 'x') + test::http_request("wechat.com");
  EXPECT_EQ(lab.send(connection.data(head.size(), as_bytes(rest))), Verdict::drop);
}

TEST(Forgotten, ARequestOfHttp2IsDropped) {
  Lab lab(with_sides());
  const Connection connection = opened(lab);
  test::Http2Client client;
  ByteVector first = client.start();
  test::append(first, client.request("example.com"));
  EXPECT_EQ(lab.send(connection.data(0, first)), Verdict::pass);
  lab.send(connection.acknowledge(first.size()), Side::outside);
  wait(lab);
  EXPECT_EQ(lab.send(connection.data(first.size(), client.request("wechat.com"))), Verdict::drop);
}

// What an idle connection says next is judged as it is.
TEST(Forgotten, IsNoConnectionBetweenTwoRequests) {
  const std::string first = test::http_request("example.com");
  for (const char* host : {"example.com", "wechat.com"}) {
    Lab lab(with_sides());
    const Connection connection = opened(lab);
    EXPECT_EQ(lab.send(connection.data(0, as_bytes(first))), Verdict::pass);
    lab.send(connection.acknowledge(first.size()), Side::outside);
    wait(lab);
    const std::string next = test::http_request(host);
    EXPECT_EQ(io::passes(lab.send(connection.data(first.size(), as_bytes(next)))),
              std::string_view(host) == "example.com");
    EXPECT_EQ(lab.count(Reason::forgotten), 0U);
  }
}

TEST(Forgotten, IsNoSessionOfAProtocolThatWeDoNotRead) {
  Lab lab(with_sides());
  const Connection connection = opened(lab);
  EXPECT_EQ(lab.send(connection.data(0, as_bytes(std::string_view("NICK somebody\r\n")))),
            Verdict::pass);
  wait(lab);
  EXPECT_TRUE(io::passes(lab.send(connection.data(15, as_bytes(std::string_view("PING\r\n"))))));
}

// Its server may know the old connection still, and would take the bytes for it.
TEST(Forgotten, PortsAreUsedAgainOnceAServerAnswers) {
  const ByteVector banned = hello("wechat.com"), clean = hello("example.com");
  for (const bool is_answered : {false, true}) {
    for (const ByteVector& whole : {banned, clean}) {
      Lab lab(with_sides());
      const Connection connection = opened(lab);
      lab.send(connection.data(0, Bytes(banned).first(60)));
      wait(lab);
      EXPECT_EQ(lab.send(connection.syn()), Verdict::pass);
      if (is_answered) lab.send(connection.syn_ack(), Side::outside);
      EXPECT_EQ(io::passes(lab.send(connection.data(0, whole))), is_answered && whole == clean);
    }
  }
}

// The SYN was evicted. The answer says where the client's stream begins: the server throws the
// first byte away.
TEST(Forgotten, ASynComesBackWithItsAnswer) {
  ByteVector stale(1);
  test::append(stale, hello("wechat.com"));
  Lab lab(with_sides());
  const Connection connection;
  lab.send(connection.syn_ack(), Side::outside);
  lab.send(connection.received(0, 0));
  EXPECT_FALSE(io::passes(lab.send(connection.data(static_cast<std::size_t>(-1), stale))));
  EXPECT_EQ(lab.counters->flows.value(), 1U);
}

TEST(Forgotten, AnAnswerFromTheClientsSideMakesNoConnection) {
  Lab lab(with_sides());
  EXPECT_EQ(lab.send(Connection().syn_ack(), Side::inside), Verdict::pass);
  EXPECT_EQ(lab.counters->flows.value(), 0U);
}

}  // namespace
}  // namespace sluice::engine
