// Traffic without a name is judged by the server's address. Whose word is believed on addresses:
// evidence_test.cpp.

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/engine/lab.h"
#include "tests/support/dtls_builder.h"
#include "tests/support/quic_builder.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::hello;
using test::kClient;
using test::Lab;
using test::LabOptions;

constexpr const char* kRange = "203.0.113.0/24";
constexpr const char* kInside = "203.0.113.7:8080";    // in the range
constexpr const char* kOutside = "198.51.100.2:8080";  // in no range
constexpr const char* kNameless = "\x01\x02 words of no protocol that we read";

LabOptions listed(policy::Action action = policy::Action::drop) {
  return {.action = action, .addresses = {kRange, "@@203.0.113.9", "2001:db8:7::/48"}};
}
Verdict send_first(Lab& lab, const Connection& connection, Bytes bytes) {
  connection.open(lab);
  return lab.send(connection.data(0, bytes));
}
Verdict send_nameless(Lab& lab, std::string_view server, std::string_view client = kClient) {
  return send_first(lab, Connection(client, server), as_bytes(kNameless));
}

// Bug: ranges did not hold for clients that reach IPv4 through NAT64.
TEST(Address, ListedRangesHoldBehindNat64) {
  Lab lab(listed());
  const char* const client = "[2001:db8:1::1]:5000";
  EXPECT_EQ(send_nameless(lab, "[64:ff9b::203.0.113.7]:8080", client), Verdict::drop_flow);
  EXPECT_EQ(lab.audit.front()->rule.view(), kRange);
  EXPECT_EQ(lab.audit.front()->name.view(), "64:ff9b::cb00:7107");
  EXPECT_EQ(send_nameless(lab, "[64:ff9b::203.0.113.9]:8080", client), Verdict::pass);
  EXPECT_EQ(send_nameless(lab, "[64:ff9b::198.51.100.2]:8080", client), Verdict::pass);
  const ByteVector datagram =
      FrameBuilder(client, "[64:ff9b::203.0.113.7]:6000").payload(kNameless).build();
  EXPECT_EQ(lab.send(datagram), Verdict::drop);
}

TEST(Address, NamelessTcpToAListedRangeIsDroppedAndRecorded) {
  Lab lab(listed());
  EXPECT_EQ(send_nameless(lab, kInside), Verdict::drop_flow);
  EXPECT_EQ(lab.count(Verdict::drop_flow, Reason::banned), 1U);
  const telemetry::AuditRecord* const record = lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->app.view(), "wechat");
  EXPECT_EQ(record->name.view(), "203.0.113.7");
  EXPECT_EQ(record->rule.view(), kRange);
  EXPECT_EQ(record->line, 3U);
  EXPECT_EQ(record->protocol.view(), "ip");
  EXPECT_EQ(record->evidence, 0U);
  EXPECT_EQ(record->server.to_string(), kInside);
}

TEST(Address, NoOtherAddressIsTouched) {
  Lab lab(listed());
  EXPECT_EQ(send_nameless(lab, kOutside), Verdict::pass);
  EXPECT_EQ(send_nameless(lab, "203.0.113.9:8080"), Verdict::pass);  // an exception
  EXPECT_EQ(send_nameless(lab, "203.0.112.255:8080"), Verdict::pass);
  EXPECT_EQ(send_nameless(lab, "[2001:db8:8::1]:8080", "[2001:db8::1]:5000"), Verdict::pass);
  EXPECT_EQ(lab.audit.front(), nullptr);
  EXPECT_EQ(send_nameless(lab, "[2001:db8:7::1]:8080", "[2001:db8::1]:5001"), Verdict::drop_flow);
}

TEST(Address, AHelloWithoutANameIsNameless) {
  Lab lab(listed());
  EXPECT_EQ(send_first(lab, Connection(kClient, kInside), hello("")), Verdict::drop_flow);
}

// An address in the place of a name does not count as a name.
TEST(Address, AHostHeaderWithAnAddressIsNameless) {
  int port = 5000;
  for (const char* host :
       {"203.0.113.7", "203.0.113.7:8080", "192.0.2.99", "[2001:db8::1]:80", "203.0.113.7."}) {
    Lab lab(listed());
    const Connection connection("192.0.2.1:" + std::to_string(port++), kInside);
    const std::string request = test::http_request(host);
    EXPECT_EQ(send_first(lab, connection, as_bytes(request)), Verdict::drop_flow) << host;
  }
  Lab lab(listed());
  EXPECT_EQ(send_first(lab, Connection(kClient, kInside), hello("203.0.113.7")),
            Verdict::drop_flow);
}

TEST(Address, ANameTakesPrecedenceOverTheAddress) {
  Lab lab(listed());
  EXPECT_EQ(send_first(lab, Connection(kClient, kInside), hello("example.com")), Verdict::pass);
}

TEST(Address, IfTheServerSpeaksFirstTheClientsDataIsJudged) {
  Lab lab(listed());
  const Connection connection(kClient, kInside);
  connection.open(lab);
  EXPECT_EQ(lab.send(connection.acknowledge(0, "220 ready"), Side::outside), Verdict::pass);
  EXPECT_EQ(lab.send(connection.data(0, as_bytes(kNameless))), Verdict::drop_flow);
}

TEST(Address, AConnectionOlderThanTheGatewayIsLeftAlone) {
  Lab lab(listed());
  EXPECT_EQ(lab.send(Connection(kClient, kInside).data(0, as_bytes(kNameless))), Verdict::pass);
}

TEST(Address, EachDatagramIsJudgedSeparately) {
  Lab lab(listed());
  const auto datagram = [](const char* to) {
    return FrameBuilder(kClient, to).payload(kNameless).build();
  };
  EXPECT_EQ(lab.send(datagram(kInside)), Verdict::drop);
  EXPECT_EQ(lab.send(datagram(kOutside)), Verdict::pass);
  EXPECT_EQ(lab.send(FrameBuilder(kInside, kClient).payload(kNameless).build(), Side::outside),
            Verdict::pass);
  EXPECT_EQ(lab.counters->leases.value(), 0U);
}

TEST(Address, AHelloInDatagramsWithoutANameIsNameless) {
  for (const char* name : {"", "203.0.113.7", "example.com"}) {
    Lab lab(listed());
    const ByteVector body = test::dtls_hello(name);
    const ByteVector dtls = test::dtls_record(test::dtls_fragment(body, 0, body.size()));
    const ByteVector quic = test::quic_hello(name).front();
    const bool is_name = name == std::string_view("example.com");
    for (const ByteVector* datagram : {&dtls, &quic}) {
      const std::string client = datagram == &dtls ? "192.0.2.1:5001" : "192.0.2.1:5002";
      const auto send = [&](const char* to, Bytes payload) {
        return lab.send(FrameBuilder(client, to).payload(payload).build());
      };
      EXPECT_EQ(send(kOutside, *datagram), Verdict::pass) << name;
      EXPECT_EQ(send(kInside, *datagram), is_name ? Verdict::pass : Verdict::drop) << name;
      EXPECT_EQ(send(kInside, as_bytes(kNameless)), Verdict::drop) << name;
    }
  }
}

TEST(Address, LogPassesAndRecords) {
  Lab lab(listed(policy::Action::log));
  EXPECT_EQ(send_nameless(lab, kInside), Verdict::pass);
  EXPECT_EQ(lab.count(Verdict::pass, Reason::logged), 1U);
  ASSERT_NE(lab.audit.front(), nullptr);
  EXPECT_EQ(lab.audit.front()->action.view(), "log");
}

TEST(Address, RejectResetsBothEnds) {
  Lab lab(listed(policy::Action::reject));
  EXPECT_EQ(send_nameless(lab, kInside), Verdict::drop);
  EXPECT_EQ(lab.dataplane.injected().size(), 2U);
}

}  // namespace
}  // namespace sluice::engine
