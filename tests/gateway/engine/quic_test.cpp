// Verdicts on QUIC: ordinary connections in all their forms.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/gateway/engine/quic_lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Lab;
using test::LabOptions;
using test::part_of;
using test::QuicConnection;
using test::QuicPacket;
using test::whole_hello;

const ByteVector kServerId = test::byte_vector("servers own id");

TEST(Quic, CleanHelloPassesAndBannedOneIsDropped) {
  for (const quic::VersionNumber version : {quic::kVersion1, quic::kVersion2, quic::draft(29)}) {
    Lab lab;
    QuicConnection clean(lab);
    EXPECT_EQ(clean.to_server(whole_hello("example.com", {.version = version})), Verdict::pass);
    QuicConnection banned(lab, "192.0.2.1:5001");
    EXPECT_EQ(banned.to_server(whole_hello("web.wechat.com", {.version = version})), Verdict::drop);
    EXPECT_EQ(lab.count(Reason::allowed), 1U);
    EXPECT_EQ(lab.count(Reason::banned), 1U);
    test::expect_audited_datagram(lab, "quic", "web.wechat.com");
  }
}

TEST(Quic, IsRecognisedByContentOnEveryPort) {
  Lab lab;
  QuicConnection odd(lab, "192.0.2.1:53", "198.51.100.2:53");
  EXPECT_EQ(odd.to_server(whole_hello("wechat.com")), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(Quic, LeadingDatagramsPassAndTheOneThatCompletesABannedNameIsDroppedEachTime) {
  Lab lab;
  QuicConnection connection(lab);
  const auto datagrams = test::quic_hello("wechat.com", {}, {800}, {.padding = 1500});
  ASSERT_EQ(datagrams.size(), 2U);
  EXPECT_EQ(connection.to_server(datagrams[0]), Verdict::pass);
  EXPECT_EQ(connection.to_server(datagrams[1]), Verdict::drop);
  EXPECT_EQ(connection.to_server(datagrams[1]), Verdict::drop);
  EXPECT_EQ(connection.to_server(datagrams[0]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unfinished), 1U);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
  EXPECT_EQ(lab.count(Reason::flow_blocked), 2U);
  EXPECT_EQ(connection.to_server(test::quic_sealed({}, quic::PacketType::zero_rtt, 100)),
            Verdict::drop);
}

TEST(Quic, InspectNeverDrops) {
  Lab lab(LabOptions{.enforce = false});
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole_hello("wechat.com")), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("wechat.com", {.keys_of = kServerId})), Verdict::pass);
  EXPECT_EQ(lab.counters->findings.value(), 1U);
}

// The packets of a whole handshake, in both directions.
TEST(Quic, OrdinaryHandshakePasses) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket client{.scid = test::byte_vector("client")};
  const QuicPacket of_server{.dcid = client.scid,
                             .scid = kServerId,
                             .keys_of = client.dcid,
                             .sender = quic::Sender::server};
  const QuicPacket answer{
      .dcid = kServerId, .scid = client.scid, .number = 1, .keys_of = client.dcid};
  EXPECT_EQ(connection.to_server(whole_hello("example.com", client)), Verdict::pass);
  ByteVector flight =
      test::quic_initial(of_server, test::crypto_frame(0, as_bytes("server hello")));
  test::append(flight, test::quic_sealed(of_server, quic::PacketType::handshake, 600));
  EXPECT_EQ(connection.to_client(flight), Verdict::pass);
  flight = test::quic_initial(answer, test::ack_frame(0));
  test::append(flight, test::quic_sealed(answer, quic::PacketType::handshake, 60));
  test::append(flight, test::quic_short(answer, 300));
  EXPECT_EQ(connection.to_server(flight), Verdict::pass);
  EXPECT_EQ(connection.to_server(test::quic_short(answer, 1200)), Verdict::pass);
  EXPECT_EQ(lab.count(Verdict::drop, Reason::quic_undecryptable), 0U);
  EXPECT_EQ(lab.count(Reason::server_data), 1U);
}

TEST(Quic, PacketsCoalescedInOneDatagramAreAllRead) {
  Lab lab;
  QuicConnection connection(lab);
  const ByteVector hello = test::client_hello("wechat.com");
  ByteVector datagram = test::quic_initial({}, test::crypto_frame(0, Bytes(hello).first(60)));
  test::append(datagram, test::quic_sealed({}, quic::PacketType::zero_rtt, 100));
  EXPECT_EQ(connection.to_server(datagram), Verdict::pass);
  test::append(datagram,
               test::quic_initial({.number = 1}, test::crypto_frame(60, Bytes(hello).subspan(60))));
  EXPECT_EQ(connection.to_server(datagram), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(Quic, AnInitialForAnotherConnectionIdInOneDatagramIsDropped) {
  Lab lab;
  QuicConnection connection(lab);
  const ByteVector hello = test::client_hello("a.example");
  ByteVector datagram = test::quic_initial({}, test::crypto_frame(0, hello));
  EXPECT_EQ(connection.to_server(datagram), Verdict::pass);
  test::append(datagram, test::quic_initial({.dcid = test::byte_vector("another")},
                                            test::crypto_frame(0, hello)));
  EXPECT_EQ(connection.to_server(datagram), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unreadable), 1U);
}

TEST(Quic, KeysStayWhenTheServerHasChosenItsConnectionId) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket first;
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1500});
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 900)), Verdict::pass);
  EXPECT_EQ(connection.to_server(
                part_of(hello, 900, 5000, {.dcid = kServerId, .number = 1, .keys_of = first.dcid})),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(Quic, KeysChangeWithARetry) {
  Lab lab;
  QuicConnection connection(lab);
  const auto first = test::quic_hello("wechat.com", {}, {900}, {.padding = 1500});
  const auto again = test::quic_hello("wechat.com", {.dcid = kServerId}, {900}, {.padding = 1500});
  EXPECT_EQ(connection.to_server(first[0]), Verdict::pass);
  EXPECT_EQ(connection.to_client(test::quic_retry({.scid = kServerId})), Verdict::pass);
  EXPECT_EQ(connection.to_server(again[0]), Verdict::pass);
  EXPECT_EQ(connection.to_server(again[1]), Verdict::drop);
}

TEST(Quic, VersionMayChangeWithinOneHandshake) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket first;
  const QuicPacket of_server{.version = quic::kVersion2,
                             .dcid = test::byte_vector("client"),
                             .scid = kServerId,
                             .keys_of = first.dcid,
                             .sender = quic::Sender::server};
  EXPECT_EQ(connection.to_server(whole_hello("example.com")), Verdict::pass);
  EXPECT_EQ(connection.to_client(test::quic_initial(of_server, test::byte_vector("\x01"))),
            Verdict::pass);
  const QuicPacket answer{
      .version = quic::kVersion2, .dcid = kServerId, .number = 1, .keys_of = first.dcid};
  EXPECT_EQ(connection.to_server(test::quic_initial(answer, test::ack_frame(0), 1200)),
            Verdict::pass);
  EXPECT_EQ(lab.count(Reason::quic_undecryptable), 0U);
}

TEST(Quic, SecondHelloAfterAHelloRetryRequestIsJudged) {
  Lab lab;
  QuicConnection connection(lab);
  const ByteVector clean = test::client_hello("example.com");
  EXPECT_EQ(connection.to_server(part_of(clean, 0, 5000)), Verdict::pass);
  const ByteVector frame = test::crypto_frame(clean.size(), test::client_hello("wechat.com"));
  EXPECT_EQ(connection.to_server(test::quic_initial({.number = 1}, frame, 1200)), Verdict::drop);
}

TEST(Quic, PacketsThatNeitherEndCanOpenAreDroppedWithoutEndingTheFlow) {
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole_hello("example.com", {.keys_of = kServerId})),
            Verdict::drop);
  EXPECT_EQ(connection.to_client(test::quic_initial({.sender = quic::Sender::server}, {})),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::quic_undecryptable), 2U);
  EXPECT_EQ(connection.to_server(whole_hello("example.com")), Verdict::pass);
}

// The gateway missed the first flight: Handshake and 1-RTT packets pass, and so does a
// retransmitted Initial.
TEST(Quic, ConnectionOlderThanTheGatewayGoesOn) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket answer{.dcid = kServerId};
  EXPECT_EQ(connection.to_server(test::quic_sealed(answer, quic::PacketType::handshake, 90)),
            Verdict::pass);
  EXPECT_EQ(connection.to_client(test::quic_short(answer, 1000)), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("example.com")), Verdict::pass);
}

TEST(Quic, UnknownVersionsAndGooglesQuicFollowTheConfiguration) {
  const ByteVector greased =
      test::quic_sealed({.version = {0x1a2a3a4a}}, quic::PacketType::zero_rtt, 1200);
  for (const auto fallback : {policy::Fallback::pass, policy::Fallback::drop}) {
    Lab lab(LabOptions{.fallbacks = {.quic_unknown = fallback}});
    QuicConnection connection(lab);
    const Verdict expected = fallback == policy::Fallback::pass ? Verdict::pass : Verdict::drop;
    EXPECT_EQ(connection.to_server(greased), expected);
    EXPECT_EQ(connection.to_server(test::google_quic("Q043")), expected);
    EXPECT_EQ(lab.count(Reason::quic_unknown), 2U);
    EXPECT_EQ(connection.to_server(test::quic_version_negotiation({})), Verdict::pass);
    EXPECT_EQ(connection.to_server(test::quic_short({}, 1200)), Verdict::pass);
  }
}

TEST(Quic, FramesThatAreForbiddenInInitialsMakeThemUnreadable) {
  const ByteVector datagram = test::quic_initial({}, test::byte_vector("\x1e"), 1200);
  Lab lab;
  EXPECT_EQ(QuicConnection(lab).to_server(datagram), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unreadable), 1U);
  Lab lenient(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  EXPECT_EQ(QuicConnection(lenient).to_server(datagram), Verdict::pass);
}

TEST(Quic, HelloThatCannotBeReadIsBlocked) {
  ByteVector hello = test::client_hello("example.com");
  hello[38] = std::byte{0xff};  // length of the session id
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 5000)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unreadable), 1U);
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 5000)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::flow_blocked), 1U);
}

TEST(Quic, OnlyTheClientOverItsRateIsHeldBack) {
  Lab lab(LabOptions{.limits = {.hellos = {.flows = 64, .streams = 8, .initials_per_second = 10}}});
  QuicConnection eager(lab);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(eager.to_server(whole_hello("example.com")), Verdict::pass);
  }
  for (int i = 0; i < 5; ++i) static_cast<void>(eager.to_server(whole_hello("example.com")));
  EXPECT_GE(lab.count(Verdict::drop, Reason::hello_over_rate), 4U);
  QuicConnection other(lab, "192.0.2.2:5000");
  EXPECT_EQ(other.to_server(whole_hello("example.com")), Verdict::pass);
  lab.now += std::chrono::seconds(2);
  EXPECT_EQ(eager.to_server(whole_hello("example.com")), Verdict::pass);
}

TEST(Quic, DnsOverQuicIsNamedByItsSignature) {
  Lab lab;
  QuicConnection connection(lab);
  const auto hello = test::quic_hello("dns.example", {}, {}, {.alpn = "doq"});
  EXPECT_EQ(connection.to_server(hello[0]), Verdict::pass);
  EXPECT_EQ(lab.counters->findings.value(), 2U);
}

TEST(Quic, TheHelloIdleLongestGivesWay) {
  Lab lab(LabOptions{.limits = {.flows = 64, .streams = 8, .hellos = {.flows = 64, .streams = 4}}});
  for (int i = 0; i < 20; ++i) {
    QuicConnection connection(lab, "192.0.2.1:" + std::to_string(4000 + i));
    EXPECT_EQ(connection.to_server(whole_hello("example.com")), Verdict::pass);
    EXPECT_LE(lab.counters->quic_streams.value(), 4U);
  }
  QuicConnection first(lab, "192.0.2.1:4000");
  EXPECT_EQ(first.to_server(whole_hello("example.com")), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::forgotten), 1U);
}

// A library that has one socket for all its connections; each handshake goes on to its end.
TEST(Quic, ManyConnectionsOfOneSocketToOneServerPass) {
  Lab lab(
      LabOptions{.limits = {.flows = 64, .streams = 8, .hellos = {.flows = 64, .streams = 64}}});
  QuicConnection socket(lab);
  struct Handshake {
    QuicPacket client, server, next;
  };
  std::vector<Handshake> all;
  for (unsigned i = 0; i < 16; ++i) {
    Handshake one{.client = {.scid = test::byte_vector("c" + std::to_string(i))}};
    one.client.dcid[0] = static_cast<std::byte>(i);
    const ByteVector id = test::byte_vector("s" + std::to_string(i));
    one.server = {.dcid = one.client.scid,
                  .scid = id,
                  .keys_of = one.client.dcid,
                  .sender = quic::Sender::server};
    one.next = {.dcid = id, .scid = one.client.scid, .number = 1, .keys_of = one.client.dcid};
    EXPECT_EQ(socket.to_server(whole_hello("example.com", one.client)), Verdict::pass);
    all.push_back(one);
  }
  for (const Handshake& one : all) {
    EXPECT_EQ(socket.to_client(test::quic_initial(one.server, test::ack_frame(0))), Verdict::pass);
  }
  for (const Handshake& one : all) {
    EXPECT_EQ(socket.to_server(test::quic_initial(one.next, test::ack_frame(0), 1200)),
              Verdict::pass);
  }
  EXPECT_EQ(lab.count(Reason::server_data), all.size());
  QuicPacket last;
  last.dcid[0] = std::byte{99};
  EXPECT_EQ(socket.to_server(whole_hello("wechat.com", last)), Verdict::drop);
}

// Where the server's packets take another way.
TEST(Quic, AClientGoesOnThoughItsServersAnswerWasNotSeen) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket first;
  const QuicPacket answer{.dcid = kServerId, .number = 1, .keys_of = first.dcid};
  EXPECT_EQ(connection.to_server(whole_hello("example.com", first)), Verdict::pass);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(connection.to_server(test::quic_initial(answer, test::ack_frame(0), 1200)),
              Verdict::pass);
  }
}

// A hello in frames cut anywhere, some of them twice or overlapping, in any order, in packets and
// datagrams of any number.
class Shuffled {
 public:
  Shuffled(std::string_view name, unsigned seed) : random_(seed) {
    hello_ = test::client_hello(name, {.padding = below(1800)});
  }

  std::vector<ByteVector> datagrams() {
    std::vector<ByteVector> frames;
    for (std::size_t at = 0; at < hello_.size();) {
      const std::size_t size = std::min<std::size_t>(1 + below(700), hello_.size() - at);
      const std::size_t back = std::min<std::size_t>(at, below(3) == 0 ? below(80) : 0);
      const ByteVector frame =
          test::crypto_frame(at - back, Bytes(hello_).subspan(at - back, size + back));
      frames.push_back(frame);
      if (below(4) == 0) frames.push_back(frame);
      at += size;
    }
    std::ranges::shuffle(frames, random_);
    std::vector<ByteVector> datagrams;
    for (std::size_t i = 0; i < frames.size();) {
      ByteVector datagram;
      for (std::size_t packets = 1 + below(3); packets > 0 && i < frames.size(); --packets) {
        ByteVector payload = test::byte_vector("\x01");
        for (std::size_t n = 1 + below(4); n > 0 && i < frames.size(); --n) {
          test::append(payload, frames[i++]);
        }
        test::append(datagram, test::quic_initial({.number = number_++}, payload));
      }
      datagrams.push_back(datagram);
    }
    return datagrams;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::mt19937 random_;
  ByteVector hello_;
  std::uint64_t number_ = 0;
};

TEST(Quic, VerdictIsTheSameHoweverAHelloIsCut) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    Lab lab;
    QuicConnection clean(lab, "192.0.2.1:5000");
    for (const ByteVector& datagram : Shuffled("example.com", seed).datagrams()) {
      EXPECT_EQ(clean.to_server(datagram), Verdict::pass) << seed;
    }
    EXPECT_EQ(lab.counters->findings.value(), 1U) << seed;
    QuicConnection banned(lab, "192.0.2.2:5000");
    for (const ByteVector& datagram : Shuffled("a.wechat.com", seed).datagrams()) {
      static_cast<void>(banned.to_server(datagram));
    }
    EXPECT_EQ(lab.count(Verdict::drop, Reason::banned), 1U) << seed;
    EXPECT_EQ(lab.counters->overlaps.value(), 0U) << seed;
  }
}

}  // namespace
}  // namespace sluice::engine
