// QUIC evasions. Each test is named after its evasion.

#include <gtest/gtest.h>

#include "tests/gateway/engine/quic_lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::FrameBuilder;
using test::Lab;
using test::part_of;
using test::QuicConnection;
using test::QuicPacket;
using test::whole_hello;

QuicPacket another(unsigned id) {
  QuicPacket packet;
  packet.dcid[0] = static_cast<std::byte>(id);
  return packet;
}

TEST(QuicEvasion, DecoyHelloWithAnotherConnectionId) {
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole_hello("example.com", another(1))), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("wechat.com", another(2))), Verdict::drop);
}

TEST(QuicEvasion, DecoyHelloWithTheSameConnectionId) {
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole_hello("example.com")), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("a.wechat.com", {.number = 1})), Verdict::drop);
  EXPECT_EQ(lab.counters->overlaps.value(), 1U);
}

// Only the first copy of a piece passes.
TEST(QuicEvasion, ADatagramThatDiffersIsDroppedWithoutEndingTheFlow) {
  const ByteVector real = test::client_hello("wechat.com", {.padding = 1200});
  const ByteVector decoy = test::client_hello("sample.com", {.padding = 1200});
  ASSERT_EQ(real.size(), decoy.size());
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(part_of(real, 0, 160, {.number = 0})), Verdict::pass);
  EXPECT_EQ(connection.to_server(part_of(decoy, 0, 160, {.number = 1})), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::overlap), 1U);
  EXPECT_EQ(connection.to_server(part_of(decoy, 160, 2000, {.number = 2})), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(QuicEvasion, NameCutOverDatagramsInReverse) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1500});
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(part_of(hello, 900, 5000)), Verdict::pass);
  EXPECT_EQ(connection.to_server(part_of(hello, 105, 795, {.number = 1})), Verdict::pass);
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 105, {.number = 2})), Verdict::drop);
}

TEST(QuicEvasion, FixedBitCleared) {
  Lab lab;
  EXPECT_EQ(QuicConnection(lab).to_server(whole_hello("wechat.com", {.fixed_bit = false})),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(QuicEvasion, ShortConnectionIdAndSmallDatagram) {
  Lab lab;
  const ByteVector frame = test::crypto_frame(0, test::client_hello("wechat.com"));
  const ByteVector datagram = test::quic_initial({.dcid = test::byte_vector("ab")}, frame);
  EXPECT_EQ(QuicConnection(lab).to_server(datagram), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(QuicEvasion, InitialBehindManySmallPackets) {
  Lab lab;
  ByteVector datagram;
  for (int i = 0; i < 8; ++i) {
    test::append(datagram, test::quic_sealed({}, quic::PacketType::zero_rtt, 20));
  }
  test::append(datagram, whole_hello("wechat.com"));
  EXPECT_EQ(QuicConnection(lab).to_server(datagram), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::hello_too_many), 1U);
}

TEST(QuicEvasion, ManyDecoysToPushTheRealHelloOut) {
  Lab lab;
  QuicConnection connection(lab);
  const auto real = test::quic_hello("wechat.com", another(0), {700}, {.padding = 1200});
  EXPECT_EQ(connection.to_server(real[0]), Verdict::pass);
  for (unsigned i = 1; i < kHellos; ++i) {
    EXPECT_EQ(connection.to_server(whole_hello("example.com", another(i))), Verdict::pass);
  }
  EXPECT_EQ(connection.to_server(whole_hello("example.com", another(kHellos))), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::hello_too_many), 1U);
  EXPECT_EQ(connection.to_server(real[1]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
  lab.now += std::chrono::seconds(40);
  EXPECT_EQ(connection.to_server(whole_hello("example.com", another(9))), Verdict::pass);
}

TEST(QuicEvasion, BadChecksumDecoy) {
  Lab lab;
  const ByteVector hello = whole_hello("example.com");
  const ByteVector frame =
      FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").payload(hello).broken_checksum().build();
  EXPECT_EQ(lab.send(frame), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::bad_checksum), 1U);
}

// A host outside sends first, so that the real client's packets look like a server's.
TEST(QuicEvasion, RolesReversed) {
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_client(whole_hello("example.com", another(1))), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("wechat.com", another(2))), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

// The first part from one port, the rest from another, with the server's connection identifier.
TEST(QuicEvasion, PortHopWithinTheHello) {
  Lab lab;
  const QuicPacket first;
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1500});
  EXPECT_EQ(QuicConnection(lab, "192.0.2.1:5000").to_server(part_of(hello, 0, 900)), Verdict::pass);
  const QuicPacket rest{.dcid = test::byte_vector("of server"), .number = 1, .keys_of = first.dcid};
  EXPECT_EQ(QuicConnection(lab, "192.0.2.1:5001").to_server(part_of(hello, 900, 5000, rest)),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::quic_undecryptable), 1U);
}

// Invariant: nobody can cut off a third party with one datagram.
TEST(QuicEvasion, SpoofedBannedInitialOnALiveFlow) {
  Lab lab;
  QuicConnection connection(lab);
  const QuicPacket client;
  const QuicPacket answer{
      .dcid = test::byte_vector("of server"), .number = 1, .keys_of = client.dcid};
  EXPECT_EQ(connection.to_server(whole_hello("example.com", client)), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole_hello("wechat.com", another(7))), Verdict::drop);
  EXPECT_EQ(connection.to_server(test::quic_initial(answer, test::ack_frame(0), 1200)),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(test::quic_sealed(answer, quic::PacketType::handshake, 80)),
            Verdict::pass);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(connection.to_server(test::quic_short(answer, 900)), Verdict::pass);
    EXPECT_EQ(connection.to_client(test::quic_short({}, 900)), Verdict::pass);
  }
}

}  // namespace
}  // namespace sluice::engine
