// Whose word is believed on addresses: leases and the background resolver's answers say what is
// banned there, innocent names guard. A listed range needs no word but the list's.

#include <gtest/gtest.h>

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
using test::Connection;
using test::FrameBuilder;
using test::hello;

constexpr const char* kServer = "203.0.113.7";
constexpr const char* kOther = "203.0.113.8";
constexpr auto kBanned = test::kBannedName;
constexpr auto kInnocent = test::kInnocentName;

class Evidence : public testing::Test, public test::EvidenceLab {
 protected:
  [[nodiscard]] std::uint64_t leases() { return lab().counters->leases.value(); }
};

// Leases

TEST_F(Evidence, ATrustedResolversAnswerMakesALeaseForAll) {
  look_up(guest(1), kBanned, kServer);
  EXPECT_EQ(leases(), 1U);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
  EXPECT_TRUE(drops_datagram(staff(2), kServer));
  EXPECT_FALSE(drops_ssh(guest(2), kServer));
  const telemetry::AuditRecord* const record = lab().audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->rule.view(), "wechat.com");
  EXPECT_EQ(record->name.view(), kServer);
  EXPECT_EQ(record->evidence, 1U);
  // A name that is no longer banned has no lease either.
  use(std::make_shared<Snapshot>());
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
}

// Bug: a guest asked a server of its own, and staff lost their SSH, WireGuard and NTP to the
// address that it answered.
TEST_F(Evidence, AnotherResolversAnswerMakesNone) {
  for (const auto of_guests :
       {std::optional<Action>(), std::optional(Action::log), std::optional(Action::allow)}) {
    use(ban(of_guests));
    look_up(guest(1), kBanned, kServer, other_resolver());
    EXPECT_FALSE(drops_ssh(staff(1), kServer));
    EXPECT_FALSE(drops_datagram(staff(1), kServer));
    EXPECT_FALSE(drops_ssh(guest(1), kServer));
  }
  EXPECT_EQ(leases(), 0U);
}

// Bug: a guest sent a hello with a banned name to an innocent server, which acknowledged it.
TEST_F(Evidence, ABannedNameInAConnectionMakesNone) {
  for (const auto of_guests : {std::optional<Action>(), std::optional(Action::log)}) {
    use(ban(of_guests));
    show(guest(1), kBanned, kServer);
    show(guest(2), kBanned, kServer);
    show(guest(3), kBanned, kServer);
    EXPECT_FALSE(drops_ssh(staff(1), kServer));
    EXPECT_FALSE(drops_ssh(guest(1), kServer));
  }
  EXPECT_EQ(leases(), 0U);
}

// A client answers itself, under the resolver's address.
TEST_F(Evidence, AnAnswerFromInsideIsNotBelieved) {
  look_up(guest(1), kBanned, kServer, trusted_resolver(), Side::inside);
  EXPECT_EQ(leases(), 0U);
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
  look_up(guest(1), kBanned, kServer);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
  look_up(staff(1), kInnocent, kServer, trusted_resolver(), Side::inside);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
}

TEST_F(Evidence, ALeaseEnds) {
  look_up(guest(1), kBanned, kServer);
  lab().now += LeaseTable::kLeastLife + std::chrono::seconds(1);
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
}

TEST_F(Evidence, LeasesAreBoundedAndEvictionsCounted) {
  for (int i = 1; i <= 40; ++i) look_up(guest(1), kBanned, "203.0.113." + std::to_string(i));
  EXPECT_EQ(leases(), 16U);
  EXPECT_EQ(lab().counters->leases_evicted.value(), 24U);
}

// Bug: a lease had one name, the last one. A look-up of another app's name at the same address
// let clients through whose policy bans the first app only.
class TwoApps : public Evidence {
 protected:
  TwoApps() {
    const auto rules = test::ban_of_apps({{"wechat", "wechat.com"}, {"games", "games.example"}});
    auto snapshot = std::make_shared<Snapshot>(*rules);
    policy::Policy first{.name = "first", .clients = {*IpPrefix::parse("192.0.2.1")}};
    policy::Policy second{.name = "second", .clients = {*IpPrefix::parse("192.0.2.2")}};
    first.apps.add(match::AppId{0});
    second.apps.add(match::AppId{1});
    snapshot->policies = policy::PolicySet({first, second});
    snapshot->dns = test::trusting(trusted_resolver());
    use(snapshot);
  }
};

TEST_F(TwoApps, EachKeepsItsClaimToAnAddress) {
  look_up(guest(1), "a.wechat.com", kServer);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
  EXPECT_FALSE(drops_ssh(staff(2), kServer));
  for (const char* next : {"b.games.example", "c.wechat.com", "d.games.example"}) {
    look_up(guest(1), next, kServer);
    EXPECT_TRUE(drops_ssh(staff(1), kServer)) << next;
    EXPECT_TRUE(drops_ssh(staff(2), kServer)) << next;
  }
  EXPECT_EQ(leases(), 1U);
}

TEST_F(TwoApps, EachKeepsItsClaimWhereTheResolverFoundBoth) {
  const std::vector<name::Name> names = {*name::Name::from_text("a.wechat.com"),
                                         *name::Name::from_text("b.games.example")};
  std::vector<ResolvedAddress> found;
  for (const std::uint32_t name : {0U, 1U}) {
    found.push_back({.address = *IpAddress::parse(kServer),
                     .name = name,
                     .expires = lab().now + std::chrono::minutes(30),
                     .app = name});
  }
  lab().resolutions.publish(std::make_shared<Resolutions>(names, found));
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
  EXPECT_TRUE(drops_ssh(staff(2), kServer));
}

// The guard

TEST_F(Evidence, AnInnocentNameGuardsForTheClientThatAskedForIt) {
  look_up(guest(1), kBanned, kServer);
  look_up(staff(1), kInnocent, kServer);
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
  EXPECT_EQ(lab().counters->address_guarded.value(), 1U);
  EXPECT_TRUE(drops_ssh(staff(2), kServer));
  lab().now += LeaseTable::kLeastLife - std::chrono::seconds(1);  // the lease lasts longer
  look_up(guest(1), kBanned, kServer);
  lab().now += std::chrono::seconds(2);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
}

TEST_F(Evidence, AnInnocentNameInAConnectionGuardsForItsClient) {
  look_up(guest(1), kBanned, kServer);
  show(staff(1), kInnocent, kServer);
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
  EXPECT_TRUE(drops_ssh(staff(2), kServer));
}

TEST_F(Evidence, OnceEnoughClientsAgreeAnAddressIsSharedForAll) {
  look_up(guest(1), kBanned, kServer);
  look_up(guest(1), kBanned, kOther);
  show(staff(1), kInnocent, kServer);
  show(staff(2), kInnocent, kServer);
  EXPECT_TRUE(drops_ssh(staff(9), kServer));
  show(staff(3), kInnocent, kServer);
  EXPECT_EQ(lab().counters->innocent_addresses.value(), 1U);
  EXPECT_FALSE(drops_ssh(staff(9), kServer));
  EXPECT_TRUE(drops_ssh(staff(9), kOther));
}

// In any order.
TEST_F(Evidence, AgreementFromBeforeTheLeaseCounts) {
  for (int i = 1; i <= 3; ++i) show(staff(i), kInnocent, kServer);
  look_up(guest(1), kBanned, kServer);
  EXPECT_FALSE(drops_ssh(staff(9), kServer));
}

TEST_F(Evidence, OneClientAloneDoesNotAgreeWithItself) {
  look_up(guest(1), kBanned, kServer);
  for (int i = 0; i < 9; ++i) show(staff(1), kInnocent, kServer);
  EXPECT_TRUE(drops_ssh(staff(9), kServer));
  // Nor under many addresses of its IPv6 network.
  const std::vector<ResolvedAddress> found{{.address = *IpAddress::parse("2001:db8:ff::7"),
                                            .name = 0,
                                            .expires = lab().now + std::chrono::hours(1)}};
  lab().resolutions.publish(std::make_shared<Resolutions>(
      std::vector<name::Name>{*name::Name::from_text(kBanned)}, found));
  const std::string server = "2001:db8:ff::7";
  for (int i = 1; i <= 9; ++i) show("2001:db8::" + std::to_string(i), kInnocent, server);
  EXPECT_FALSE(drops_ssh("2001:db8::99", server));  // its own network
  EXPECT_TRUE(drops_ssh("2001:db8:0:1::9", server));
}

// Anybody can ask under another client's address.
TEST_F(Evidence, QuestionsOfManyClientsAreNoAgreement) {
  look_up(guest(1), kBanned, kServer);
  for (int i = 1; i <= 9; ++i) look_up(staff(i), kInnocent, kServer);
  EXPECT_TRUE(drops_ssh(staff(20), kServer));
}

// A guest is free to show what it likes.
TEST_F(Evidence, NamesOfClientsWithoutAnActingPolicyGuardNobodyElse) {
  for (const auto of_guests :
       {std::optional<Action>(), std::optional(Action::log), std::optional(Action::allow)}) {
    use(ban(of_guests));
    look_up(guest(1), kBanned, kServer);
    for (int i = 1; i <= 5; ++i) show(guest(i), kInnocent, kServer);
    EXPECT_TRUE(drops_ssh(staff(1), kServer));
  }
}

// A trial with `log` shows what `drop` would drop.
TEST_F(Evidence, UnderLogAClientsOwnInnocentNamesGuard) {
  use(ban(Action::log));
  look_up(guest(1), kBanned, kServer);
  while (lab().audit.front() != nullptr) lab().audit.release();
  EXPECT_FALSE(drops_ssh(guest(2), kServer));
  ASSERT_NE(lab().audit.front(), nullptr);
  lab().audit.release();
  show(guest(2), kInnocent, kServer);
  EXPECT_FALSE(drops_ssh(guest(2), kServer));
  EXPECT_EQ(lab().audit.front(), nullptr);
}

// A name proves nothing if the server did not acknowledge it, or if no handshake was seen.
TEST_F(Evidence, AnUnconfirmedNameGuardsNothing) {
  look_up(guest(1), kBanned, kServer);
  const ByteVector bytes = hello(kInnocent);
  const Connection unanswered(staff(1) + ":4000", std::string(kServer) + ":443");
  unanswered.open(lab());
  lab().send(unanswered.data(0, bytes));
  const Connection unopened(staff(1) + ":4001", std::string(kServer) + ":443");
  lab().send(unopened.data(0, bytes));
  lab().send(unopened.acknowledge(bytes.size()), Side::outside);
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
}

TEST_F(Evidence, AFloodOfOneClientLeavesTheGuardOfOthers) {
  look_up(guest(1), kBanned, kServer);
  for (int i = 1; i <= 3; ++i) show(staff(i), kInnocent, kServer);
  for (int i = 1; i <= 200; ++i) show(staff(7), kInnocent, "198.18.0." + std::to_string(i));
  EXPECT_FALSE(drops_ssh(staff(9), kServer));
}

// Listed ranges

class ListedRange : public Evidence {
 protected:
  ListedRange() { use(ban(std::nullopt, {.addresses = {"203.0.113.0/24", "@@203.0.113.9"}})); }
};

// Bug: `203-0-113-7.nip.example` leads to 203.0.113.7, so one look-up of any client let a listed
// range through for everybody.
TEST_F(ListedRange, IsNotGuardedByNamesThatLeadThere) {
  look_up(staff(1), "203-0-113-7.nip.example", kServer);
  look_up(guest(1), "203-0-113-7.nip.example", kServer);
  for (int i = 1; i <= 5; ++i) show(staff(i), kInnocent, kServer);
  for (const int client : {1, 9}) {
    EXPECT_TRUE(drops_ssh(staff(client), kServer));
    EXPECT_TRUE(drops_datagram(staff(client), kServer));
  }
  EXPECT_EQ(lab().counters->address_guarded.value(), 0U);
  EXPECT_FALSE(drops_ssh(staff(9), "203.0.113.9"));  // an exception of the list
}

TEST_F(ListedRange, AnExceptionGoesBeforeALease) {
  look_up(guest(1), kBanned, "203.0.113.9");
  EXPECT_EQ(leases(), 1U);
  EXPECT_FALSE(drops_ssh(staff(1), "203.0.113.9"));
}

// Names in datagrams

// Bug: one QUIC Initial with an innocent name, which the server need not understand, let all that
// followed on its ports through to a listed address.
TEST_F(ListedRange, ANameInADatagramCountsOnceTheServerTakesPart) {
  const ByteVector tunnel = test::byte_vector(std::string(148, '\x01'));
  const test::QuicPacket client{.scid = test::byte_vector("client")};
  const test::QuicPacket of_server{.dcid = client.scid,
                                   .scid = test::byte_vector("server"),
                                   .keys_of = client.dcid,
                                   .sender = quic::Sender::server};
  test::QuicConnection connection(lab(), staff(1) + ":4000", "203.0.113.7:443");
  EXPECT_EQ(connection.to_server(test::whole_hello(kInnocent, client)), Verdict::pass);
  EXPECT_EQ(connection.to_server(test::quic_sealed(client, quic::PacketType::zero_rtt, 300)),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(tunnel), Verdict::drop);
  EXPECT_EQ(connection.to_client(tunnel), Verdict::pass);
  EXPECT_EQ(connection.to_server(tunnel), Verdict::drop);
  const ByteVector answer =
      test::quic_initial(of_server, test::crypto_frame(0, as_bytes("server hello")));
  // The client cannot answer itself.
  EXPECT_EQ(lab().send(FrameBuilder("203.0.113.7:443", staff(1) + ":4000").payload(answer).build()),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(tunnel), Verdict::drop);
  EXPECT_EQ(connection.to_client(answer), Verdict::pass);
  EXPECT_EQ(connection.to_server(test::quic_short({}, 100)), Verdict::pass);
}

TEST_F(ListedRange, ANameInDtlsCountsOnceTheServerTakesPart) {
  const ByteVector body = test::dtls_hello(kInnocent);
  const ByteVector data = test::byte_vector("\x17\xfe\xfd application data");
  test::QuicConnection connection(lab(), staff(1) + ":4000", "203.0.113.7:443");
  EXPECT_EQ(connection.to_server(test::dtls_record(test::dtls_fragment(body, 0, body.size()))),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(data), Verdict::drop);
  constexpr std::uint8_t kServerHello = 2;
  EXPECT_EQ(connection.to_client(
                test::dtls_record(test::dtls_fragment(body, 0, 40, {.type = kServerHello}))),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(data), Verdict::pass);
}

// A server cannot show a name for its client either.
TEST_F(ListedRange, ANameFromOutsideCountsForNothing) {
  test::QuicConnection connection(lab(), staff(1) + ":4000", "203.0.113.7:443");
  EXPECT_EQ(connection.to_client(test::whole_hello(kInnocent)), Verdict::pass);
  EXPECT_EQ(connection.to_server(test::quic_short({}, 100)), Verdict::drop);
}

// The background resolver

TEST_F(Evidence, AddressesThatTheResolverFoundAreJudged) {
  EXPECT_FALSE(drops_ssh(staff(1), kServer));
  const std::vector<name::Name> names = {*name::Name::from_text("long.wechat.com")};
  const ResolvedAddress found{*IpAddress::parse(kServer), 0, lab().now + std::chrono::minutes(30)};
  lab().resolutions.publish(
      std::make_shared<Resolutions>(names, std::vector<ResolvedAddress>{found, found}));
  EXPECT_TRUE(drops_ssh(staff(1), kServer));
  ASSERT_NE(lab().audit.front(), nullptr);
  EXPECT_EQ(lab().audit.front()->rule.view(), "wechat.com");
  EXPECT_EQ(lab().audit.front()->evidence, 2U);
  show(staff(1), kInnocent, kServer);
  EXPECT_FALSE(drops_ssh(staff(1), kServer));  // guarded
  EXPECT_TRUE(drops_ssh(staff(2), kServer));
  lab().now += std::chrono::hours(3);
  EXPECT_FALSE(drops_ssh(staff(2), kServer));  // over
}

// The resolver asks for IPv4 addresses; a client behind NAT64 reaches these under others.
TEST_F(Evidence, WhatIsKnownOfAnIpv4AddressHoldsBehindNat64) {
  const std::string client = "2001:db8:0:1::9", server = "64:ff9b::203.0.113.7";
  EXPECT_FALSE(drops_ssh(client, server));
  lab().resolutions.publish(std::make_shared<Resolutions>(
      std::vector<name::Name>{*name::Name::from_text(kBanned)},
      std::vector<ResolvedAddress>{{.address = *IpAddress::parse(kServer),
                                    .name = 0,
                                    .expires = lab().now + std::chrono::hours(1)}}));
  EXPECT_TRUE(drops_ssh(client, server));
  EXPECT_FALSE(drops_ssh(client, "64:ff9b::203.0.113.8"));
  EXPECT_FALSE(drops_ssh(client, "2001:db8:ff::203.0.113.7"));
  for (int i = 1; i <= 3; ++i) show(staff(i), kInnocent, kServer);
  EXPECT_FALSE(drops_ssh(client, server));  // guarded
}

}  // namespace
}  // namespace sluice::engine
