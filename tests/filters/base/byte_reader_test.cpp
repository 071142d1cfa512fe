#include "filters/base/byte_reader.h"

#include <gtest/gtest.h>

#include <array>

#include "filters/base/byte_writer.h"

namespace sluice {
namespace {

TEST(ByteReader, ReadsBigEndianNumbersOfEachWidth) {
  ByteReader reader(as_bytes(std::string_view("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 10)));
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u24(), 0x040506U);
  EXPECT_EQ(reader.u32(), 0x0708090aU);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReader, StaysFailedAndConsumesNothingAfterAReadThatDoesNotFit) {
  ByteReader reader(as_bytes("abc"));
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.position(), 0U);
  EXPECT_EQ(reader.u8(), 0);  // would have fitted
  EXPECT_TRUE(reader.take(1).empty());
  EXPECT_TRUE(reader.rest().empty());
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReader, LengthsNearTheMaximumDoNotWrap) {
  ByteReader reader(as_bytes("abc"));
  reader.skip(1);
  EXPECT_TRUE(reader.take(SIZE_MAX).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, ReadsAHeaderOfFixedLengthAtOnce) {
  ByteReader reader(as_bytes(std::string_view("\x01\x02\x03\x04\x05\x06\x07rest", 11)));
  const auto header = reader.header<7>();
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(header.u8<6>(), 0x07);
  EXPECT_EQ(header.u16<1>(), 0x0203);
  EXPECT_EQ(header.u32<2>(), 0x03040506U);
  EXPECT_EQ((as_text(header.bytes<0, 2>())), "\x01\x02");
  EXPECT_EQ(as_text(reader.rest()), "rest");
}

TEST(ByteReader, AHeaderThatDoesNotFitReadsAsZeroAndFails) {
  ByteReader reader(as_bytes("\xff\xff\xff"));
  const auto header = reader.header<4>();
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(header.u32<0>(), 0U);
  EXPECT_EQ(reader.position(), 0U);
}

TEST(ByteReader, ACopyLooksAhead) {
  ByteReader reader(as_bytes("ab"));
  ByteReader ahead = reader;
  EXPECT_EQ(ahead.u8(), 'a');
  EXPECT_EQ(reader.position(), 0U);
}

TEST(ByteWriter, RoundTripsThroughByteReader) {
  std::array<std::byte, 7> room;
  ByteWriter writer(room);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  ByteReader reader(writer.written());
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
}

TEST(ByteWriter, GivesNothingAfterAWriteThatDoesNotFit) {
  std::array<std::byte, 3> room;
  ByteWriter writer(room);
  writer.u16(1);
  writer.u16(2);
  EXPECT_FALSE(writer.ok());
  EXPECT_TRUE(writer.written().empty());
  writer.u8(3);
  EXPECT_FALSE(writer.ok());
}

}  // namespace
}  // namespace sluice
