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
  for (unsigned i = 1; i < 150; ++i) {  // more than there is room for
    EXPECT_EQ(connection.to_server(whole_hello("example.com", another(i))), Verdict::pass);
  }
  EXPECT_EQ(connection.to_server(real[1]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::forgotten), 1U);
}

// It never arrives. Whoever believes it takes the short numbers of the others for something else.
TEST(QuicEvasion, DecoyWithAFarPacketNumber) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1200});
  const ByteVector ping(1, std::byte{1});
  for (const std::uint64_t number : {127U, 200U, 1U << 9, 1U << 16, 1U << 24, 1U << 30}) {
    const ByteVector decoy = test::quic_initial({.number = number, .number_bytes = 4}, ping, 1200);
    const ByteVector first = part_of(hello, 0, 160, {.number = 0, .number_bytes = 1});
    const ByteVector second = part_of(hello, 160, 2000, {.number = 1, .number_bytes = 1});
    for (const std::size_t decoy_at : {0U, 1U}) {
      Lab lab;
      QuicConnection connection(lab);
      const ByteVector& one = decoy_at == 0 ? decoy : first;
      const ByteVector& two = decoy_at == 0 ? first : decoy;
      EXPECT_EQ(connection.to_server(one), Verdict::pass);
      EXPECT_EQ(connection.to_server(two), Verdict::pass);
      EXPECT_EQ(connection.to_server(second), Verdict::drop);
      EXPECT_EQ(lab.count(Reason::banned), 1U) << number;
    }
  }
}

// It does arrive, and the client counts on from there.
TEST(QuicEvasion, NumbersGoOnFromAFarOne) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1200});
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 160)), Verdict::pass);
  const ByteVector ping(1, std::byte{1});
  EXPECT_EQ(
      connection.to_server(test::quic_initial({.number = 1U << 20, .number_bytes = 4}, ping, 1200)),
      Verdict::pass);
  EXPECT_EQ(connection.to_server(
                part_of(hello, 160, 2000, {.number = (1U << 20) + 1, .number_bytes = 1})),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

// Numbers that an ordinary client uses, sent in as few bytes as its server needs.
TEST(QuicEvasion, NearPacketNumbersAreReadWhicheverArrived) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1200});
  const ByteVector ping(1, std::byte{1});
  for (const std::uint64_t start : {0U, 1U, 100U, 250U, 70'000U}) {
    Lab lab;
    QuicConnection connection(lab);
    EXPECT_EQ(connection.to_server(part_of(hello, 0, 160, {.number = start, .number_bytes = 4})),
              Verdict::pass);
    for (const std::uint64_t ahead : {90U, 3U, 126U}) {
      EXPECT_EQ(connection.to_server(
                    test::quic_initial({.number = start + ahead, .number_bytes = 1}, ping, 1200)),
                Verdict::pass);
    }
    EXPECT_EQ(
        connection.to_server(part_of(hello, 160, 2000, {.number = start + 1, .number_bytes = 1})),
        Verdict::drop);
    EXPECT_EQ(lab.count(Reason::banned), 1U) << start;
  }
}

// A packet with the DCID of a hello that does not open starts no other hello.
TEST(QuicEvasion, SameConnectionIdIsTheSameHello) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1200});
  Lab lab;
  QuicConnection connection(lab);
  EXPECT_EQ(connection.to_server(part_of(hello, 0, 160, {.number = 400, .number_bytes = 4})),
            Verdict::pass);
  EXPECT_EQ(connection.to_server(part_of(hello, 160, 2000, {.number = 5000, .number_bytes = 1})),
            Verdict::drop);
  EXPECT_EQ(lab.count(Reason::quic_undecryptable), 1U);
}

// The server may have acted on the first hello and asked for another.
TEST(QuicEvasion, TheRestOfAHelloWhenItsPlaceIsLost) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 1200});
  for (const auto idle :
       {std::chrono::seconds(40), std::chrono::seconds(125), std::chrono::seconds(590)}) {
    Lab lab;
    QuicConnection connection(lab), other(lab, "192.0.2.7:9");
    EXPECT_EQ(connection.to_server(part_of(hello, 0, 160)), Verdict::pass);
    lab.now += idle;
    EXPECT_EQ(other.to_server(whole_hello("example.com")), Verdict::pass);  // time goes by
    EXPECT_EQ(connection.to_server(part_of(hello, 160, 2000, {.number = 1})), Verdict::drop);
    EXPECT_EQ(lab.count(Reason::banned) + lab.count(Reason::forgotten), 1U);
  }
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
