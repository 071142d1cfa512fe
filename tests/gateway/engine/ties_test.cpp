// Names that lead to a banned app are gathered from real answers and hellos, each by its evidence;
// names without such a tie leave nothing behind, and nothing is blocked for it.

#include "gateway/engine/ties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/gateway/endpoints/ban.h"
#include "tests/gateway/engine/evidence_lab.h"
#include "tests/gateway/engine/quic_lab.h"
#include "tests/support/dtls_builder.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using policy::Action;
using test::ByteVector;
using test::DnsResponse;
using test::FrameBuilder;
using testing::IsEmpty;

constexpr auto kBanned = test::kBannedName;
constexpr auto kInnocent = test::kInnocentName;
constexpr const char* kServer = "203.0.113.7";
constexpr const char* kNew = "api.newchat.example";

struct Exchange {
  std::string client = {}, resolver = {};
  io::Side side = Side::outside;  // where the answer comes from
  bool asks = true;
  std::uint16_t id = 7;
  std::uint16_t qtype = 1;
};

class SuggestedNames : public testing::Test, public test::EvidenceLab {
 protected:
  SuggestedNames() : EvidenceLab(false, {.suggested_names = 64}) {}

  // By name; of one app.
  [[nodiscard]] std::map<std::string, TieTable::Kept> kept() {
    std::map<std::string, TieTable::Kept> all;
    const TieTable& table = lab().lanes[0]->ties->table();
    for (std::size_t i = 0; i < table.places(); ++i) {
      const auto one = table.read(i);
      if (!one) continue;
      std::array<char, name::kMaxTextBytes> text;
      EXPECT_EQ(one->app, tag_of("wechat"));
      all.emplace(name::to_text(one->name, text), *one);
    }
    return all;
  }
  [[nodiscard]] std::uint64_t count(const std::string& name, TieKind kind) {
    const auto all = kept();
    const auto found = all.find(name);
    return found == all.end() ? 0 : found->second.counts[static_cast<std::size_t>(kind)];
  }

  // The fate of the answer, `response` with the question's ID.
  Verdict answer(std::string_view asked, DnsResponse response, Exchange exchange = {}) {
    if (exchange.client.empty()) exchange.client = staff(1);
    if (exchange.resolver.empty()) exchange.resolver = trusted_resolver();
    const std::string from = new_end(exchange.client), to = end(exchange.resolver, 53);
    const ByteVector question =
        test::dns_query(asked, {.id = exchange.id, .qtype = exchange.qtype});
    if (exchange.asks) lab().send(FrameBuilder(from, to).payload(question).build());
    last_answer = FrameBuilder(to, from).payload(response.build()).build();
    return lab().send(last_answer, exchange.side);
  }
  static DnsResponse response(std::string_view asked, std::uint16_t qtype = 1) {
    return DnsResponse(asked, qtype, 7);
  }
  // A lease, by a client that no policy holds.
  void lease(const std::string& address) { look_up(guest(9), kBanned, address); }

  ByteVector last_answer;
};

TEST_F(SuggestedNames, WhatABannedNamesAnswerLeadsTo) {
  const auto chain =
      response(kBanned).cname(kBanned, "a.edge.example").cname("a.edge.example", "b.edge.example");
  EXPECT_EQ(answer(kBanned, chain, {.client = guest(1)}), Verdict::pass);
  EXPECT_EQ(count("a.edge.example", TieKind::alias_of), 1U);
  EXPECT_EQ(count("b.edge.example", TieKind::alias_of), 1U);
  EXPECT_EQ(kept().size(), 2U) << "and not the banned name itself";
  EXPECT_EQ(kept().at("a.edge.example").clients.estimate(), 1U);
}

TEST_F(SuggestedNames, ATargetOfAnHttpsRecord) {
  const auto record = response(kBanned, 65).https(kBanned, "svc.edge.example");
  EXPECT_EQ(answer(kBanned, record, {.client = guest(1), .qtype = 65}), Verdict::pass);
  EXPECT_EQ(count("svc.edge.example", TieKind::alias_of), 1U);
}

// The answer is refused, as it is without suggestions; the name is what matters.
TEST_F(SuggestedNames, AnAliasOfABannedName) {
  const auto chain =
      response(kNew).cname(kNew, "mid.newchat.example").cname("mid.newchat.example", kBanned);
  EXPECT_EQ(answer(kNew, chain), Verdict::drop);
  EXPECT_EQ(count(kNew, TieKind::alias_to), 1U);
  EXPECT_EQ(count("mid.newchat.example", TieKind::alias_to), 1U);
  EXPECT_EQ(kept().size(), 2U);
  EXPECT_EQ(answer(kNew, chain, {.client = staff(2)}), Verdict::drop);
  EXPECT_EQ(count(kNew, TieKind::alias_to), 2U);
  EXPECT_EQ(kept().at(kNew).clients.estimate(), 2U);
  EXPECT_EQ(lab().counters->ties.value(), 4U);
}

TEST_F(SuggestedNames, AnAliasThatIsOnlyLogged) {
  use(ban(Action::log));
  EXPECT_EQ(answer(kNew, response(kNew).cname(kNew, kBanned), {.client = guest(1)}), Verdict::pass);
  EXPECT_EQ(count(kNew, TieKind::alias_to), 1U);
}

TEST_F(SuggestedNames, ANameWhoseAddressesAreTheApps) {
  lease(kServer);
  lease("203.0.113.8");
  const auto both = response(kNew).a(kNew, kServer).a(kNew, "203.0.113.8");
  EXPECT_EQ(answer(kNew, both), Verdict::pass);
  EXPECT_EQ(count(kNew, TieKind::address), 1U);
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(SuggestedNames, ANameThatLeadsElsewhereTooIsNone) {
  lease(kServer);
  answer(kNew, response(kNew).a(kNew, kServer).a(kNew, "203.0.113.99"));
  answer(kNew, response(kNew).a(kNew, "203.0.113.99").a(kNew, kServer));
  answer(kNew, response(kNew));
  EXPECT_THAT(kept(), IsEmpty());
}

// Looked up first, as clients do: that it leads there must not speak against it.
TEST_F(SuggestedNames, ANameInAHelloToAnAddressOfTheApp) {
  lease(kServer);
  for (int client = 1; client <= 6; ++client) {
    answer(kNew, response(kNew).a(kNew, kServer), {.client = staff(client)});
    show(staff(client), kNew, kServer);
  }
  EXPECT_EQ(count(kNew, TieKind::address), 6U);
  EXPECT_EQ(count(kNew, TieKind::hello), 6U);
  EXPECT_EQ(kept().at(kNew).clients.estimate(), 6U);
  EXPECT_EQ(kept().at(kNew).shared, 0U);
}

TEST_F(SuggestedNames, AHostOfHttp) {
  lease(kServer);
  const test::Connection connection(new_end(staff(1)), end(kServer, 80));
  const ByteVector request = test::byte_vector(test::http_request(kNew));
  connection.open(lab());
  lab().send(connection.data(0, request));
  EXPECT_THAT(kept(), IsEmpty()) << "before the server has it";
  lab().send(connection.acknowledge(request.size()), Side::outside);
  EXPECT_EQ(count(kNew, TieKind::hello), 1U);
}

TEST_F(SuggestedNames, ANameInQuicOnceItsServerTakesPart) {
  lease(kServer);
  const test::QuicPacket client{.scid = test::byte_vector("client")};
  const test::QuicPacket of_server{.dcid = client.scid,
                                   .scid = test::byte_vector("server"),
                                   .keys_of = client.dcid,
                                   .sender = quic::Sender::server};
  test::QuicConnection connection(lab(), staff(1) + ":4000", "203.0.113.7:443");
  EXPECT_EQ(connection.to_server(test::whole_hello(kNew, client)), Verdict::pass);
  EXPECT_THAT(kept(), IsEmpty());
  const ByteVector answer =
      test::quic_initial(of_server, test::crypto_frame(0, as_bytes("server hello")));
  EXPECT_EQ(connection.to_client(answer), Verdict::pass);
  EXPECT_EQ(connection.to_client(answer), Verdict::pass);
  EXPECT_EQ(count(kNew, TieKind::hello), 1U) << "once";
}

TEST_F(SuggestedNames, ANameInDtls) {
  lease(kServer);
  const ByteVector body = test::dtls_hello(kNew);
  test::QuicConnection connection(lab(), staff(1) + ":4000", "203.0.113.7:443");
  connection.to_server(test::dtls_record(test::dtls_fragment(body, 0, body.size())));
  constexpr std::uint8_t kServerHello = 2;
  connection.to_client(test::dtls_record(test::dtls_fragment(body, 0, 40, {.type = kServerHello})));
  EXPECT_EQ(count(kNew, TieKind::hello), 1U);
}

TEST_F(SuggestedNames, AnAddressThatTheBackgroundResolverFound) {
  lab().resolutions.publish(std::make_shared<Resolutions>(
      std::vector{*name::Name::from_text(kBanned)},
      std::vector{ResolvedAddress{.address = *IpAddress::parse(kServer),
                                  .expires = lab().now + std::chrono::hours(1),
                                  .app = tag_of("wechat")}}));
  show(staff(1), kNew, kServer);
  EXPECT_EQ(count(kNew, TieKind::hello), 1U);
}

// What leaves nothing behind

TEST_F(SuggestedNames, NamesWithoutATieAreNotKept) {
  lease(kServer);
  for (int client = 1; client < 20; ++client) {
    look_up(staff(client), kInnocent, "203.0.113.50");
    show(staff(client), kInnocent, "203.0.113.50");
    answer("www.shop.example",
           response("www.shop.example").cname("www.shop.example", "cdn.example"));
  }
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, AnswersThatAreNotBelievedTieNothing) {
  const auto chain = response(kNew).cname(kNew, kBanned);
  answer(kNew, chain, {.client = {}, .resolver = other_resolver()});
  answer(kNew, chain, {.client = {}, .resolver = {}, .side = Side::inside});
  answer(kNew, chain, {.client = {}, .resolver = {}, .asks = false});
  auto of_another = DnsResponse(kNew, 1, 8).cname(kNew, kBanned);
  answer(kNew, of_another);
  answer("other.example", response(kNew).cname(kNew, kBanned));
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, OnlyTheFirstAnswerCounts) {
  answer(kNew, response(kNew).cname(kNew, kBanned));
  for (int i = 0; i < 10; ++i) lab().send(last_answer, Side::outside);
  EXPECT_EQ(count(kNew, TieKind::alias_to), 1U);
}

// An answer may carry whatever its sender likes.
TEST_F(SuggestedNames, ARecordBesideTheChainTiesNothing) {
  answer(kNew, response(kNew).a(kNew, "203.0.113.99").cname("victim.example", kBanned));
  answer(kBanned, response(kBanned).a(kBanned, kServer).cname("x.example", "victim.example"),
         {.client = guest(1)});
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, ListedNamesAndExceptionsAreNoCandidates) {
  lease(kServer);
  answer("open.wechat.com", response("open.wechat.com").a("open.wechat.com", kServer));
  answer(kBanned, response(kBanned).cname(kBanned, "open.wechat.com"), {.client = guest(1)});
  show(staff(1), "open.wechat.com", kServer);
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, ClientsOfNoPolicyTeachNothingOfTheirNames) {
  lease(kServer);
  show(guest(1), kNew, kServer);
  answer(kNew, response(kNew).a(kNew, kServer), {.client = guest(1)});
  use(ban(Action::allow));
  show(guest(1), kNew, kServer);
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, WhatIsNoHostNameIsNone) {
  lease(kServer);
  for (const char* name : {"localhost", "a\\000b.example", "we$ird.example"}) {
    answer(name, response(name).a(name, kServer));
  }
  // So long that a connection keeps its end alone.
  show(staff(1), std::string(40, 'x') + "." + std::string(40, 'y') + ".example", kServer);
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, AnAddressThatAListLetsThroughIsNobodys) {
  use(ban({}, {.addresses = {"@@203.0.113.7"}}));
  lease(kServer);
  show(staff(1), kNew, kServer);
  EXPECT_THAT(kept(), IsEmpty());
}

TEST_F(SuggestedNames, NoPolicyInForceBansTheAppAnyMore) {
  lease(kServer);
  use(std::make_shared<Snapshot>());
  show(staff(1), kNew, kServer);
  EXPECT_THAT(kept(), IsEmpty());
}

// What many share

TEST_F(SuggestedNames, ANameOfACrowdedAddressIsNoneOrMarked) {
  lease(kServer);
  show(staff(1), "www.first.example", kServer);
  for (int i = 0; i < 20; ++i) {
    show(staff(2 + i), "www.site" + std::to_string(i) + ".site" + std::to_string(i), kServer);
  }
  EXPECT_EQ(kept().size(), Neighbours::kMost);
  show(staff(1), "www.first.example", kServer);
  EXPECT_EQ(count("www.first.example", TieKind::hello), 1U);
  EXPECT_EQ(kept().at("www.first.example").shared, 1U);
}

TEST_F(SuggestedNames, AnAliasThatInnocentNamesHaveTooIsMarked) {
  answer(kBanned, response(kBanned).cname(kBanned, "shared.cdn.example"), {.client = guest(1)});
  answer(kInnocent, response(kInnocent).cname(kInnocent, "shared.cdn.example"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().at("shared.cdn.example").shared, 1U);
}

TEST(SuggestedNamesOff, NothingIsGathered) {
  test::EvidenceLab lab;
  lab.look_up(lab.guest(9), kBanned, kServer);
  lab.show(lab.staff(1), kNew, kServer);
  EXPECT_EQ(lab.lab().lanes[0]->ties, nullptr);
  EXPECT_EQ(lab.lab().counters->ties.value(), 0U);
}

}  // namespace
}  // namespace sluice::engine
