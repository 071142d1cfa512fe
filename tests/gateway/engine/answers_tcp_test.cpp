// DNS answers over TCP, through the whole engine.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/gateway/engine/answers_lab.h"
#include "tests/support/fragments.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::alias_of;
using test::ByteVector;
using test::Connection;
using test::DnsResponse;
using test::ech;
using test::FrameBuilder;
using test::kClient;
using test::kResolver;
using test::Lab;
using test::LabOptions;

DnsResponse keys_of(std::string_view name) {
  return DnsResponse(name, 65).https(name, "", {.ipv4_hints = {"203.0.113.9"}, .ech = 40});
}
ByteVector framed(const DnsResponse& response) {
  return test::framed(response.build());
}
ByteVector joined(const std::vector<DnsResponse>& responses) {
  ByteVector stream;
  for (const DnsResponse& response : responses) test::append(stream, framed(response));
  return stream;
}

// A client that has asked, and what its server says.
struct Talk {
  explicit Talk(const LabOptions& options = {}, const char* server = kResolver,
                std::string_view name = "www.a.example")
      : lab(options), connection(kClient, server) {
    connection.open(lab);
    ask(name);
  }
  void ask(std::string_view name, const test::QueryOptions& options = {}) {
    const ByteVector question = test::framed(test::dns_query(name, options));
    EXPECT_EQ(lab.send(connection.data(asked, question)), Verdict::pass);
    asked += question.size();
  }
  Verdict answer(std::size_t at, Bytes bytes) {
    return lab.send(connection.answer(at, bytes, asked), Side::outside);
  }
  Verdict answer(const DnsResponse& response) { return answer(0, framed(response)); }
  void acknowledge(std::size_t answered) { lab.send(connection.received(asked, answered)); }

  Lab lab;
  Connection connection;
  std::size_t asked = 0;
};

TEST(TcpAnswers, AnAliasOfABannedNameEndsTheFlowAndIsRecordedForItsClient) {
  Talk talk;
  EXPECT_EQ(talk.answer(alias_of("Web.WeChat.com")), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.count(Verdict::drop_flow, Reason::banned), 1U);
  const telemetry::AuditRecord* const record = talk.lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->name.view(), "web.wechat.com");
  EXPECT_EQ(record->protocol.view(), "dns");
  EXPECT_EQ(record->transport, "tcp");
  EXPECT_EQ(record->client.to_string(), kClient);
  EXPECT_EQ(record->server.to_string(), kResolver);
  EXPECT_EQ(talk.answer(alias_of("cdn.example")), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
}

TEST(TcpAnswers, OrdinaryAnswersPass) {
  Talk talk;
  const ByteVector stream = joined({alias_of("cdn.example"), alias_of("open.wechat.com"),
                                    DnsResponse("a.example").a("a.example", "203.0.113.9")});
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  EXPECT_EQ(talk.lab.audit.front(), nullptr);
  EXPECT_EQ(talk.lab.counters->streams.value(), 1U);
  talk.acknowledge(stream.size());
  EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
  talk.ask("b.example");
  EXPECT_EQ(talk.answer(stream.size(), framed(alias_of("web.wechat.com"))), Verdict::drop_flow);
}

TEST(TcpAnswers, EveryKindOfAliasIsJudged) {
  for (const DnsResponse& response :
       {DnsResponse("a.b.example").dname("b.example", "wechat.com"),
        DnsResponse("a.example", 65).https("a.example", "svc.wechat.com"),
        DnsResponse("a.example", 65).https("a.example", "svc.wechat.com", {.priority = 0})}) {
    EXPECT_EQ(Talk().answer(response), Verdict::drop_flow);
  }
}

TEST(TcpAnswers, TheSegmentThatCompletesABannedAnswerIsDropped) {
  const ByteVector stream = joined({alias_of("cdn.example"), alias_of("web.wechat.com")});
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Talk talk;
    EXPECT_EQ(talk.answer(0, Bytes(stream).first(cut)), Verdict::pass) << cut;
    EXPECT_EQ(talk.answer(cut, Bytes(stream).subspan(cut)), Verdict::drop_flow) << cut;
    Talk reversed;
    EXPECT_EQ(reversed.answer(cut, Bytes(stream).subspan(cut)), Verdict::pass) << cut;
    EXPECT_EQ(reversed.answer(0, Bytes(stream).first(cut)), Verdict::drop_flow) << cut;
  }
}

// The server's stream is cut, reordered, repeated and acknowledged at random. The client never gets
// a whole banned answer, and always gets the innocent ones.
TEST(TcpAnswers, AnySplitIsJudgedAlike) {
  std::mt19937 random(11);
  for (int round = 0; round < 600; ++round) {
    const bool is_banned = round % 2 == 0;
    const ByteVector stream =
        joined({alias_of("cdn.example"), alias_of(is_banned ? "web.wechat.com" : "web.weather.io"),
                DnsResponse("b.example").a("b.example", "203.0.113.9")});
    std::vector<std::pair<std::size_t, std::size_t>> pieces;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 90, stream.size() - at);
      pieces.emplace_back(at, size);
      if (random() % 4 == 0) pieces.emplace_back(at, size);
      at += size;
    }
    if (round % 3 != 0) std::ranges::shuffle(pieces, random);
    Talk talk;
    bool blocked = false;
    for (const auto& [at, size] : pieces) {
      const Verdict verdict = talk.answer(at, Bytes(stream).subspan(at, size));
      blocked = blocked || verdict == Verdict::drop_flow;
      ASSERT_TRUE(blocked || verdict == Verdict::pass) << round;
      if (random() % 8 == 0) talk.acknowledge(at);
    }
    ASSERT_EQ(blocked, is_banned) << round;
    ASSERT_EQ(talk.lab.count(Reason::banned), is_banned ? 1U : 0U);
  }
}

TEST(TcpAnswers, RetransmissionsPassAndAreCountedOnce) {
  Talk talk;
  const ByteVector stream = framed(alias_of("cdn.example"));
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  const std::uint64_t findings = talk.lab.counters->findings.value();
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  talk.acknowledge(stream.size());
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  EXPECT_EQ(talk.lab.counters->findings.value(), findings);
}

ByteVector replaced_payload(const Lab& lab) {
  if (lab.dataplane.replaced().size() != 1) return {};
  const auto packet = packet::decode(lab.dataplane.replaced()[0].frame, LinkType::ethernet);
  if (!packet || !packet::checksums_hold(*packet)) return {};
  return {packet->payload.begin(), packet->payload.end()};
}

// All readers see the same bytes: a copy that differs is rewritten to the first one.
TEST(TcpAnswers, ACopyThatDiffersIsRewrittenToTheFirst) {
  Talk talk;
  const ByteVector stream = framed(alias_of("web.weather.io"));
  const ByteVector other = framed(alias_of("web.wechat.com"));
  ASSERT_EQ(stream.size(), other.size());
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  EXPECT_EQ(talk.answer(0, other), Verdict::replace);
  EXPECT_EQ(replaced_payload(talk.lab), stream);
  EXPECT_EQ(talk.lab.counters->overlaps.value(), 1U);
  EXPECT_EQ(talk.answer(stream.size(), stream), Verdict::pass);
  // Also before the message is complete.
  Talk parts;
  EXPECT_EQ(parts.answer(10, Bytes(stream).subspan(10)), Verdict::pass);
  EXPECT_EQ(parts.answer(0, other), Verdict::replace);
  EXPECT_EQ(replaced_payload(parts.lab), stream);
}

TEST(TcpAnswers, ACopyThatDiffersIsDroppedIfItCannotBeRewritten) {
  LabOptions options;
  options.can.replace = false;
  Talk talk(options);
  const ByteVector stream = framed(alias_of("web.weather.io"));
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
  EXPECT_EQ(talk.answer(0, framed(alias_of("web.wechat.com"))), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::overlap), 1U);
  EXPECT_EQ(talk.answer(stream.size(), stream), Verdict::pass);
}

TEST(TcpAnswers, PacketsThatTheClientDiscardsAreDroppedWithoutEndingTheFlow) {
  Talk talk;
  const ByteVector frame =
      FrameBuilder(kResolver, kClient)
          .tcp(Connection::kServer, Connection::kClient + static_cast<std::uint32_t>(talk.asked),
               "PA")
          .payload(framed(alias_of("web.wechat.com")))
          .broken_checksum()
          .build();
  EXPECT_EQ(talk.lab.send(frame, Side::outside), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::bad_checksum), 1U);
  EXPECT_EQ(talk.answer(alias_of("cdn.example")), Verdict::pass);
}

// Servers fill the messages of a zone transfer up to 16 KiB, the reach of compression, or 64 KiB.
constexpr int kRecordsOf16KiB = 250, kRecordsOf64KiB = 1250;

// `last` is one record of the last message.
std::vector<ByteVector> zone(std::string_view last, int records = kRecordsOf16KiB) {
  std::vector<ByteVector> messages;
  for (int i = 0; i < 40; ++i) {
    DnsResponse response("zone.example", 252);
    for (int j = 0; j < records; ++j) {
      const std::string name = "host" + std::to_string(i * 10000 + j) + ".zone.example";
      if (j % 5 == 0) {
        response.cname(name, j == records - 5 && i == 39 ? last : "zone.example");
      } else {
        response.a(name, "203.0.113.9");
      }
    }
    messages.push_back(test::framed(response.build()));
  }
  return messages;
}

// The bytes that passed, from a server that never waits for the client.
std::size_t transfer(Talk& talk, const std::vector<ByteVector>& messages, bool acknowledges) {
  ByteVector stream;
  for (const ByteVector& message : messages) test::append(stream, message);
  for (std::size_t at = 0; at < stream.size(); at += 1400) {
    const Bytes segment =
        Bytes(stream).subspan(at, std::min<std::size_t>(1400, stream.size() - at));
    if (talk.answer(at, segment) != Verdict::pass) return at;
    if (acknowledges) talk.acknowledge(at);
  }
  talk.acknowledge(stream.size());
  return stream.size();
}

void expect_transfer(int records, bool acknowledges) {
  Talk talk({}, kResolver, "zone.example");
  const std::vector<ByteVector> messages = zone("zone.example", records);
  std::size_t bytes = 0;
  for (const ByteVector& message : messages) bytes += message.size();
  EXPECT_GT(bytes, 10 * kOrdinaryCapacity);
  EXPECT_EQ(transfer(talk, messages, acknowledges), bytes);
  EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
  Talk banned({}, kResolver, "zone.example");
  EXPECT_LT(transfer(banned, zone("web.wechat.com", records), acknowledges), bytes);
  EXPECT_EQ(banned.lab.count(Reason::banned), 1U);
}

TEST(TcpAnswers, AZoneTransferPassesAndLeavesNothingInMemory) {
  for (const bool acknowledges : {true, false}) expect_transfer(kRecordsOf16KiB, acknowledges);
}

TEST(TcpAnswers, AZoneTransferOfTheLongestMessagesPasses) {
  for (const bool acknowledges : {true, false}) expect_transfer(kRecordsOf64KiB, acknowledges);
}

// A network card may merge segments into a frame that is larger than the stream window.
TEST(TcpAnswers, AFrameLargerThanTheWindowIsReadPieceByPiece) {
  ByteVector stream;
  for (int i = 0; i < 400; ++i) test::append(stream, framed(alias_of("cdn.example")));
  ASSERT_GT(stream.size(), kOrdinaryCapacity);
  EXPECT_EQ(Talk().answer(0, stream), Verdict::pass);
  test::append(stream, framed(alias_of("web.wechat.com")));
  EXPECT_EQ(Talk().answer(0, stream), Verdict::drop_flow);
}

TEST(TcpAnswers, BytesBehindAGapAreKeptUpToABound) {
  Talk talk;
  const ByteVector stream = framed(alias_of("cdn.example"));
  EXPECT_EQ(talk.answer(kStreamCapacity, stream), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::beyond_window), 1U);
  EXPECT_EQ(talk.answer(0, stream), Verdict::pass);
}

// Distinct aliases, in over 50 KB.
ByteVector answer_of_aliases(std::string_view last) {
  DnsResponse response("a.example");
  for (int i = 0; i < 1400; ++i) {
    response.cname("a.example", "an-alias-long-enough-" + std::to_string(i) + ".b.example");
  }
  return test::framed(response.cname("a.example", last).build());
}

TEST(TcpAnswers, ALongAnswerThatClosesAGapIsJudgedInBoundedStepsAndRetransmitted) {
  for (const std::string_view last : {"cdn.example", "web.wechat.com"}) {
    Talk talk;
    const ByteVector stream = answer_of_aliases(last);
    for (std::size_t at = 1400; at < stream.size(); at += 1400) {
      const std::size_t size = std::min<std::size_t>(1400, stream.size() - at);
      EXPECT_EQ(talk.answer(at, Bytes(stream).subspan(at, size)), Verdict::pass);
    }
    int again = 0;
    Verdict verdict = Verdict::drop;
    while ((verdict = talk.answer(0, Bytes(stream).first(1400))) == Verdict::drop && ++again < 50) {
    }
    EXPECT_GT(again, 1);
    EXPECT_EQ(talk.lab.count(Reason::over_budget), static_cast<std::uint64_t>(again));
    EXPECT_EQ(verdict, last == "cdn.example" ? Verdict::pass : Verdict::drop_flow);
  }
}

// In order, each segment pays for the aliases that it brings.
TEST(TcpAnswers, ALongAnswerIsJudgedAsItComes) {
  Talk talk;
  const ByteVector stream = answer_of_aliases("cdn.example");
  for (std::size_t at = 0; at < stream.size(); at += 1400) {
    const std::size_t size = std::min<std::size_t>(1400, stream.size() - at);
    EXPECT_EQ(talk.answer(at, Bytes(stream).subspan(at, size)), Verdict::pass) << at;
  }
  EXPECT_EQ(talk.lab.count(Reason::over_budget), 0U);
  EXPECT_EQ(talk.answer(stream.size(), framed(alias_of("web.wechat.com"))), Verdict::drop_flow)
      << "nothing of it stays for the next message";
}

TEST(TcpAnswers, TheStartOfALongAnswerThatShowsABannedNameIsRefused) {
  DnsResponse response("a.example");
  response.cname("a.example", "web.wechat.com").raw("a.example", 10, ByteVector(9000));
  const ByteVector stream = test::framed(response.build());
  Talk talk;
  EXPECT_EQ(talk.answer(0, Bytes(stream).first(1400)), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.count(Reason::banned), 1U);
}

// A message of `size` bytes behind its length field; the alias is its last record.
ByteVector long_answer(std::string_view target, std::size_t bytes) {
  const auto message = [&](std::size_t filler) {
    return DnsResponse("a.example")
        .raw("a.example", 10, ByteVector(filler))
        .cname("a.example", target)
        .build();
  };
  return test::framed(message(bytes - message(0).size()));
}
constexpr std::size_t kLongestMessage = 65535;

TEST(TcpAnswers, TheLongestAnswerIsJudged) {
  for (const std::size_t bytes : {kOrdinaryCapacity, kOrdinaryCapacity + 1, kLongestMessage}) {
    for (const bool reversed : {false, true}) {
      const auto last_verdict = [&](std::string_view target) {
        Talk talk;
        const ByteVector stream = long_answer(target, bytes);
        const std::size_t segments = (stream.size() + 1399) / 1400;
        Verdict verdict = Verdict::pass;
        for (std::size_t i = 0; i < segments; ++i) {
          EXPECT_EQ(verdict, Verdict::pass) << i;
          const std::size_t at = (reversed ? segments - 1 - i : i) * 1400;
          verdict = talk.answer(
              at, Bytes(stream).subspan(at, std::min<std::size_t>(1400, stream.size() - at)));
        }
        talk.acknowledge(stream.size());
        EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
        return verdict;
      };
      EXPECT_EQ(last_verdict("cdn.example"), Verdict::pass);
      EXPECT_EQ(last_verdict("web.wechat.com"), Verdict::drop_flow);
    }
  }
}

// Only a few long messages are assembled at a time. Bug: who had filled the slots kept them, and
// all others waited for five minutes.
TEST(TcpAnswers, ALongMessageTakesTheSlotOfAnother) {
  Talk talk;
  const ByteVector question = test::framed(test::dns_query("a.example"));
  const ByteVector stream = long_answer("web.wechat.com", kLongestMessage);
  std::vector<Connection> others;
  for (std::size_t i = 0; i < long_stream_slots(8).slots; ++i) {
    others.emplace_back("192.0.2.9:" + std::to_string(5000 + i), kResolver);
    others.back().open(talk.lab);
    EXPECT_EQ(talk.lab.send(others.back().data(0, question)), Verdict::pass);
    EXPECT_EQ(talk.lab.send(others.back().answer(0, Bytes(stream).first(30'000), question.size()),
                            Side::outside),
              Verdict::pass);
  }
  EXPECT_EQ(talk.answer(0, Bytes(stream).first(kOrdinaryCapacity)), Verdict::pass);
  const auto rest = [&] {
    return talk.answer(kOrdinaryCapacity, Bytes(stream).subspan(kOrdinaryCapacity));
  };
  EXPECT_EQ(rest(), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.count(Verdict::drop_flow, Reason::banned), 1U);
  // The oldest of those that held one is dropped: what it lost cannot be judged.
  const auto rest_of = [&](const Connection& other) {
    return talk.lab.send(other.answer(30'000, Bytes(stream).subspan(30'000), question.size()),
                         Side::outside);
  };
  EXPECT_FALSE(io::passes(rest_of(others[0])));
  EXPECT_EQ(talk.lab.count(Reason::banned), 1U);
  EXPECT_EQ(rest_of(others[1]), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.count(Verdict::drop_flow, Reason::banned), 2U);
}

TEST(TcpAnswers, UnreadableAnswersFollowTheConfiguration) {
  const ByteVector target = test::byte_vector("\xff\xff");
  const DnsResponse broken = DnsResponse("a.example").raw("a.example", 5, target);
  Talk strict;
  EXPECT_EQ(strict.answer(broken), Verdict::drop_flow);
  EXPECT_EQ(strict.lab.count(Verdict::drop_flow, Reason::unreadable), 1U);
  Talk lenient(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  const ByteVector stream = framed(broken);
  EXPECT_EQ(lenient.answer(0, stream), Verdict::pass);
  EXPECT_EQ(lenient.answer(stream.size(), framed(alias_of("web.wechat.com"))), Verdict::drop_flow);
}

ByteVector broken_question() {
  ByteVector message = test::dns_query("www.a.example");
  message.resize(message.size() - 1);
  return test::framed(message);
}

TEST(TcpQuestions, AnUnreadableQuestionPassesIfConfigured) {
  const LabOptions pass{.fallbacks = {.unjudged = policy::Fallback::pass}};
  const ByteVector broken = broken_question();
  const ByteVector banned = test::framed(test::dns_query("web.wechat.com"));
  // As the first question of the stream, and behind another one.
  for (const char* server : {kResolver, "198.51.100.53:8053"}) {
    Talk strict({}, server);
    EXPECT_EQ(strict.lab.send(strict.connection.data(strict.asked, broken)), Verdict::drop_flow);
    EXPECT_EQ(strict.lab.count(Verdict::drop_flow, Reason::unreadable), 1U);
    for (const std::size_t good : {0U, 1U}) {
      Lab lab(pass);
      const Connection connection(kClient, server);
      connection.open(lab);
      const ByteVector first =
          good == 0 ? ByteVector{} : test::framed(test::dns_query("a.example"));
      if (good != 0) {
        EXPECT_EQ(lab.send(connection.data(0, first)), Verdict::pass);
      }
      const std::size_t at = first.size();
      EXPECT_EQ(lab.send(connection.data(at, broken)), Verdict::pass);
      EXPECT_EQ(lab.count(Verdict::pass, Reason::unreadable), 1U);
      EXPECT_EQ(lab.send(connection.data(at + broken.size(), banned)), Verdict::drop_flow);
      EXPECT_EQ(lab.count(Verdict::drop_flow, Reason::banned), 1U);
    }
  }
}

TEST(TcpQuestions, AnUnreadableQuestionHidesNothingBehindItHoweverTheStreamIsSplit) {
  ByteVector stream = broken_question();
  test::append(stream, test::framed(test::dns_query("web.wechat.com")));
  for (std::size_t cut = 0; cut < stream.size(); ++cut) {
    Lab lab(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
    const Connection connection(kClient, kResolver);
    connection.open(lab);
    if (cut > 0) {
      EXPECT_EQ(lab.send(connection.data(0, Bytes(stream).first(cut))), Verdict::pass);
    }
    EXPECT_EQ(lab.send(connection.data(cut, Bytes(stream).subspan(cut))), Verdict::drop_flow);
  }
}

TEST(TcpAnswers, AnswersBehindAnUnreadableQuestionAreJudged) {
  Lab lab(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  const Connection connection(kClient, kResolver);
  connection.open(lab);
  const ByteVector broken = broken_question();
  EXPECT_EQ(lab.send(connection.data(0, broken)), Verdict::pass);
  const ByteVector first = framed(alias_of("cdn.example"));
  EXPECT_EQ(lab.send(connection.answer(0, first, broken.size()), Side::outside), Verdict::pass);
  EXPECT_EQ(
      lab.send(connection.answer(first.size(), framed(alias_of("web.wechat.com")), broken.size()),
               Side::outside),
      Verdict::drop_flow);
}

TEST(TcpAnswers, OnAnyPortTheClientsQuestionIdentifiesDns) {
  Talk talk({}, "198.51.100.53:8053");
  EXPECT_EQ(talk.answer(alias_of("web.wechat.com")), Verdict::drop_flow);
  // A server that speaks another protocol on that port is left alone.
  Talk other({}, "198.51.100.53:8053");
  const std::string words(2 * kOrdinaryCapacity, 'x');
  EXPECT_EQ(other.answer(0, as_bytes(words)), Verdict::pass);
  EXPECT_EQ(other.lab.counters->streams.value(), 0U);
}

TEST(TcpAnswers, AConfiguredPortIsDnsWhateverTheQuestionLooksLike) {
  ByteVector message = test::dns_query("web.wechat.com");
  message[3] = std::byte{0x03};  // an RCODE, which no client sends
  const ByteVector question = test::framed(message);
  const auto verdict = [&](const LabOptions& options) {
    Lab lab(options);
    const Connection connection(kClient, "198.51.100.53:5300");
    connection.open(lab);
    return lab.send(connection.data(0, question));
  };
  LabOptions configured;
  configured.dns = {.ports = {Port{53}, Port{5300}}, .port_count = 2};
  EXPECT_EQ(verdict({}), Verdict::pass);
  EXPECT_EQ(verdict(configured), Verdict::drop_flow);
}

TEST(TcpAnswers, AnswersOnAConnectionOlderThanTheGatewayAreJudged) {
  Lab lab;
  const Connection connection(kClient, kResolver);
  const ByteVector question = test::framed(test::dns_query("www.a.example"));
  EXPECT_EQ(lab.send(connection.data(0, question)), Verdict::pass);
  EXPECT_EQ(lab.send(connection.answer(700, framed(alias_of("web.wechat.com")), question.size()),
                     Side::outside),
            Verdict::drop_flow);
}

// How the last frame was answered; the client has `answered` bytes from the server.
void expect_resets(const Talk& talk, std::size_t answered) {
  ASSERT_EQ(talk.lab.dataplane.injected().size(), 2U);
  for (const auto& injected : talk.lab.dataplane.injected()) {
    const auto reset = packet::decode(injected.frame, LinkType::ethernet);
    ASSERT_TRUE(reset);
    EXPECT_TRUE(reset->tcp.rst);
    const bool to_client = injected.side == Side::inside;
    EXPECT_EQ(reset->destination_port, to_client ? Port{5000} : Port{53});
    // Each end accepts a reset at the next byte that it expects.
    EXPECT_EQ(reset->tcp.sequence,
              to_client ? Connection::kServer + static_cast<std::uint32_t>(answered)
                        : Connection::kClient + static_cast<std::uint32_t>(talk.asked));
  }
}

// Where nothing can stand in the answer's place (refusal_test.cpp): the client would lose the first
// one, which lies in the same segment.
TEST(TcpAnswers, RejectResetsBothEnds) {
  Talk talk(LabOptions{.action = policy::Action::reject});
  EXPECT_EQ(talk.answer(0, joined({alias_of("cdn.example"), alias_of("web.wechat.com")})),
            Verdict::drop);
  expect_resets(talk, 0);
}

TEST(TcpAnswers, AnswersWithEchKeysEndTheFlowIfConfigured) {
  Talk talk(ech(policy::Ech::drop));
  EXPECT_EQ(talk.answer(keys_of("a.example")), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::ech), 1U);
  expect_resets(talk, 0);
  EXPECT_EQ(Talk().answer(keys_of("a.example")), Verdict::pass);
}

TEST(TcpAnswers, EchKeysAreStrippedAlsoFromRetransmissions) {
  Talk talk(ech(policy::Ech::strip));
  const ByteVector before = framed(alias_of("cdn.example"));
  const ByteVector stream =
      joined({alias_of("cdn.example"), keys_of("a.example"), alias_of("cdn.example")});
  EXPECT_EQ(talk.answer(0, stream), Verdict::replace);
  EXPECT_EQ(talk.lab.count(Verdict::replace, Reason::ech), 1U);
  const ByteVector stripped = replaced_payload(talk.lab);
  ASSERT_EQ(stripped.size(), stream.size());
  EXPECT_NE(stripped, stream);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), stripped.begin()));
  EXPECT_TRUE(std::equal(before.begin(), before.end(),
                         stripped.end() - static_cast<std::ptrdiff_t>(before.size())));
  // The packet is lost behind the gateway: the server sends it again, in other pieces.
  const ByteVector alone = framed(keys_of("a.example"));
  EXPECT_EQ(talk.answer(before.size(), alone), Verdict::replace);
  const std::size_t at = before.size();
  EXPECT_TRUE(
      std::ranges::equal(replaced_payload(talk.lab), Bytes(stripped).subspan(at, alone.size())));
  talk.acknowledge(stream.size());
  EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
  EXPECT_EQ(talk.answer(stream.size(), before), Verdict::pass);
}

// Bug: every answer in two segments was dropped, though the keys were whole in the second.
TEST(TcpAnswers, EchKeysSplitOverSegmentsAreStrippedOrEndTheFlow) {
  const ByteVector stream = framed(keys_of("a.example"));
  Talk whole(ech(policy::Ech::strip));
  EXPECT_EQ(whole.answer(0, stream), Verdict::replace);
  const ByteVector stripped = replaced_payload(whole.lab);
  const std::size_t keys =
      static_cast<std::size_t>(std::ranges::mismatch(stream, stripped).in1 - stream.begin());
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    Talk split(ech(policy::Ech::strip));
    EXPECT_EQ(split.answer(0, Bytes(stream).first(cut)), Verdict::pass);
    const Verdict second = split.answer(cut, Bytes(stream).subspan(cut));
    if (second == Verdict::replace) {
      EXPECT_TRUE(std::ranges::equal(replaced_payload(split.lab), Bytes(stripped).subspan(cut)));
      EXPECT_LE(cut, keys);
    } else {
      EXPECT_EQ(second, Verdict::drop);
      EXPECT_EQ(split.lab.count(Verdict::drop, Reason::ech_in_parts), 1U);
      expect_resets(split, cut);
      EXPECT_GT(cut + 4, keys);  // the first bytes of a parameter may be the same in both
    }
  }
  Talk two(ech(policy::Ech::strip));
  EXPECT_EQ(two.answer(0, joined({keys_of("a.example"), keys_of("b.example")})), Verdict::replace);
  // The length field may come alone before it.
  Talk length(ech(policy::Ech::strip));
  EXPECT_EQ(length.answer(0, Bytes(stream).first(2)), Verdict::pass);
  EXPECT_EQ(length.answer(2, Bytes(stream).subspan(2)), Verdict::replace);
  // A retransmission in parts is rewritten in the same way.
  Talk again(ech(policy::Ech::strip));
  EXPECT_EQ(again.answer(0, stream), Verdict::replace);
  const ByteVector hidden = replaced_payload(again.lab);
  EXPECT_EQ(again.answer(30, Bytes(stream).subspan(30)), Verdict::replace);
  EXPECT_TRUE(std::ranges::equal(replaced_payload(again.lab), Bytes(hidden).subspan(30)));
}

// Otherwise the server would retransmit and the gateway would drop until both ends time out.
TEST(TcpAnswers, EchKeysThatCannotBeHiddenResetTheConnection) {
  LabOptions options = ech(policy::Ech::strip);
  options.can.replace = false;
  Talk talk(options);
  const ByteVector first = framed(alias_of("cdn.example"));
  EXPECT_EQ(talk.answer(0, first), Verdict::pass);
  const ByteVector keys = framed(keys_of("a.example"));
  EXPECT_EQ(talk.answer(first.size(), keys), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::ech_not_hidden), 1U);
  expect_resets(talk, first.size());
  EXPECT_EQ(talk.answer(first.size(), keys), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::flow_blocked), 1U);
  EXPECT_EQ(talk.lab.counters->streams.value(), 0U);
}

TEST(TcpAnswers, EchKeysInARecordWithoutRoomToHideThemResetTheConnection) {
  ByteVector data = test::byte_vector(std::string_view("\0\x01\0\0\x05\0\x02xy", 9));
  for (unsigned key = 65280; key < 65536; ++key) {
    test::append_u16(data, key);
    test::append_u16(data, 0);
  }
  Talk talk(ech(policy::Ech::strip));
  EXPECT_EQ(talk.answer(DnsResponse("a.example", 65).raw("a.example", 65, data)), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::ech_not_hidden), 1U);
  expect_resets(talk, 0);
}

TEST(TcpAnswers, EchKeysInFragmentsResetTheConnection) {
  Talk talk(ech(policy::Ech::strip));
  const ByteVector answer = talk.connection.answer(0, framed(keys_of("a.example")), talk.asked);
  Verdict last = Verdict::pass;
  for (const ByteVector& fragment : test::fragments_of(answer, 64)) {
    EXPECT_EQ(last, Verdict::pass);
    last = talk.lab.send(fragment, Side::outside);
  }
  EXPECT_EQ(last, Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::ech_not_hidden), 1U);
  expect_resets(talk, 0);
}

// The gateway cannot send a reply into a tunnel.
TEST(TcpAnswers, EchKeysInATunnelEndTheFlow) {
  Talk talk(ech(policy::Ech::strip));
  constexpr std::uint8_t kIpInIp = 4;
  const ByteVector answer = talk.connection.answer(0, framed(keys_of("a.example")), talk.asked);
  const ByteVector tunnelled =
      test::ip_frame("203.0.113.1", "203.0.113.2", kIpInIp, test::without_ethernet(answer));
  EXPECT_EQ(talk.lab.send(tunnelled, Side::outside), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::ech_not_hidden), 1U);
  EXPECT_TRUE(talk.lab.dataplane.injected().empty());
  EXPECT_EQ(talk.answer(0, framed(keys_of("a.example"))), Verdict::drop);
  EXPECT_EQ(talk.lab.count(Verdict::drop, Reason::flow_blocked), 1U);
}

// When all slots are in use, a new stream takes the slot of the oldest unfinished one, which ends
// that flow.
TEST(TcpAnswers, WhenSlotsRunOutTheOldestUnfinishedFlowEnds) {
  LabOptions options;
  options.limits.streams = 1;
  Talk talk(options);
  const ByteVector stream = framed(alias_of("cdn.example"));
  EXPECT_EQ(talk.answer(0, Bytes(stream).first(20)), Verdict::pass);
  const Connection other("192.0.2.2:5000", kResolver);
  other.open(talk.lab);
  const ByteVector question = test::framed(test::dns_query("b.example"));
  EXPECT_EQ(talk.lab.send(other.data(0, question)), Verdict::pass);
  EXPECT_EQ(talk.lab.send(other.answer(0, stream, question.size()), Side::outside), Verdict::pass);
  EXPECT_EQ(talk.answer(20, Bytes(stream).subspan(20)), Verdict::drop_flow);
  EXPECT_EQ(talk.lab.count(Verdict::drop_flow, Reason::flow_blocked), 1U);
  // A stream that is judged but not yet acknowledged keeps its flow.
  const Connection third("192.0.2.3:5000", kResolver);
  third.open(talk.lab);
  EXPECT_EQ(talk.lab.send(third.data(0, question)), Verdict::pass);
  EXPECT_EQ(talk.lab.send(other.answer(stream.size(), stream, question.size()), Side::outside),
            Verdict::pass);
}

TEST(TcpAnswers, TeachAddresses) {
  const DnsResponse response =
      DnsResponse("sg.wechat.com", 1, 77).a("sg.wechat.com", "203.0.113.7");
  const auto leases = [&](const char* server, bool asked, const char* trusted = "198.51.100.53") {
    Talk talk({.action = policy::Action::log, .dns = test::trusting(trusted)}, server);
    if (asked) talk.ask("sg.wechat.com", {.id = 77});
    EXPECT_EQ(talk.answer(response), Verdict::pass);
    return talk.lab.counters->leases.value();
  };
  EXPECT_EQ(leases(kResolver, true), 1U);
  EXPECT_EQ(leases(kResolver, false), 0U);
  EXPECT_EQ(leases("198.51.100.53:8053", true), 0U);        // not a DNS port
  EXPECT_EQ(leases(kResolver, true, "198.51.100.54"), 0U);  // not trusted
}

TEST(TcpAnswers, ArePassedWhenTheGatewayEnforcesNothing) {
  Talk talk(LabOptions{.enforce = false});
  EXPECT_EQ(talk.answer(alias_of("web.wechat.com")), Verdict::pass);
  EXPECT_EQ(talk.lab.audit.front()->name.view(), "web.wechat.com");
}

}  // namespace
}  // namespace sluice::engine
