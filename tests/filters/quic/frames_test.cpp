#include "filters/quic/frames.h"

#include <gtest/gtest.h>

#include "tests/support/quic_builder.h"

namespace sluice::quic {
namespace {

using test::joined;
using test::Octets;

TEST(CryptoFrames, AreFoundAmongAllThatAnInitialMayCarry) {
  const Octets payload =
      joined({Octets(5), test::crypto_frame(7, as_bytes("seven")), test::octets("\x01"),
              test::ack_frame(300), Octets(3), test::connection_close_frame("bye"),
              test::crypto_frame(70000, as_bytes("far")), Octets(100)});
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
  Octets ack = test::octets("\x03\x0a");
  for (const unsigned octet : {1U, 2U, 3U, 0U, 0U, 1U, 1U, 4U, 5U, 6U}) test::append_u8(ack, octet);
  const Octets payload = joined({ack, test::crypto_frame(0, as_bytes("x"))});
  CryptoFrames frames{Bytes(payload)};
  EXPECT_TRUE(frames.next());
  EXPECT_TRUE(well_formed(CryptoFrames{Bytes(payload)}));
}

TEST(CryptoFrames, ReadATypeInMoreOctetsThanItNeeds) {
  Octets payload = test::octets("\x40");
  test::append(payload, test::crypto_frame(0, as_bytes("x")));
  CryptoFrames frames{Bytes(payload)};
  EXPECT_TRUE(frames.next());
}

TEST(CryptoFrames, AreMalformedWhereAFrameIsCut) {
  const Octets whole = joined({test::ack_frame(1), test::crypto_frame(0, as_bytes("hello"))});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == test::ack_frame(1).size()) continue;
    EXPECT_FALSE(well_formed(CryptoFrames(Bytes(whole).first(size)))) << size;
  }
}

TEST(CryptoFrames, AreMalformedAmongFramesThatNoInitialCarries) {
  for (const char* type : {"\x08", "\x1d", "\x1e", "\x07", "\x30"}) {
    const Octets payload = joined({test::octets(type), Octets(20)});
    EXPECT_FALSE(well_formed(CryptoFrames{Bytes(payload)})) << type;
  }
}

TEST(CryptoFrames, AreReadAsGoogleEncodedThem) {
  Octets hello = test::octets("\x08");
  for (const unsigned octet : {0U, 3U}) test::append_u8(hello, octet);
  const Octets payload = joined({test::octets("\x07"), hello, test::octets("abc"), Octets(9)});
  CryptoFrames frames(payload, Frames::google);
  const auto frame = frames.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(as_text(frame->bytes), "abc");
  EXPECT_FALSE(frames.next());
  EXPECT_TRUE(frames.ok());

  Octets ack = test::octets("\x40\x01\x08\xc5\x01");
  ack.resize(100);
  EXPECT_TRUE(well_formed(CryptoFrames(ack, Frames::google)));
  EXPECT_FALSE(well_formed(CryptoFrames(test::octets("\x06"), Frames::google)));
}

TEST(CryptoFrames, EndAtAnAcknowledgmentOfEndlessRanges) {
  Octets payload = test::octets("\x02");
  test::append_u8(payload, 0);
  test::append_u8(payload, 0);
  for (int i = 0; i < 8; ++i) test::append_u8(payload, 0xff);  // 2^62-1 ranges
  payload.resize(payload.size() + 100);
  EXPECT_FALSE(well_formed(CryptoFrames{Bytes(payload)}));
}

}  // namespace
}  // namespace sluice::quic
