// How DNS questions are refused, through the whole engine: what the client reads, over UDP and TCP.

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "tests/gateway/engine/answers_lab.h"
#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using policy::DnsAnswerKind;
using test::alias_of;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::kClient;
using test::kResolver;
using test::Lab;
using test::LabOptions;

constexpr unsigned kNoError = 0, kNxDomain = 3, kRefused = 5;
constexpr std::uint16_t kTypeA = 1, kTypeSoa = 6, kTypeAaaa = 28, kTypeHttps = 65;

LabOptions rejecting(DnsAnswerKind kind = DnsAnswerKind::nxdomain, bool sides = false) {
  LabOptions options{.action = policy::Action::reject, .answer = {.kind = kind}};
  if (kind == DnsAnswerKind::sinkhole) {
    options.answer.ipv4 = *IpAddress::parse("192.0.2.80");
    options.answer.ipv6 = *IpAddress::parse("2001:db8::80");
  }
  options.dns.refusal_ttl = 300;
  options.can.sides = sides;
  return options;
}

// What a DNS message of ours says.
struct Said {
  unsigned rcode = 99;
  std::size_t answers = 0;
  std::uint16_t type = 0;  // of the only record but OPT
  std::string owner, data;
  std::uint32_t ttl = 0;
  std::string error;  // text of Extended DNS Error 15
  bool has_error = false;
};
Said read(Bytes message) {
  const auto response = std::make_unique<dns::Response>();
  if (!dns::parse_response(message, *response)) return {};
  Said said{.rcode = response->rcode, .answers = response->answers};
  dns::ResponseReader records(message, *response);
  while (const auto record = records.next()) {
    const Bytes data = record->data_in(message);
    if (record->type == dns::RecordType::opt) {
      ByteReader options(data);
      said.has_error = options.u16() == 15 && options.u16() >= 2 && options.u16() == 15;
      said.error = as_text(options.rest());
      continue;
    }
    std::array<char, name::kMaxTextBytes> text;
    said.type = static_cast<std::uint16_t>(record->type);
    said.owner = name::to_text(dns::read_name(message, record->owner)->name, text);
    said.ttl = record->ttl;
    said.data = as_text(data);
  }
  return said;
}

// The packet that was injected as number `index`.
packet::Packet injected(const Lab& lab, std::size_t index = 0) {
  return *packet::decode(lab.dataplane.injected().at(index).frame, LinkType::ethernet);
}

Said ask(const LabOptions& options, std::string_view name, std::uint16_t qtype) {
  Lab lab(options);
  const ByteVector question = test::dns_query(name, {.qtype = qtype, .edns = true});
  EXPECT_EQ(lab.send(FrameBuilder(kClient, kResolver).payload(question).build()), Verdict::drop);
  return read(injected(lab).payload);
}

Said ask_over_tcp(const LabOptions& options, std::string_view name, std::uint16_t qtype) {
  Lab lab(options);
  const Connection connection(kClient, kResolver);
  connection.open(lab);
  const ByteVector question = test::framed(test::dns_query(name, {.qtype = qtype, .edns = true}));
  EXPECT_EQ(lab.send(connection.data(0, question)), Verdict::drop);
  return read(injected(lab).payload.subspan(2));
}

using Ask = Said (*)(const LabOptions&, std::string_view, std::uint16_t);

class Refusal : public testing::TestWithParam<Ask> {
 protected:
  static Said ask(DnsAnswerKind kind, std::uint16_t qtype = kTypeA,
                  std::string_view name = "web.wechat.com") {
    return GetParam()(rejecting(kind), name, qtype);
  }
};
INSTANTIATE_TEST_SUITE_P(Carriers, Refusal, testing::Values(ask, ask_over_tcp),
                         [](const auto& parameter) {
                           return parameter.param == ask ? "Udp" : "Tcp";
                         });

// A rule's own answer prevails over the policy's, also where the policy would drop.
TEST_P(Refusal, ARuleMayHaveAnAnswerOfItsOwn) {
  using match::AnswerKind;
  static constexpr std::array<std::byte, 4> kAddress = {
      std::byte{192}, {}, std::byte{2}, std::byte{9}};
  static constexpr std::array<std::byte, 3> kTarget = {std::byte{1}, std::byte{'x'}, {}};
  for (const auto action : {policy::Action::drop, policy::Action::reject}) {
    LabOptions options = rejecting(DnsAnswerKind::refused);
    options.action = action;
    options.own_answers = {{"nx.example", {AnswerKind::nxdomain}},
                           {"nodata.example", {AnswerKind::nodata}},
                           {"refused.example", {AnswerKind::refused}},
                           {"v4.example", {AnswerKind::record, kTypeA, 77, kAddress}},
                           {"v4.example", {AnswerKind::record, 16, 78, kTarget}},
                           {"alias.example", {AnswerKind::record, 5, 79, kTarget}}};
    const auto asked = [&](std::string_view name, std::uint16_t qtype = kTypeA) {
      return GetParam()(options, name, qtype);
    };
    EXPECT_EQ(asked("a.nx.example").rcode, kNxDomain);
    EXPECT_EQ(asked("a.nx.example").owner, "nx.example");
    EXPECT_EQ(asked("nodata.example").rcode, kNoError);
    EXPECT_EQ(asked("nodata.example").type, kTypeSoa);
    EXPECT_EQ(asked("refused.example").rcode, kRefused);
    const Said v4 = asked("v4.example");
    EXPECT_EQ(v4.answers, 1U);
    EXPECT_EQ(v4.data, as_text(kAddress));
    EXPECT_EQ(v4.ttl, 77U);
    EXPECT_EQ(v4.owner, "v4.example");
    EXPECT_EQ(asked("v4.example", 16).ttl, 78U);
    EXPECT_EQ(asked("v4.example", kTypeAaaa).type, kTypeSoa);
    EXPECT_EQ(asked("v4.example", kTypeAaaa).rcode, kNoError);
    const Said alias = asked("alias.example", kTypeHttps);
    EXPECT_EQ(alias.type, 5);
    EXPECT_EQ(alias.data, as_text(kTarget));
    if (action == policy::Action::reject) {
      EXPECT_EQ(asked("web.wechat.com").rcode, kRefused);  // as the policy says
    }
  }
}

TEST(OwnAnswer, NoneAtAllAndOverTcpOnly) {
  LabOptions options = rejecting();
  options.own_answers = {{"drop.example", {match::AnswerKind::drop}},
                         {"tcp.example", {match::AnswerKind::truncate}}};
  Lab lab(options);
  const auto ask = [&](std::string_view name) {
    const ByteVector question = test::dns_query(name, {.qtype = kTypeA});
    return lab.send(FrameBuilder(kClient, kResolver).payload(question).build());
  };
  EXPECT_EQ(ask("drop.example"), Verdict::drop);
  EXPECT_TRUE(lab.dataplane.injected().empty());
  EXPECT_EQ(ask("tcp.example"), Verdict::drop);
  const Bytes message = injected(lab).payload;
  EXPECT_EQ(std::to_integer<unsigned>(message[2]) & 2U, 2U);  // TC
  EXPECT_EQ(read(message).rcode, kNoError);
  EXPECT_EQ(ask_over_tcp(options, "tcp.example", kTypeA).rcode, kNxDomain);  // as the policy says
}

TEST(OwnAnswer, APolicyThatDoesNotEnforceSendsNone) {
  LabOptions options;
  options.action = policy::Action::log;
  options.own_answers = {{"nx.example", {match::AnswerKind::nxdomain}}};
  Lab lab(options);
  const ByteVector question = test::dns_query("nx.example", {.qtype = kTypeA});
  EXPECT_EQ(lab.send(FrameBuilder(kClient, kResolver).payload(question).build()), Verdict::pass);
}

TEST_P(Refusal, ThatThereIsNoSuchNameMayBeKept) {
  const Said said = ask(DnsAnswerKind::nxdomain);
  EXPECT_EQ(said.rcode, kNxDomain);
  EXPECT_EQ(said.answers, 0U);
  EXPECT_EQ(said.type, kTypeSoa);
  EXPECT_EQ(said.owner, "wechat.com");  // what the rule covers
  EXPECT_EQ(said.ttl, 300U);
  EXPECT_TRUE(said.has_error);
  EXPECT_EQ(said.error, "wechat");  // the list
  EXPECT_EQ(ask(DnsAnswerKind::nxdomain, kTypeA, "wechat.com").owner, "wechat.com");
}

TEST_P(Refusal, ThatThereIsNoDataMayBeKept) {
  const Said said = ask(DnsAnswerKind::nodata, kTypeHttps);
  EXPECT_EQ(said.rcode, kNoError);
  EXPECT_EQ(said.answers, 0U);
  EXPECT_EQ(said.type, kTypeSoa);
  EXPECT_TRUE(said.has_error);
}

TEST_P(Refusal, ThatTheServerRefusesHasNoRecord) {
  const Said said = ask(DnsAnswerKind::refused);
  EXPECT_EQ(said.rcode, kRefused);
  EXPECT_EQ(said.type, 0U);
  EXPECT_TRUE(said.has_error);
}

TEST_P(Refusal, ASinkholeIsAnAddressOfTheTypeThatWasAskedFor) {
  const Said v4 = ask(DnsAnswerKind::sinkhole);
  EXPECT_EQ(v4.rcode, kNoError);
  EXPECT_EQ(v4.type, kTypeA);
  EXPECT_EQ(v4.owner, "web.wechat.com");
  EXPECT_EQ(v4.data, as_text(IpAddress::parse("192.0.2.80")->wire()));
  EXPECT_EQ(v4.ttl, 300U);
  EXPECT_TRUE(v4.has_error);
  EXPECT_EQ(ask(DnsAnswerKind::sinkhole, kTypeAaaa).data,
            as_text(IpAddress::parse("2001:db8::80")->wire()));
  const Said other = ask(DnsAnswerKind::sinkhole, kTypeHttps);
  EXPECT_EQ(other.rcode, kNoError);
  EXPECT_EQ(other.answers, 0U);
  EXPECT_EQ(other.type, kTypeSoa);
}

// A stranger may ask in the name of somebody else, who would get more than the stranger sent.
TEST(RefusalOverUdp, ToTheOutsideIsNeverLargerThanTheQuestion) {
  Lab lab(rejecting(DnsAnswerKind::nxdomain, true));
  const ByteVector frame = FrameBuilder(kClient, kResolver)
                               .payload(test::dns_query("web.wechat.com", {.edns = true}))
                               .build();
  EXPECT_EQ(lab.send(frame, Side::outside), Verdict::drop);
  EXPECT_LE(lab.dataplane.injected().at(0).frame.size(), frame.size());
  EXPECT_EQ(lab.send(frame, Side::inside), Verdict::drop);
  EXPECT_GT(lab.dataplane.injected().at(0).frame.size(), frame.size());
}

TEST(RefusalOverUdp, InPlaceOfAnAnswerGoesToTheClient) {
  Lab lab(rejecting());
  const auto answer = [](const test::DnsResponse& response) {
    return FrameBuilder(kResolver, kClient).payload(response.build()).build();
  };
  EXPECT_EQ(lab.send(answer(alias_of("web.wechat.com").a("web.wechat.com", "203.0.113.10").edns()),
                     Side::outside),
            Verdict::replace);
  const Bytes frame = lab.dataplane.replaced().at(0).frame;
  const Said said = read(packet::decode(frame, LinkType::ethernet)->payload);
  EXPECT_EQ(said.rcode, kNxDomain);
  EXPECT_EQ(said.owner, "www.a.example");  // the rule is of another name
  EXPECT_TRUE(said.has_error);
  // Where it does not fit into the answer's place, it is a frame of its own.
  EXPECT_EQ(lab.send(answer(test::DnsResponse("web.wechat.com").edns()), Side::outside),
            Verdict::drop);
  ASSERT_EQ(lab.dataplane.injected().size(), 1U);
  EXPECT_EQ(lab.dataplane.injected()[0].side, Side::inside);
  EXPECT_EQ(read(injected(lab).payload).error, "wechat");
}

class RefusalOverTcp : public testing::Test {
 protected:
  Lab lab{rejecting()};
  Connection connection{kClient, kResolver};
  ByteVector banned = test::framed(test::dns_query("web.wechat.com"));
  ByteVector clean = test::framed(test::dns_query("www.a.example"));

  void SetUp() override { connection.open(lab); }
  [[nodiscard]] bool sent_reset() const {
    return !lab.dataplane.injected().empty() && injected(lab).tcp.rst;
  }
};

// Bug: over TCP a client saw a reset, and asked again; resolvers kept nothing.
TEST_F(RefusalOverTcp, AnswersTheClientAndResetsTheServer) {
  EXPECT_EQ(lab.send(connection.data(0, clean)), Verdict::pass);
  EXPECT_EQ(lab.send(connection.data(clean.size(), banned)), Verdict::drop);
  ASSERT_EQ(lab.dataplane.injected().size(), 2U);
  const packet::Packet answer = injected(lab), reset = injected(lab, 1);
  EXPECT_EQ(lab.dataplane.injected()[0].side, Side::inside);
  EXPECT_EQ(answer.tcp.sequence, Connection::kServer);
  EXPECT_EQ(answer.tcp.acknowledgment, Connection::kClient + clean.size() + banned.size());
  EXPECT_TRUE(answer.tcp.fin);
  EXPECT_EQ(read(answer.payload.subspan(2)).rcode, kNxDomain);
  EXPECT_TRUE(reset.tcp.rst);
  EXPECT_EQ(lab.dataplane.injected()[1].side, Side::outside);
  EXPECT_EQ(reset.tcp.sequence, Connection::kClient + clean.size());  // as far as it came
  EXPECT_FALSE(io::passes(lab.send(connection.answer(0, as_bytes("late"), 0), Side::outside)));
}

TEST_F(RefusalOverTcp, LeavesTheClientTimeToReadTheAnswer) {
  EXPECT_EQ(lab.send(connection.data(0, banned)), Verdict::drop);
  lab.send(connection.received(banned.size(), 60));
  EXPECT_FALSE(sent_reset());
  const ByteVector end = FrameBuilder(kClient, kResolver)
                             .tcp(Connection::kClient + static_cast<std::uint32_t>(banned.size()),
                                  Connection::kServer + 60, "FA")
                             .build();
  EXPECT_FALSE(io::passes(lab.send(end)));
  EXPECT_TRUE(sent_reset());
}

TEST_F(RefusalOverTcp, AQuestionInPiecesIsAnswered) {
  EXPECT_EQ(lab.send(connection.data(0, Bytes(banned).first(9))), Verdict::pass);
  EXPECT_EQ(lab.send(connection.data(9, Bytes(banned).subspan(9))), Verdict::drop);
  EXPECT_EQ(read(injected(lab).payload.subspan(2)).rcode, kNxDomain);
  EXPECT_EQ(injected(lab, 1).tcp.sequence, Connection::kClient + 9);
}

TEST_F(RefusalOverTcp, InPlaceOfAnAnswer) {
  EXPECT_EQ(lab.send(connection.data(0, clean)), Verdict::pass);
  const ByteVector answer = test::framed(alias_of("web.wechat.com").build());
  EXPECT_EQ(lab.send(connection.answer(0, answer, clean.size()), Side::outside), Verdict::drop);
  ASSERT_EQ(lab.dataplane.injected().size(), 2U);
  const packet::Packet refusal = injected(lab), reset = injected(lab, 1);
  EXPECT_EQ(lab.dataplane.injected()[0].side, Side::inside);
  EXPECT_EQ(refusal.destination_port, Port{5000});
  EXPECT_EQ(refusal.tcp.sequence, Connection::kServer);
  EXPECT_EQ(read(refusal.payload.subspan(2)).rcode, kNxDomain);
  EXPECT_EQ(lab.dataplane.injected()[1].side, Side::outside);
  EXPECT_TRUE(reset.tcp.rst);
  EXPECT_EQ(reset.tcp.sequence, Connection::kClient + clean.size());
}

// A part of the answer has gone on: nothing else can stand in its place.
TEST_F(RefusalOverTcp, AnAnswerInPiecesIsReset) {
  EXPECT_EQ(lab.send(connection.data(0, clean)), Verdict::pass);
  const ByteVector answer = test::framed(alias_of("web.wechat.com").build());
  EXPECT_EQ(lab.send(connection.answer(0, Bytes(answer).first(20), clean.size()), Side::outside),
            Verdict::pass);
  EXPECT_EQ(lab.send(connection.answer(20, Bytes(answer).subspan(20), clean.size()), Side::outside),
            Verdict::drop);
  ASSERT_EQ(lab.dataplane.injected().size(), 2U);
  EXPECT_TRUE(injected(lab).tcp.rst && injected(lab, 1).tcp.rst);
}

TEST_F(RefusalOverTcp, WithoutAHandshakeIsSilence) {
  const Connection unopened("192.0.2.1:5001", kResolver);
  EXPECT_EQ(lab.send(unopened.data(0, banned)), Verdict::drop_flow);
  EXPECT_TRUE(lab.dataplane.injected().empty());
}

}  // namespace
}  // namespace sluice::engine
