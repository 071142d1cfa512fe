// Keys and opening of Initial packets, against the samples of RFC 9001 and RFC 9369, and
// against packets protected by the test support.

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>

#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "tests/support/quic_builder.h"

namespace sluice::quic {
namespace {

using test::ByteVector;
using test::QuicPacket;

ByteVector hex(std::string_view text) {
  ByteVector bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const std::string pair(text.substr(i, 2));
    test::append_u8(bytes, static_cast<unsigned>(std::strtoul(pair.c_str(), nullptr, 16)));
  }
  return bytes;
}

const ByteVector kDcid = hex("8394c8f03e515708");  // of both RFCs

// The unprotected payload of RFC 9001 section A.2: one CRYPTO frame, then PADDING to 1162 bytes.
ByteVector sample_payload() {
  ByteVector payload =
      hex("060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
          "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
          "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
          "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
          "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
          "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
          "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
          "75300901100f088394c8f03e51570806048000ffff");
  payload.resize(1162);
  return payload;
}

LongPacket parsed(Bytes packet) {
  const auto read = parse_long_packet(packet);
  if (read) return *read;
  ADD_FAILURE() << to_string(read.error());
  return {};
}

std::optional<ByteVector> opened(Bytes packet, Bytes dcid, Sender sender,
                                 std::uint64_t expected = 0) {
  InitialOpener opener;
  const LongPacket header = parsed(packet);
  const auto result = opener.open(header, initial_keys(*header.secrets, dcid, sender), expected);
  if (!result) return std::nullopt;
  return ByteVector(result->payload.begin(), result->payload.end());
}

TEST(InitialKeys, AreThoseOfRfc9001AppendixA1) {
  const PacketKeys client = initial_keys(*find_version(kVersion1), kDcid, Sender::client);
  EXPECT_EQ(ByteVector(client.key.begin(), client.key.end()),
            hex("1f369613dd76d5467730efcbe3b1a22d"));
  EXPECT_EQ(ByteVector(client.iv.begin(), client.iv.end()), hex("fa044b2f42a3fd3b46fb255c"));
  EXPECT_EQ(ByteVector(client.hp.begin(), client.hp.end()),
            hex("9f50449e04a0e810283a1e9933adedd2"));
  const PacketKeys server = initial_keys(*find_version(kVersion1), kDcid, Sender::server);
  EXPECT_EQ(ByteVector(server.key.begin(), server.key.end()),
            hex("cf3a5331653c364c88f0f379b6067e37"));
  EXPECT_EQ(ByteVector(server.iv.begin(), server.iv.end()), hex("0ac1493ca1905853b0bba03e"));
  EXPECT_EQ(ByteVector(server.hp.begin(), server.hp.end()),
            hex("c206b8d9b9f0f37644430b490eeaa314"));
}

TEST(InitialKeys, AreThoseOfRfc9369AppendixA1) {
  const PacketKeys client = initial_keys(*find_version(kVersion2), kDcid, Sender::client);
  EXPECT_EQ(ByteVector(client.key.begin(), client.key.end()),
            hex("8b1a0bc121284290a29e0971b5cd045d"));
  EXPECT_EQ(ByteVector(client.iv.begin(), client.iv.end()), hex("91f73e2351d8fa91660e909f"));
  EXPECT_EQ(ByteVector(client.hp.begin(), client.hp.end()),
            hex("45b95e15235d6f45a6b19cbcb0294ba9"));
  const PacketKeys server = initial_keys(*find_version(kVersion2), kDcid, Sender::server);
  EXPECT_EQ(ByteVector(server.key.begin(), server.key.end()),
            hex("82db637861d55e1d011f19ea71d5d2a7"));
  EXPECT_EQ(ByteVector(server.iv.begin(), server.iv.end()), hex("dd13c276499c0249d3310652"));
  EXPECT_EQ(ByteVector(server.hp.begin(), server.hp.end()),
            hex("edf6d05c83121201b436e16877593c3a"));
}

// The first bytes of the samples' packets; keys and payload determine the rest.
TEST(InitialOpener, OpensTheClientInitialOfRfc9001AppendixA2) {
  const ByteVector packet =
      test::quic_initial({.dcid = kDcid, .number = 2, .number_bytes = 4}, sample_payload());
  EXPECT_EQ(ByteVector(packet.begin(), packet.begin() + 38),
            hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b"));
  EXPECT_EQ(ByteVector(packet.end() - 16, packet.end()), hex("e221af44860018ab0856972e194cd934"));
  EXPECT_EQ(opened(packet, kDcid, Sender::client), sample_payload());
}

TEST(InitialOpener, OpensTheClientInitialOfRfc9369AppendixA2) {
  const ByteVector packet = test::quic_initial(
      {.version = kVersion2, .dcid = kDcid, .number = 2, .number_bytes = 4}, sample_payload());
  EXPECT_EQ(ByteVector(packet.begin(), packet.begin() + 38),
            hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071"));
  EXPECT_EQ(ByteVector(packet.end() - 16, packet.end()), hex("a18b2faa745b6fe189cf772a9f84cbfc"));
  EXPECT_EQ(opened(packet, kDcid, Sender::client), sample_payload());
}

// RFC 9001 section A.3.
TEST(InitialOpener, OpensTheServerInitialOfRfc9001AppendixA3) {
  const ByteVector packet =
      hex("cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
          "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
          "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
          "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
          "2158407dd074ee");
  const auto payload = opened(packet, kDcid, Sender::server);
  ASSERT_TRUE(payload);
  EXPECT_TRUE(well_formed(CryptoFrames(*payload)));
  EXPECT_EQ(ByteVector(payload->begin(), payload->begin() + 9), hex("02000000000600405a"));
  EXPECT_FALSE(opened(packet, kDcid, Sender::client));
}

TEST(InitialOpener, OpensEveryVersionThatHasKeys) {
  for (const std::uint32_t value :
       {0x00000001U, 0x6b3343cfU, 0x709a50c4U, 0xff000022U, 0xff000021U, 0xff000020U, 0xff00001dU,
        0xff00001cU, 0xff000017U, 0xff000016U, 0xfaceb001U, 0xfaceb002U, 0xfaceb00eU, 0x54303530U,
        0x54303531U}) {
    const QuicPacket packet{.version = {value}, .number = 1, .number_bytes = 1};
    EXPECT_TRUE(
        opened(test::quic_initial(packet, test::byte_vector("\x01")), packet.dcid, Sender::client))
        << std::hex << value;
  }
}

TEST(InitialOpener, RefusesAnotherKeyAndEveryChangedByte) {
  const QuicPacket packet{.scid = test::byte_vector("abc"), .token = test::byte_vector("token")};
  const ByteVector good = test::quic_initial(packet, test::byte_vector("\x01\x01\x01\x01"));
  ASSERT_TRUE(opened(good, packet.dcid, Sender::client));
  EXPECT_FALSE(opened(good, test::byte_vector("other identifier"), Sender::client));
  InitialOpener opener;
  const PacketKeys keys = initial_keys(*find_version(kVersion1), packet.dcid, Sender::client);
  for (std::size_t i = 0; i < good.size(); ++i) {
    ByteVector bad = good;
    bad[i] ^= std::byte{0x01};
    const auto header = parse_long_packet(bad);
    if (!header || header->type != PacketType::initial) continue;
    EXPECT_FALSE(opener.open(*header, keys, 0)) << "byte " << i;
  }
}

TEST(InitialOpener, RefusesPacketsTooShortForASample) {
  InitialOpener opener;
  const PacketKeys keys = initial_keys(*find_version(kVersion1), kDcid, Sender::client);
  for (unsigned size = 0; size < 21; ++size) {
    ByteVector packet = hex("c000000001088394c8f03e5157080000");
    test::append_u8(packet, size);
    packet.resize(packet.size() + size);
    EXPECT_FALSE(opener.open(parsed(packet), keys, 0)) << size;
  }
}

TEST(InitialOpener, CompletesPacketNumbersFromTheHighestSeen) {
  const QuicPacket packet{.number = 0x1234567, .number_bytes = 1};
  const ByteVector bytes = test::quic_initial(packet, test::byte_vector("\x01"));
  EXPECT_FALSE(opened(bytes, packet.dcid, Sender::client, 0));
  EXPECT_TRUE(opened(bytes, packet.dcid, Sender::client, 0x1234560));
}

std::uint64_t allocations = 0;
void* count_malloc(std::size_t size, const char*, int) {
  ++allocations;
  return std::malloc(size);
}
void* count_realloc(void* memory, std::size_t size, const char*, int) {
  ++allocations;
  return std::realloc(memory, size);
}
void plain_free(void* memory, const char*, int) {
  std::free(memory);
}
// It has to be set before the first use of libcrypto, which refuses it later.
const bool kCounting = CRYPTO_set_mem_functions(count_malloc, count_realloc, plain_free) == 1;

TEST(InitialOpener, AllocatesNothingInLibcryptoOnceSetUp) {
  ASSERT_TRUE(kCounting);
  InitialOpener opener;
  const QuicPacket packet;
  const ByteVector bytes = test::quic_initial(packet, sample_payload());
  const LongPacket header = parsed(bytes);
  const PacketKeys other = initial_keys(*header.secrets, hex("00"), Sender::client);
  const std::uint64_t before = allocations;
  ASSERT_GT(before, 0U);
  for (int i = 0; i < 10; ++i) {
    const PacketKeys keys = initial_keys(*header.secrets, header.dcid, Sender::client);
    EXPECT_TRUE(opener.open(header, keys, 0));
    EXPECT_FALSE(opener.open(header, other, 0));
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace sluice::quic
