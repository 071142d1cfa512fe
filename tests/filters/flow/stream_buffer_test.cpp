#include "filters/flow/stream_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "tests/support/naive_stream.h"
#include "tests/support/packet_builder.h"

namespace sluice::flow {
namespace {

std::string text_of(const StreamBuffer& stream, const StreamPool& pool) {
  return std::string(as_text(stream.view(pool)));
}

TEST(StreamBuffer, JoinsSegmentsInAnyOrder) {
  StreamPool pool({1, 64});
  StreamBuffer stream;
  EXPECT_EQ(stream.insert(pool, 6, as_bytes("world")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), "");
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("hello ")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), "hello world");
  EXPECT_EQ(stream.contiguous(), 11U);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("llo w")), Insert::known);
  stream.release(pool);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(StreamBuffer, KeepsTheFirstCopyAndReportsWhereAnotherDiffers) {
  StreamPool pool({1, 64});
  StreamBuffer stream;
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("good")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("XXand more")), Insert::differs);
  EXPECT_EQ(text_of(stream, pool), "good");
  EXPECT_FALSE(stream.agrees(pool, 2, as_bytes("XX")));
  EXPECT_TRUE(stream.agrees(pool, 2, as_bytes("od and more")));
}

TEST(StreamBuffer, OverwritesACopyWithWhatIsKept) {
  StreamPool pool({1, 64});
  StreamBuffer stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("ab")));
  static_cast<void>(stream.insert(pool, 4, as_bytes("ef")));
  std::string copy = "ABCDEFGH";
  stream.overwrite(pool, 0, std::as_writable_bytes(std::span(copy)));
  EXPECT_EQ(copy, "abCDefGH");
  EXPECT_EQ(stream.insert(pool, 0, as_bytes(copy)), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), "abCDefGH");
}

// Kept bytes in runs of any length, at any place.
TEST(StreamBuffer, OverwritesAndComparesAcrossGapsOfAnyLength) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    StreamPool pool({1, 1000});
    StreamBuffer stream;
    std::vector<bool> kept(900);
    const unsigned longest = round % 3 == 0 ? 1 : round % 3 == 1 ? 8 : 200;
    for (std::size_t at = random() % 3; at < kept.size(); at += 1 + random() % (2 * longest)) {
      const std::size_t size = std::min<std::size_t>(1 + random() % longest, kept.size() - at);
      EXPECT_NE(stream.insert(pool, at, test::ByteVector(size, std::byte{'k'})), Insert::differs);
      std::fill_n(kept.begin() + static_cast<std::ptrdiff_t>(at), size, true);
      at += size;
    }
    const std::size_t from = random() % 100, size = 1 + random() % 790;
    test::ByteVector copy(size, std::byte{'x'});
    bool agrees = true;
    for (std::size_t i = 0; i < size; ++i) agrees = agrees && !kept[from + i];
    EXPECT_EQ(stream.agrees(pool, from, copy), agrees);
    stream.overwrite(pool, from, copy);
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(copy[i], std::byte{static_cast<unsigned char>(kept[from + i] ? 'k' : 'x')}) << i;
    }
    EXPECT_TRUE(stream.agrees(pool, from, copy));
    if (!agrees) {
      std::size_t last = size;
      while (!kept[from + --last]) {
      }
      copy[last] = std::byte{'y'};
      EXPECT_FALSE(stream.agrees(pool, from, copy)) << "one byte";
    }
  }
}

TEST(StreamBuffer, RefusesWhatItCannotHold) {
  StreamPool pool({1, 8});
  StreamBuffer stream, other;
  EXPECT_EQ(stream.insert(pool, 4, as_bytes("12345")), Insert::beyond_window);
  EXPECT_EQ(stream.insert(pool, ~std::uint64_t{0}, as_bytes("12345")), Insert::beyond_window);
  EXPECT_FALSE(stream.holds_memory());
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("12345678")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 0, as_bytes("1")), Insert::no_memory);
  EXPECT_EQ(text_of(stream, pool), "12345678");
}

TEST(StreamBuffer, IgnoresBytesBeforeItsBase) {
  StreamPool pool({1, 16});
  StreamBuffer stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("0123456789")));
  stream.consume(pool, 4);
  EXPECT_EQ(stream.base(), 4U);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("xxxx")), Insert::known);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("zz456789ab")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), "456789ab");
}

TEST(StreamBuffer, CanSkipMissingBytes) {
  StreamPool pool({1, 16});
  StreamBuffer stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("0123")));
  static_cast<void>(stream.insert(pool, 8, as_bytes("89")));
  stream.consume(pool, 6);  // skips 4 and 5
  EXPECT_EQ(stream.base(), 6U);
  EXPECT_EQ(stream.contiguous(), 6U);
  static_cast<void>(stream.insert(pool, 4, as_bytes("4567")));
  EXPECT_EQ(text_of(stream, pool), "6789");
  stream.consume(pool, 100);
  EXPECT_FALSE(stream.holds_memory());
  EXPECT_EQ(stream.insert(pool, 100, as_bytes("x")), Insert::known);
  EXPECT_EQ(stream.insert(pool, 106, as_bytes("y")), Insert::stored);
  // A hole at the new base stays a hole.
  static_cast<void>(stream.insert(pool, 110, as_bytes("z")));
  stream.consume(pool, 4);
  EXPECT_EQ(stream.contiguous(), 110U + 1U);
}

TEST(StreamBuffer, MovesToALargeSlotWhenItOutgrowsItsOwn) {
  StreamPool pool({2, 8}, {2, 100});
  StreamBuffer stream;
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("cdef")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 6, as_bytes("ghijklmnop")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("ab")), Insert::stored);
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(text_of(stream, pool), "abcdefghijklmnop");
  stream.consume(pool, 15);
  EXPECT_EQ(text_of(stream, pool), "p");
  EXPECT_EQ(stream.insert(pool, 16, as_bytes(std::string(99, 'q'))), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 115, as_bytes("r")), Insert::beyond_window);
}

TEST(StreamBuffer, WaitsWhileNoLargeSlotIsFree) {
  StreamPool pool({4, 8}, {1, 100});
  StreamBuffer stream, other;
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("123456789")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 0, as_bytes("12345678")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 8, as_bytes("9")), Insert::beyond_window);
  EXPECT_EQ(text_of(other, pool), "12345678");
  StreamBuffer third;
  EXPECT_EQ(third.insert(pool, 50, as_bytes("x")), Insert::beyond_window);
  EXPECT_FALSE(third.holds_memory());
  stream.reset(pool);
  EXPECT_EQ(other.insert(pool, 8, as_bytes("9")), Insert::stored);
}

// Consumed bytes shrink the window first; the rest moves to the front once they are 1/8 of the
// slot.
TEST(StreamBuffer, MovesBytesOnlyAfterAnEighthOfTheSlotIsConsumed) {
  StreamPool pool({1, 64});
  StreamBuffer stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes(std::string(64, 'a'))));
  for (std::size_t consumed = 1; consumed < 8; ++consumed) {
    stream.consume(pool, 1);
    EXPECT_EQ(stream.window(pool), 64 - consumed);
    EXPECT_EQ(stream.insert(pool, 64, as_bytes("b")), Insert::beyond_window);
  }
  stream.consume(pool, 1);
  EXPECT_EQ(stream.window(pool), 64U);
  EXPECT_EQ(stream.insert(pool, 64, as_bytes("bcdefghi")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), std::string(56, 'a') + "bcdefghi");
}

TEST(StreamBuffer, AgreesWithANaiveOne) {
  std::mt19937_64 random(20261123);
  constexpr std::size_t kCapacity = 200;
  for (int round = 0; round < 300; ++round) {
    // Every second buffer grows during the test.
    StreamPool pool({1, round % 2 == 0 ? kCapacity : 50}, {1, kCapacity});
    StreamBuffer stream;
    test::NaiveStream naive;
    for (int step = 0; step < 60; ++step) {
      // From a little before the base to behind the window.
      const std::uint64_t back = std::min<std::uint64_t>(stream.base(), random() % 8);
      const std::uint64_t offset = stream.base() - back + random() % kCapacity;
      std::string text(random() % 40, '.');
      // Mostly the same byte at the same offset, so that only a few overlaps differ.
      for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = random() % 200 == 0 ? '!' : static_cast<char>('a' + (offset + i) % 26);
      }
      const Insert expected = naive.insert(stream.window(pool), offset, text);
      ASSERT_EQ(stream.insert(pool, offset, as_bytes(text)), expected) << round << ' ' << step;
      if (expected == Insert::stored) naive.store(offset, text);
      if (random() % 8 == 0) {
        const std::size_t some = random() % (stream.contiguous() - stream.base() + 1);
        stream.consume(pool, some);
        naive.consume(some);
      }
      ASSERT_EQ(text_of(stream, pool), naive.view()) << round << ' ' << step;
    }
    stream.release(pool);
    ASSERT_EQ(pool.in_use(), 0U);
  }
}

}  // namespace
}  // namespace sluice::flow
