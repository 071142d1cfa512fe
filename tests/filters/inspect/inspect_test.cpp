#include "filters/inspect/inspect.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::inspect {
namespace {

using test::ByteVector;
using test::tls_records;

class Inspect : public testing::Test {
 protected:
  StreamReport stream(Bytes bytes, std::uint16_t port = 443, StreamState state = {}) {
    findings_.clear();
    state_ = state;
    return inspect_stream(bytes, Port{port}, state_, *scratch_, findings_);
  }
  DatagramReport datagram(Bytes bytes, std::uint16_t port) {
    findings_.clear();
    return inspect_datagram(bytes, Port{port}, *scratch_, findings_);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Finding& finding : findings_) {
      std::array<char, name::kMaxTextBytes> text;
      result.emplace_back(name::to_text(finding.name, text));
    }
    return result;
  }

  std::unique_ptr<Scratch> scratch_ = std::make_unique<Scratch>();
  FindingList findings_;
  StreamState state_;  // after the last call of stream()
};

using Names = std::vector<std::string>;

TEST_F(Inspect, ProtocolsAreToldByContentOnAnyPort) {
  for (const std::uint16_t port : std::vector<std::uint16_t>{443, 80, 53, 8443, 4000}) {
    EXPECT_EQ(stream(tls_records(test::client_hello("a.example")), port).protocol, Protocol::tls);
    EXPECT_EQ(names(), Names{"a.example"});
    EXPECT_EQ(stream(as_bytes(test::http_request("b.example:81")), port).protocol, Protocol::http);
    EXPECT_EQ(names(), Names{"b.example"});
    EXPECT_EQ(stream(test::framed(test::dns_query("C.Example")), port).protocol, Protocol::dns);
    EXPECT_EQ(names(), Names{"c.example"});
  }
}

TEST_F(Inspect, WhatIsNoProtocolOfOursIsUnrecognised) {
  for (const char* text :
       {"SSH-2.0-OpenSSH_9.2\r\n", "EHLO mail.example\r\n", "\x05\x01\x02\x03\x04\x05\x06"}) {
    EXPECT_FALSE(stream(as_bytes(text)).protocol) << text;
    EXPECT_EQ(state_.stage(), Stage::search) << text;
    EXPECT_TRUE(names().empty());
  }
}

TEST_F(Inspect, JunkOnPort53IsDns) {
  // It cannot be told from DNS that hides something.
  EXPECT_EQ(stream(test::framed(as_bytes("twelve bytes")), 53).protocol, Protocol::dns);
  // No server could act on so little.
  EXPECT_EQ(stream(test::framed(as_bytes("hi")), 53).progress, Progress::need_more);
}

TEST_F(Inspect, DnsStreamsHaveManyMessages) {
  ByteVector both = test::framed(test::dns_query("one.example"));
  const std::size_t first = both.size();
  test::append(both, test::framed(test::dns_query("two.example")));
  const auto report = stream(both, 53);
  EXPECT_EQ(report.progress, Progress::message);
  EXPECT_EQ(report.consumed, first);
  EXPECT_EQ(stream(Bytes(both).subspan(first), 53, state_).progress, Progress::message);
  EXPECT_EQ(names(), Names{"two.example"});
}

TEST_F(Inspect, BehindADnsMessageThatCannotBeReadAnotherFollows) {
  ByteVector cut = test::dns_query("one.example");
  cut.resize(cut.size() - 1);
  const ByteVector message = test::framed(cut);
  struct Expected {
    std::uint16_t port;
    StreamState before, after;
  };
  // At another port, what looked like DNS may be something else.
  for (const auto& [port, before, after] :
       {Expected{53, {}, {InDns{}}}, Expected{443, {InDns{}}, {InDns{}}}, Expected{443, {}, {}}}) {
    const StreamReport report = stream(message, port, before);
    EXPECT_EQ(report.progress, Progress::unreadable);
    EXPECT_EQ(report.error, ParseError::dns_malformed);
    EXPECT_EQ(report.consumed, message.size());
    EXPECT_EQ(state_.stage(), after.stage());
  }
}

TEST_F(Inspect, DatagramsAreReadWhereDnsIsSpoken) {
  EXPECT_EQ(datagram(test::dns_query("a.example"), 53).progress, Progress::finished);
  EXPECT_EQ(names(), Names{"a.example"});
  EXPECT_EQ(findings_[0].qtype, 1);
  EXPECT_EQ(datagram(test::dns_query("a.example"), 5353).progress, Progress::unrecognised);
  ByteVector cut = test::dns_query("a.example");
  cut.resize(cut.size() - 5);
  EXPECT_EQ(datagram(cut, 53).progress, Progress::unreadable);
  EXPECT_TRUE(names().empty());
}

// A prefix says need_more (and keeps its word about `needed`), or what the whole stream says.
TEST_F(Inspect, AnswersAreTheSameHoweverTheStreamIsSplit) {
  const std::vector<ByteVector> streams = {
      tls_records(test::client_hello("a.example", {.ech = true, .padding = 300})),
      tls_records(test::client_hello("a.example"), {1, 7, 30}),
      tls_records(test::client_hello("")),
      test::byte_vector(test::http_request("a.example")),
      test::framed(test::dns_query("a.example", {.edns = true, .cookie = 8})),
  };
  for (const ByteVector& whole : streams) {
    const StreamReport expected = stream(whole);
    const Names expected_names = names();
    ASSERT_NE(expected.progress, Progress::need_more);
    std::size_t needed = 0;
    for (std::size_t length = 1; length <= whole.size(); ++length) {
      const StreamReport report = stream(Bytes(whole).first(length));
      if (report.progress == Progress::need_more) {
        ASSERT_GT(report.needed, length);
        ASSERT_TRUE(names().empty());
        needed = report.needed;
        continue;
      }
      ASSERT_GE(length, needed) << "answered before it said that it could";
      ASSERT_EQ(report.progress, expected.progress) << length;
      ASSERT_EQ(names(), expected_names) << length;
    }
  }
}

TEST_F(Inspect, RandomBytesNeverNameAnythingOutsideThem) {
  std::mt19937 random(6);
  for (int round = 0; round < 20000; ++round) {
    // Half of them start like something.
    ByteVector bytes = round % 2 == 0 ? ByteVector{} : tls_records(test::client_hello("a.example"));
    if (round % 4 == 1) bytes = test::byte_vector(test::http_request("a.example"));
    const std::size_t from = random() % (bytes.size() + 1);
    bytes.resize(from + random() % 64);
    for (std::size_t i = from; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(random());
    static_cast<void>(stream(bytes));
    for (const Finding& finding : findings_) {
      if (finding.protocol == Protocol::dns) continue;
      const Bytes raw = as_bytes(finding.raw);
      const auto lies_in = [&](Bytes home) {
        return raw.data() >= home.data() && raw.data() + raw.size() <= home.data() + home.size();
      };
      ASSERT_TRUE(raw.empty() || lies_in(bytes) || lies_in(scratch_->handshake));
    }
  }
}

}  // namespace
}  // namespace sluice::inspect
