// Routes are asymmetric: packets of one end only come by. Connections go on, what is kept is
// bounded, and no byte passes that is not judged.

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/engine/lab.h"
#include "tests/support/http2_builder.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::byte_vector;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;
using test::LabOptions;

constexpr std::size_t kSegment = 1400;
constexpr std::size_t kPiece = 0x4000;

LabOptions asymmetric() {
  LabOptions options;
  options.routes = flow::Routes::asymmetric;
  options.can.sides = true;
  return options;
}

std::string request(std::string_view host) {
  return "GET /a/page/of/some/length HTTP/1.1\r\nHost: " + std::string(host) +
         "\r\nUser-Agent: a browser\r\nAccept: */*\r\n\r\n";
}

ByteVector chunk(std::size_t size) {
  return byte_vector("4000\r\n" + std::string(size, 'x') + "\r\n");
}

// A client, of whose server nothing is heard.
class Client {
 public:
  explicit Client(Lab& lab, std::string_view address = test::kClient)
      : lab_(lab), connection_(address) {}

  Client& open() {
    EXPECT_EQ(lab_.send(connection_.syn()), Verdict::pass);
    EXPECT_EQ(lab_.send(connection_.received(0, 0)), Verdict::pass);
    return *this;
  }
  // In segments; the verdict of the last one, or the first that is no pass.
  Verdict send(Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kSegment) {
      const Bytes piece = bytes.subspan(at, std::min(kSegment, bytes.size() - at));
      const Verdict verdict = lab_.send(connection_.data(sent_, piece));
      if (verdict != Verdict::pass) return verdict;
      sent_ += piece.size();
    }
    return Verdict::pass;
  }
  Verdict send(std::string_view text) { return send(as_bytes(text)); }
  Verdict send_again(std::size_t offset, std::string_view text) {
    return lab_.send(connection_.data(offset, as_bytes(text)));
  }
  Verdict syn_at(std::size_t offset) {
    return lab_.send(test::FrameBuilder(test::kClient, "198.51.100.2:443")
                         .tcp(Connection::kClient + static_cast<std::uint32_t>(offset) - 1, 0, "S")
                         .build());
  }
  Verdict end(std::string_view flags) {
    return lab_.send(test::FrameBuilder(test::kClient, "198.51.100.2:443")
                         .tcp(Connection::kClient + static_cast<std::uint32_t>(sent_),
                              Connection::kServer, flags)
                         .build());
  }
  void go_to(std::size_t offset) { sent_ = offset; }
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] const Connection& connection() const { return connection_; }

 private:
  Lab& lab_;
  Connection connection_;
  std::size_t sent_ = 0;
};

// How much a client gets through, of up to `most` requests.
std::size_t requests_through(Client& client, std::size_t most) {
  std::size_t requests = 0;
  while (requests < most && client.send(request("a.example")) == Verdict::pass) ++requests;
  return requests;
}

constexpr std::size_t kManyRequests = 12'000;  // over 1 MiB

// Fault: HTTP of one direction stopped at the window.
TEST(Asymmetric, RequestsOfOneDirectionGoOn) {
  Lab lab(asymmetric());
  Client client(lab);
  ASSERT_EQ(requests_through(client.open(), kManyRequests), kManyRequests);
  EXPECT_GT(client.sent(), 1024U * 1024);
  EXPECT_EQ(lab.counters->streams.value(), 1U);
  EXPECT_LE(lab.counters->examined.value(), 8 * client.sent());
  EXPECT_EQ(lab.count(Reason::given_up), 0U);
  EXPECT_EQ(client.send(request("wechat.com")), Verdict::drop_flow);
}

TEST(Asymmetric, WithoutTheSettingTheyStop) {
  LabOptions options = asymmetric();
  options.routes = flow::Routes::symmetric;
  Lab lab(options);
  Client client(lab);
  EXPECT_LT(requests_through(client.open(), kManyRequests), 1000U);
  EXPECT_EQ(lab.count(Reason::beyond_window), 1U);
}

TEST(Asymmetric, ChunksOfOneDirectionGoOn) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  ASSERT_EQ(client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Verdict::pass);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(client.send(chunk(kPiece)), Verdict::pass) << i;
  EXPECT_GT(client.sent(), 30U * 1024 * 1024);
  EXPECT_LE(lab.counters->streams.value(), 2U);
  EXPECT_EQ(client.send("0\r\n\r\n" + request("wechat.com")), Verdict::drop_flow);
}

TEST(Asymmetric, SmallChunksOfOneDirectionGoOn) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  ASSERT_EQ(client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Verdict::pass);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(client.send("5\r\nhello\r\n"), Verdict::pass) << i;
  EXPECT_EQ(client.send("0\r\n\r\n" + request("wechat.com")), Verdict::drop_flow);
}

TEST(Asymmetric, Http2OfOneDirectionGoesOn) {
  Lab lab(asymmetric());
  Client client(lab);
  test::Http2Client http2;
  client.open();
  ASSERT_EQ(client.send(http2.start()), Verdict::pass);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(client.send(http2.request("a.example")), Verdict::pass) << i;
    ASSERT_EQ(client.send(http2.data(i % 10 == 0 ? kPiece : 40)), Verdict::pass) << i;
  }
  EXPECT_GT(client.sent(), 4U * 1024 * 1024);
  EXPECT_LE(lab.counters->streams.value(), 2U);
  EXPECT_EQ(client.send(http2.request("wechat.com")), Verdict::drop_flow);
}

TEST(Asymmetric, DnsOfOneDirectionGoesOn) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  const ByteVector innocent = test::framed(test::dns_query("a.example"));
  for (int i = 0; i < 6000; ++i) ASSERT_EQ(client.send(innocent), Verdict::pass) << i;
  EXPECT_GT(client.sent(), 2 * kStreamCapacity);
  EXPECT_LE(lab.counters->streams.value(), 1U);
  EXPECT_FALSE(io::passes(client.send(test::framed(test::dns_query("wechat.com")))));
}

// A request of no length that anybody could tell, of any number of fields.
TEST(Asymmetric, ALongHeadGoesOn) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  ASSERT_EQ(client.send("GET / HTTP/1.1\r\n"), Verdict::pass);
  for (int i = 0; i < 4000; ++i) {
    ASSERT_EQ(client.send("X-Field: some value of a field\r\n"), Verdict::pass) << i;
  }
  EXPECT_EQ(client.send("Host: wechat.com\r\n\r\n"), Verdict::drop_flow);
}

TEST(Asymmetric, WhatIsStillKeptMayBeSentAgain) {
  Lab lab(asymmetric());
  Client client(lab);
  ASSERT_EQ(requests_through(client.open(), 1000), 1000U);
  const std::string one = request("a.example");
  const std::size_t kept = 14 * 1024;
  const std::size_t at = (client.sent() - kept) / one.size() * one.size();
  EXPECT_EQ(client.send_again(at, one), Verdict::pass);
  const ByteVector other = client.connection().data(at, as_bytes(request("b.example")));
  EXPECT_EQ(lab.forward(other, Side::inside), client.connection().data(at, as_bytes(one)));
  EXPECT_EQ(lab.count(Reason::given_up), 0U);
}

// Nobody can tell whether it is what went before.
TEST(Asymmetric, EvasionACopyOfWhatIsNoLongerKept) {
  Lab lab(asymmetric());
  Client client(lab);
  const std::string innocent = request("abcdef.com");
  client.open();
  ASSERT_EQ(client.send(innocent), Verdict::pass);
  ASSERT_EQ(requests_through(client, 1000), 1000U);
  EXPECT_EQ(client.send_again(0, request("wechat.com")), Verdict::drop);
  EXPECT_EQ(client.send_again(0, innocent), Verdict::drop);
  EXPECT_EQ(client.send_again(10, innocent.substr(10)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::given_up), 3U);
  EXPECT_EQ(client.send(request("a.example")), Verdict::pass) << "alone";
}

TEST(Asymmetric, EvasionACopyOfAChunksLineThatIsNoLongerKept) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  ASSERT_EQ(client.send("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Verdict::pass);
  const std::size_t at = client.sent();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(client.send("5\r\nhello\r\n"), Verdict::pass);
  EXPECT_EQ(client.send_again(at, "0\r\n\r\nGET "), Verdict::drop);
  EXPECT_EQ(client.send_again(0, "POST / HTTP/1.1\r\nHost: wechat.com"), Verdict::drop);
  EXPECT_EQ(client.send_again(client.sent() - 10, "5\r\nhello\r\n"), Verdict::pass);
  EXPECT_EQ(lab.count(Reason::given_up), 2U);
}

// A body whose head is judged need not be kept, and may come again from anywhere.
TEST(Asymmetric, ABodyMayBeSentAgainFromItsStart) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  const std::string head = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 20000000\r\n\r\n";
  ASSERT_EQ(client.send(head), Verdict::pass);
  const ByteVector body(10'000'000, std::byte{'x'});
  ASSERT_EQ(client.send(body), Verdict::pass);
  EXPECT_EQ(client.send_again(head.size(), std::string(kSegment, 'x')), Verdict::pass);
  EXPECT_EQ(client.send_again(0, head), Verdict::pass);
}

// Connections that keep what they sent share memory that nobody's acknowledgment frees: who holds
// it longest gives it up, and goes on.
TEST(Asymmetric, MoreConnectionsThanThereIsMemoryGoOn) {
  LabOptions options = asymmetric();
  options.limits.flows = 512;
  Lab lab(options);
  const ByteVector innocent = hello("a.example");
  const std::string data = "\x17\x03\x03" + std::string(100, 'x');
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 8 * options.limits.streams; ++i) {
    clients.emplace_back(lab, "192.0.2." + std::to_string(i + 1) + ":5000").open();
    ASSERT_EQ(clients.back().send(innocent), Verdict::pass) << i;
  }
  for (Client& client : clients) ASSERT_EQ(client.send(data), Verdict::pass);
  EXPECT_LE(lab.counters->streams.value(), options.limits.streams);
  EXPECT_EQ(lab.count(Reason::no_memory), 0U);
  // The copies that are no longer there to be compared with.
  const ByteVector other = hello("wechat.com");
  std::size_t passed = 0;
  for (Client& client : clients) {
    const auto forwarded = lab.forward(client.connection().data(0, other), Side::inside);
    EXPECT_NE(forwarded, client.connection().data(0, other));
    if (forwarded) ++passed;
  }
  EXPECT_LE(passed, options.limits.streams);
  EXPECT_EQ(lab.count(Reason::given_up), clients.size() - passed);
}

// Nothing says that a server has answered, but these are connections.
TEST(Asymmetric, ConnectionsAreNotInTheShareOfTheUnanswered) {
  LabOptions options = asymmetric();
  Lab lab(options);
  std::vector<Client> clients;
  for (std::size_t i = 0; i < options.limits.flows / 2; ++i) {
    clients.emplace_back(lab, "192.0.2." + std::to_string(i + 1) + ":5000").open();
  }
  for (std::size_t i = 0; i < 2 * options.limits.flows; ++i) {  // a flood of SYNs
    const std::string address = "203.0.113." + std::to_string(i + 1) + ":5000";
    lab.send(Connection(address).syn());
  }
  for (Client& client : clients) {
    EXPECT_EQ(client.send(request("a.example")), Verdict::pass);
    EXPECT_EQ(client.send(request("wechat.com")), Verdict::drop_flow);
  }
}

// TLS is over once a server says ServerHello, or after 16 KiB. Nobody acknowledges the hello, so
// each packet is looked at: one that lies where the hello was must be the same.
TEST(Asymmetric, TlsGoesOnAndIsNeverHandedOver) {
  Lab lab(asymmetric());
  Client client(lab);
  client.open();
  ASSERT_EQ(client.send(hello("a.example")), Verdict::pass);
  const ByteVector record(60'000, std::byte{0x17});
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.send(record), Verdict::pass) << i;
  EXPECT_EQ(lab.count(Verdict::pass_flow, Reason::flow_passed), 0U);
  const ByteVector other = client.connection().data(0, hello("wechat.com"));
  EXPECT_NE(lab.forward(other, Side::inside), other);
}

TEST(Asymmetric, AnIdleConnectionGoesOn) {
  for (const bool tls : {false, true}) {
    Lab lab(asymmetric());
    Client client(lab);
    client.open();
    ASSERT_EQ(client.send(tls ? hello("a.example") : byte_vector(request("a.example"))),
              Verdict::pass);
    lab.now += 2 * LabOptions{}.limits.idle_timeout;
    lab.send(Connection("192.0.2.99:1").syn());  // the time
    EXPECT_EQ(client.send(tls ? byte_vector("\x17\x03\x03") : byte_vector(request("a.example"))),
              Verdict::pass);
  }
}

TEST(Asymmetric, HalfAHelloThatIsForgottenDoesNotGoOn) {
  Lab lab(asymmetric());
  Client client(lab);
  const ByteVector banned = hello("wechat.com");
  client.open();
  ASSERT_EQ(client.send(Bytes(banned).first(60)), Verdict::pass);
  lab.now += 2 * LabOptions{}.limits.idle_timeout;
  lab.send(Connection("192.0.2.99:1").syn());  // the time
  EXPECT_EQ(client.send(Bytes(banned).subspan(60)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::forgotten), 1U);
}

// Resets go into connections whose handshake was seen only.
TEST(Asymmetric, RejectDrops) {
  LabOptions options = asymmetric();
  options.action = policy::Action::reject;
  Lab lab(options);
  Client client(lab);
  EXPECT_EQ(client.open().send(hello("wechat.com")), Verdict::drop_flow);
  EXPECT_TRUE(lab.dataplane.injected().empty());
}

TEST(Asymmetric, PortsMayBeUsedAgainOnceTheConnectionIsOver) {
  for (const char* const flags : {"FA", "R"}) {
    Lab lab(asymmetric());
    Client client(lab);
    client.open();
    ASSERT_EQ(client.send(request("a.example")), Verdict::pass);
    EXPECT_EQ(client.syn_at(100'000), Verdict::drop) << "it is not over";
    EXPECT_EQ(lab.count(Reason::other_start), 1U);
    EXPECT_EQ(client.end(flags), Verdict::pass);
    EXPECT_EQ(client.syn_at(10), Verdict::drop)
        << "its bytes would come to lie where the others are";
    EXPECT_EQ(client.syn_at(100'000), Verdict::pass);
    client.go_to(100'000);
    EXPECT_EQ(client.send(request("a.example")), Verdict::pass);
    EXPECT_EQ(client.send(request("wechat.com")), Verdict::drop_flow);
  }
}

// A refusal ends with another SYN, but the byte that the server of the refused one waits for never
// passes.
TEST(Asymmetric, EvasionASynThatDoesNotArriveLiftsNoRefusal) {
  const ByteVector banned = hello("wechat.com");
  const std::size_t half = 60;
  for (const std::size_t at : {std::size_t{0} - 500, std::size_t{1}, half, half + 1, banned.size(),
                               banned.size() + 1, half + 5000}) {
    Lab lab(asymmetric());
    Client client(lab);
    client.open();
    ASSERT_EQ(client.send(Bytes(banned).first(half)), Verdict::pass);
    ASSERT_EQ(client.send(Bytes(banned).subspan(half)), Verdict::drop_flow);
    const bool taken = io::passes(client.syn_at(at));
    EXPECT_EQ(taken, at > banned.size() && at < 10'000) << at;
    EXPECT_FALSE(io::passes(client.send(Bytes(banned).subspan(half)))) << at;
    ByteVector longer(banned.begin() + half, banned.end());
    longer.resize(1200);
    EXPECT_FALSE(io::passes(client.send(longer))) << at;
  }
}

// --- only the server is heard ---

TEST(Asymmetric, AServerAloneIsHeardAndPasses) {
  Lab lab(asymmetric());
  const Connection connection;
  EXPECT_EQ(lab.send(connection.syn_ack(), Side::outside), Verdict::pass);
  const std::string page = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
  std::size_t sent = 0;
  for (std::size_t i = 0; i < 3000; ++i) {
    // What looks like a request is none: the server says it.
    const std::string text = i % 10 == 0 ? request("wechat.com") : page;
    const ByteVector frame = connection.answer(sent, as_bytes(text), 300 * (i + 1));
    ASSERT_EQ(lab.send(frame, Side::outside), Verdict::pass) << i;
    sent += text.size();
  }
  EXPECT_EQ(lab.counters->streams.value(), 0U);
  EXPECT_EQ(lab.count(Reason::unjudged_acknowledged), 0U);
}

TEST(Asymmetric, WithoutTheSettingAServerAloneIsNotHeard) {
  LabOptions options = asymmetric();
  options.routes = flow::Routes::symmetric;
  Lab lab(options);
  const Connection connection;
  lab.send(connection.syn_ack(), Side::outside);
  EXPECT_EQ(lab.send(connection.answer(0, as_bytes("page"), 300), Side::outside), Verdict::drop);
}

TEST(Asymmetric, AClientThatIsHeardAfterAllIsJudged) {
  for (const bool tls : {false, true}) {
    Lab lab(asymmetric());
    const Connection connection;
    lab.send(connection.syn_ack(), Side::outside);
    ASSERT_EQ(lab.send(connection.answer(0, as_bytes("page"), 300), Side::outside), Verdict::pass);
    const ByteVector banned = tls ? hello("wechat.com") : byte_vector(request("wechat.com"));
    EXPECT_EQ(lab.send(connection.data(300, as_bytes(request("a.example")))), Verdict::pass);
    EXPECT_FALSE(io::passes(lab.send(connection.data(300 + request("a.example").size(), banned))));
  }
}

TEST(Asymmetric, AServersNextConnectionOnThePortsIsJudgedFromItsStart) {
  Lab lab(asymmetric());
  const Connection connection;
  lab.send(connection.syn_ack(), Side::outside);
  lab.send(connection.answer(0, as_bytes("page"), 300), Side::outside);
  connection.open(lab);
  const ByteVector banned = hello("wechat.com");
  EXPECT_EQ(lab.send(connection.data(0, Bytes(banned).first(60))), Verdict::pass);
  EXPECT_EQ(lab.send(connection.data(60, Bytes(banned).subspan(60))), Verdict::drop_flow);
}

// --- both are heard: as without the setting ---

TEST(Asymmetric, WhereBothAreHeardFlowsPass) {
  Lab lab(asymmetric());
  const Connection connection;
  connection.open(lab);
  const ByteVector innocent = hello("a.example");
  EXPECT_EQ(lab.send(connection.data(0, innocent)), Verdict::pass);
  EXPECT_EQ(lab.send(connection.server_hello(innocent.size()), Side::outside), Verdict::pass_flow);
}

TEST(Asymmetric, AnAcknowledgmentOfWhatAHeardClientNeverSentIsNotBelieved) {
  Lab lab(asymmetric());
  const Connection connection;
  connection.open(lab);
  ASSERT_EQ(lab.send(connection.data(0, as_bytes("GET / HT"))), Verdict::pass);
  EXPECT_EQ(lab.send(connection.acknowledge(500), Side::outside), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unjudged_acknowledged), 1U);
}

}  // namespace
}  // namespace sluice::engine
