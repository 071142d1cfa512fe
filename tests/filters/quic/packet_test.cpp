#include "filters/quic/packet.h"

#include <gtest/gtest.h>

#include "tests/support/quic_builder.h"

namespace sluice::quic {
namespace {

using test::ByteVector;
using test::QuicPacket;

std::uint64_t varint(std::initializer_list<unsigned> values) {
  ByteVector bytes;
  for (const unsigned byte : values) test::append_u8(bytes, byte);
  ByteReader reader{Bytes(bytes)};
  const std::uint64_t value = read_varint(reader);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
  return value;
}

// RFC 9000 appendix A.1.
TEST(Varint, FollowsTheRfc) {
  EXPECT_EQ(varint({0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}), 151288809941952652U);
  EXPECT_EQ(varint({0x9d, 0x7f, 0x3e, 0x7d}), 494878333U);
  EXPECT_EQ(varint({0x7b, 0xbd}), 15293U);
  EXPECT_EQ(varint({0x25}), 37U);
  EXPECT_EQ(varint({0x40, 0x25}), 37U);
}

// RFC 9000 appendix A.3.
TEST(PacketNumber, IsCompletedAsInTheRfc) {
  EXPECT_EQ(decode_packet_number(0xa82f30eb, 0x9b32, 2), 0xa82f9b32U);
  EXPECT_EQ(decode_packet_number(0, 0, 1), 0U);
  EXPECT_EQ(decode_packet_number(0, 0xffffffff, 4), 0xffffffffU);
  EXPECT_EQ(decode_packet_number(0x100, 0xff, 1), 0xffU);
  EXPECT_EQ(decode_packet_number(0xff, 0x00, 1), 0x100U);
}

TEST(LongPacket, ReadsAnInitial) {
  const QuicPacket packet{.scid = test::byte_vector("source"),
                          .token = test::byte_vector("a token")};
  ByteVector datagram = test::quic_initial(packet, test::byte_vector("\x01"));
  const std::size_t size = datagram.size();
  test::append(datagram, as_bytes("what is behind it"));
  const auto read = parse_long_packet(datagram);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, PacketType::initial);
  EXPECT_EQ(read->version, kVersion1);
  EXPECT_EQ(as_text(read->dcid), as_text(packet.dcid));
  EXPECT_EQ(as_text(read->scid), "source");
  EXPECT_EQ(as_text(read->token), "a token");
  EXPECT_EQ(read->whole.size(), size);
}

TEST(LongPacket, ReadsTypesByTheBitsOfItsVersion) {
  for (const VersionNumber version : {kVersion1, kVersion2}) {
    const QuicPacket packet{.version = version};
    const auto type = [](const ByteVector& bytes) { return parse_long_packet(bytes)->type; };
    EXPECT_EQ(type(test::quic_initial(packet, {})), PacketType::initial);
    EXPECT_EQ(type(test::quic_sealed(packet, PacketType::zero_rtt, 40)), PacketType::zero_rtt);
    EXPECT_EQ(type(test::quic_sealed(packet, PacketType::handshake, 40)), PacketType::handshake);
    EXPECT_EQ(type(test::quic_retry(packet)), PacketType::retry);
    EXPECT_EQ(type(test::quic_version_negotiation(packet)), PacketType::version_negotiation);
  }
}

TEST(LongPacket, OfAnUnknownVersionHasNoFurtherFields) {
  ByteVector bytes = test::quic_sealed({.version = {0x1a2a3a4a}}, PacketType::zero_rtt, 1200);
  const auto read = parse_long_packet(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, PacketType::unknown);
  EXPECT_EQ(read->whole.size(), bytes.size());
}

TEST(LongPacket, RefusesShortHeadersAndEveryCut) {
  EXPECT_EQ(parse_long_packet({}).error(), PacketError::not_long);
  EXPECT_EQ(parse_long_packet(test::quic_short({}, 50)).error(), PacketError::not_long);
  const ByteVector whole =
      test::quic_initial({.token = test::byte_vector("t")}, test::byte_vector("\x01"));
  for (std::size_t size = 5; size < whole.size(); ++size) {
    const auto read = parse_long_packet(Bytes(whole).first(size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error(), PacketError::malformed);
  }
}

TEST(LongPacket, RefusesConnectionIdentifiersOverTwentyBytes) {
  EXPECT_TRUE(parse_long_packet(test::quic_initial({.dcid = ByteVector(20)}, {})));
  EXPECT_FALSE(parse_long_packet(test::quic_initial({.dcid = ByteVector(21)}, {})));
  EXPECT_FALSE(parse_long_packet(test::quic_initial({.scid = ByteVector(21)}, {})));
}

TEST(LongPacket, RefusesATokenLengthThatOverflows) {
  ByteVector bytes = test::quic_initial({}, {});
  bytes.resize(15);  // up to the token's length
  for (int i = 0; i < 9; ++i) test::append_u8(bytes, 0xff);
  EXPECT_EQ(parse_long_packet(bytes).error(), PacketError::malformed);
}

TEST(Sight, IsNoneForOtherTraffic) {
  EXPECT_EQ(sight_of({}), Sight::none);
  EXPECT_EQ(sight_of(test::dns_query("example.com")), Sight::none);
  EXPECT_EQ(sight_of(test::dns_query("example.com", {.id = 0xffff})), Sight::none);
  EXPECT_EQ(sight_of(test::quic_short({}, 1200)), Sight::none);
  EXPECT_EQ(sight_of(test::quic_version_negotiation({})), Sight::none);
  EXPECT_EQ(sight_of(ByteVector(1300, std::byte{0x80})), Sight::none);  // RTP starts like this
  EXPECT_EQ(sight_of(ByteVector(1400, std::byte{0xff})), Sight::none);
}

TEST(Sight, NeedsNeitherFixedBitNorSizeForAKnownVersion) {
  EXPECT_EQ(sight_of(test::quic_initial({.fixed_bit = false}, {})), Sight::readable);
}

TEST(Sight, GuessesAnUnknownVersionByTheServersMinimums) {
  const auto sight = [](const QuicPacket& packet, std::size_t size) {
    return sight_of(test::quic_sealed(packet, PacketType::zero_rtt, size));
  };
  EXPECT_EQ(sight({.version = {0xdadadada}}, 1200), Sight::unreadable);
  EXPECT_EQ(sight({.version = {0xdadadada}}, 1000), Sight::none);
  EXPECT_EQ(sight({.version = {0xdadadada}, .dcid = ByteVector(7)}, 1200), Sight::none);
  EXPECT_EQ(sight({.version = {0xdadadada}, .scid = ByteVector(21)}, 1200), Sight::none);
  EXPECT_EQ(sight({.version = {0xdadadada}, .fixed_bit = false}, 1200), Sight::none);
}

TEST(Sight, RecognisesGoogleQuicWithPublicAndWithLongHeaders) {
  EXPECT_EQ(sight_of(test::google_quic("Q039")), Sight::unreadable);
  EXPECT_EQ(sight_of(test::google_quic("Q043", 20)), Sight::unreadable);
  EXPECT_EQ(sight_of(test::google_quic("T051")), Sight::none);
  EXPECT_EQ(sight_of(test::google_quic("QXYZ")), Sight::none);
  const ByteVector q046 = test::quic_sealed({.version = {0x51303436}}, PacketType::handshake, 100);
  EXPECT_EQ(sight_of(q046), Sight::unreadable);
  EXPECT_EQ(parse_long_packet(q046)->type, PacketType::unknown);
}

}  // namespace
}  // namespace sluice::quic
