#include "filters/quic/frames.h"

#include <gtest/gtest.h>

#include "tests/support/quic_builder.h"

namespace sluice::quic {
namespace {

using test::ByteVector;
using test::joined;

TEST(CryptoFrames, AreFoundAmongTheFramesOfAnInitial) {
  const ByteVector payload =
      joined({ByteVector(5), test::crypto_frame(7, as_bytes("seven")), test::byte_vector("\x01"),
              test::ack_frame(300), ByteVector(3), test::connection_close_frame("bye"),
              test::crypto_frame(70000, as_bytes("far")), ByteVector(100)});
  CryptoFrames frames{Bytes(payload)};
  const auto first = frames.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->offset, 7U);
  EXPECT_EQ(as_text(first->bytes), "seven");
  const auto second = frames.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->offset, 70000U);
  EXPECT_EQ(as_text(second->bytes), "far");
  EXPECT_FALSE(frames.next());
  EXPECT_TRUE(frames.ok());
}

TEST(CryptoFrames, ReadAcknowledgmentsWithRangesAndEcn) {
  ByteVector ack = test::byte_vector("\x03\x0a");
  for (const unsigned byte : {1U, 2U, 3U, 0U, 0U, 1U, 1U, 4U, 5U, 6U}) test::append_u8(ack, byte);
  const ByteVector payload = joined({ack, test::crypto_frame(0, as_bytes("x"))});
  CryptoFrames frames{Bytes(payload)};
  EXPECT_TRUE(frames.next());
  EXPECT_TRUE(well_formed(CryptoFrames{Bytes(payload)}));
}

TEST(CryptoFrames, ReadTypesEncodedTooLong) {
  ByteVector payload = test::byte_vector("\x40");
  test::append(payload, test::crypto_frame(0, as_bytes("x")));
  CryptoFrames frames{Bytes(payload)};
  EXPECT_TRUE(frames.next());
}

TEST(CryptoFrames, AreMalformedIfAFrameIsCut) {
  const ByteVector whole = joined({test::ack_frame(1), test::crypto_frame(0, as_bytes("hello"))});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == test::ack_frame(1).size()) continue;
    EXPECT_FALSE(well_formed(CryptoFrames(Bytes(whole).first(size)))) << size;
  }
}

TEST(CryptoFrames, AreMalformedAmongFramesThatAnInitialMustNotCarry) {
  for (const char* type : {"\x08", "\x1d", "\x1e", "\x07", "\x30"}) {
    const ByteVector payload = joined({test::byte_vector(type), ByteVector(20)});
    EXPECT_FALSE(well_formed(CryptoFrames{Bytes(payload)})) << type;
  }
}

TEST(CryptoFrames, AreReadInGooglesEncoding) {
  ByteVector hello = test::byte_vector("\x08");
  for (const unsigned byte : {0U, 3U}) test::append_u8(hello, byte);
  const ByteVector payload =
      joined({test::byte_vector("\x07"), hello, test::byte_vector("abc"), ByteVector(9)});
  CryptoFrames frames(payload, Frames::google);
  const auto frame = frames.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(as_text(frame->bytes), "abc");
  EXPECT_FALSE(frames.next());
  EXPECT_TRUE(frames.ok());

  ByteVector ack = test::byte_vector("\x40\x01\x08\xc5\x01");
  ack.resize(100);
  EXPECT_TRUE(well_formed(CryptoFrames(ack, Frames::google)));
  EXPECT_FALSE(well_formed(CryptoFrames(test::byte_vector("\x06"), Frames::google)));
}

TEST(CryptoFrames, EndAtAnAcknowledgmentWithEndlessRanges) {
  ByteVector payload = test::byte_vector("\x02");
  test::append_u8(payload, 0);
  test::append_u8(payload, 0);
  for (int i = 0; i < 8; ++i) test::append_u8(payload, 0xff);  // 2^62-1 ranges
  payload.resize(payload.size() + 100);
  EXPECT_FALSE(well_formed(CryptoFrames{Bytes(payload)}));
}

}  // namespace
}  // namespace sluice::quic
