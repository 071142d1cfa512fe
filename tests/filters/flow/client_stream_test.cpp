#include "filters/flow/client_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sluice::flow {
namespace {

std::string text_of(const ClientStream& stream, const StreamPool& pool, Reading reading) {
  return std::string(as_text(stream.view(pool, reading)));
}

TEST(ClientStream, JoinsSegmentsInAnyOrder) {
  StreamPool pool({1, 64});
  ClientStream stream;
  EXPECT_EQ(stream.insert(pool, 6, as_bytes("world")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "");
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("hello ")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "hello world");
  EXPECT_EQ(stream.contiguous(), 11U);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("llo w")), Insert::known);
  EXPECT_FALSE(stream.readings_differ());
  stream.release(pool);
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(ClientStream, KeepsBothReadingsOfAnOverlap) {
  StreamPool pool({2, 64});
  ClientStream stream;
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("good")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("XXand more")), Insert::conflicting);
  EXPECT_TRUE(stream.readings_differ());
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "goodand more");
  EXPECT_EQ(text_of(stream, pool, Reading::last_copy), "goXXand more");
  stream.release(pool);
  EXPECT_EQ(pool.in_use(), 0U);
}

std::vector<std::string> readings_of(const ClientStream& stream, const StreamPool& pool) {
  std::vector<std::string> readings;
  std::vector<std::byte> room(pool.window());
  const Contested contested = stream.contested(pool);
  for (unsigned reading = 0; reading < contested.readings(); ++reading) {
    readings.emplace_back(as_text(stream.mixture(pool, contested, reading, room)));
  }
  return readings;
}

// The server may have taken the first half of one copy and the second half of the other.
TEST(ClientStream, EveryMixtureOfCopiesIsAReading) {
  StreamPool pool({2, 64});
  ClientStream stream;
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("real")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("xxxxyyyy")), Insert::conflicting);
  EXPECT_EQ(stream.insert(pool, 4, as_bytes("name")), Insert::conflicting);
  EXPECT_THAT(readings_of(stream, pool),
              testing::UnorderedElementsAre("realyyyy", "realname", "xxxxyyyy", "xxxxname"));
  stream.release(pool);
}

// A part of a copy that comes alone may be all that arrives of that copy.
TEST(ClientStream, AnotherEdgeInAContestedPieceMakesNewReadings) {
  StreamPool pool({2, 64});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("abcd")));
  static_cast<void>(stream.insert(pool, 0, as_bytes("ABCD")));
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("ABCD")), Insert::known);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("CD")), Insert::conflicting);
  EXPECT_THAT(readings_of(stream, pool),
              testing::UnorderedElementsAre("abcd", "ABcd", "abCD", "ABCD"));
  stream.release(pool);
}

TEST(ClientStream, AThirdCopyIsNotTakenIn) {
  StreamPool pool({2, 64});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("abcd")));
  static_cast<void>(stream.insert(pool, 0, as_bytes("ABCD")));
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("1234")), Insert::third_copy);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("abCD")), Insert::third_copy);
  EXPECT_THAT(readings_of(stream, pool), testing::UnorderedElementsAre("abcd", "ABCD"));
  stream.release(pool);
}

TEST(ClientStream, MoreContestedPiecesThanAreKeptAreNotTakenIn) {
  StreamPool pool({2, 64});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("abcdefghijkl")));
  for (std::size_t i = 0; i < kMaxContested; ++i) {
    EXPECT_EQ(stream.insert(pool, 2 * i, as_bytes("X")), Insert::conflicting);
  }
  EXPECT_EQ(stream.insert(pool, 2 * kMaxContested, as_bytes("X")), Insert::third_copy);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("Xbcdefghijkl")), Insert::known);
  EXPECT_EQ(readings_of(stream, pool).size(), 1U << kMaxContested);
  stream.release(pool);
}

TEST(ClientStream, ReadingsAreOneAgainBehindTheConflict) {
  StreamPool pool({2, 64});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("abcdef")));
  static_cast<void>(stream.insert(pool, 0, as_bytes("xy")));
  stream.consume(pool, 2);
  EXPECT_FALSE(stream.readings_differ());
  EXPECT_EQ(pool.in_use(), 1U);
  EXPECT_EQ(text_of(stream, pool, Reading::last_copy), "cdef");
}

TEST(ClientStream, RefusesWhatItCannotHold) {
  StreamPool pool({1, 8});
  ClientStream stream, other;
  EXPECT_EQ(stream.insert(pool, 4, as_bytes("12345")), Insert::beyond_window);
  EXPECT_EQ(stream.insert(pool, ~std::uint64_t{0}, as_bytes("12345")), Insert::beyond_window);
  EXPECT_FALSE(stream.holds_memory());
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("12345678")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 0, as_bytes("1")), Insert::no_memory);
  // A second reading needs a second slot.
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("X")), Insert::no_memory);
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "12345678");
}

TEST(ClientStream, LeavesOutWhatIsBeforeItsBase) {
  StreamPool pool({1, 16});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("0123456789")));
  stream.consume(pool, 4);
  EXPECT_EQ(stream.base(), 4U);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("xxxx")), Insert::known);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("zz456789ab")), Insert::stored);
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "456789ab");
}

TEST(ClientStream, ForgetsBytesThatHaveNotCome) {
  StreamPool pool({1, 16});
  ClientStream stream;
  static_cast<void>(stream.insert(pool, 0, as_bytes("0123")));
  static_cast<void>(stream.insert(pool, 8, as_bytes("89")));
  stream.consume(pool, 6);  // 4 and 5 are of no interest
  EXPECT_EQ(stream.base(), 6U);
  EXPECT_EQ(stream.contiguous(), 6U);
  static_cast<void>(stream.insert(pool, 4, as_bytes("4567")));
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "6789");
  stream.consume(pool, 100);
  EXPECT_FALSE(stream.holds_memory());
  EXPECT_EQ(stream.insert(pool, 100, as_bytes("x")), Insert::known);
  EXPECT_EQ(stream.insert(pool, 106, as_bytes("y")), Insert::stored);
  // A hole at the new base is one, whatever was there before.
  static_cast<void>(stream.insert(pool, 110, as_bytes("z")));
  stream.consume(pool, 4);
  EXPECT_EQ(stream.contiguous(), 110U + 1U);
}

TEST(ClientStream, MovesToALargeSlotWhenItOutgrowsItsOwn) {
  StreamPool pool({2, 8}, {2, 100});
  ClientStream stream;
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("cdef")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 3, as_bytes("D")), Insert::conflicting);
  EXPECT_EQ(stream.insert(pool, 6, as_bytes("ghijklmnop")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("ab")), Insert::stored);
  EXPECT_EQ(pool.in_use(), 2U);
  EXPECT_THAT(readings_of(stream, pool),
              testing::UnorderedElementsAre("abcdefghijklmnop", "abcDefghijklmnop"));
  ClientStream other;  // the small ones are free again
  EXPECT_EQ(other.insert(pool, 0, as_bytes("12345678")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 0, as_bytes("X")), Insert::conflicting);
  stream.consume(pool, 10);
  EXPECT_EQ(text_of(stream, pool, Reading::first_copy), "klmnop");
  EXPECT_EQ(stream.insert(pool, 16, as_bytes(std::string(94, 'q'))), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 110, as_bytes("r")), Insert::beyond_window);
}

TEST(ClientStream, WaitsWhereNoLargeSlotIsLeft) {
  StreamPool pool({4, 8}, {1, 100});
  ClientStream stream, other;
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("123456789")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 0, as_bytes("12345678")), Insert::stored);
  EXPECT_EQ(other.insert(pool, 8, as_bytes("9")), Insert::beyond_window);
  EXPECT_EQ(text_of(other, pool, Reading::first_copy), "12345678");
  ClientStream third;
  EXPECT_EQ(third.insert(pool, 50, as_bytes("x")), Insert::beyond_window);
  EXPECT_FALSE(third.holds_memory());
  stream.reset(pool);
  EXPECT_EQ(other.insert(pool, 8, as_bytes("9")), Insert::stored);
  // Two readings need two of them, or stay where they are.
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("ab")), Insert::stored);
  EXPECT_EQ(stream.insert(pool, 1, as_bytes("B")), Insert::conflicting);
  other.release(pool);
  EXPECT_EQ(stream.insert(pool, 2, as_bytes("cdefghij")), Insert::beyond_window);
  EXPECT_THAT(readings_of(stream, pool), testing::UnorderedElementsAre("ab", "aB"));
  EXPECT_EQ(pool.in_use(), 2U);
}

// The stream as a map of bytes: slow, and plainly right.
class NaiveStream {
 public:
  void insert(std::uint64_t offset, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (offset + i < base_) continue;
      first_.try_emplace(offset + i, text[i]);
      last_[offset + i] = text[i];
    }
  }
  void consume(std::size_t count) {
    base_ += count;
    std::erase_if(first_, [&](const auto& item) { return item.first < base_; });
    std::erase_if(last_, [&](const auto& item) { return item.first < base_; });
  }
  [[nodiscard]] std::string view(Reading reading) const {
    const auto& bytes = reading == Reading::first_copy ? first_ : last_;
    std::string result;
    for (auto at = bytes.find(base_); at != bytes.end(); at = bytes.find(at->first + 1)) {
      result += at->second;
    }
    return result;
  }

 private:
  std::uint64_t base_ = 0;
  std::map<std::uint64_t, char> first_, last_;
};

TEST(ClientStream, AgreesWithANaiveOne) {
  std::mt19937_64 random(20261123);
  constexpr std::size_t kCapacity = 200;
  for (int round = 0; round < 300; ++round) {
    // Every other one grows on its way.
    StreamPool pool({2, round % 2 == 0 ? kCapacity : 50}, {2, kCapacity});
    ClientStream stream;
    NaiveStream naive;
    for (int step = 0; step < 60; ++step) {
      // From a little before the base to behind the window.
      const std::uint64_t back = std::min<std::uint64_t>(stream.base(), random() % 8);
      const std::uint64_t offset = stream.base() - back + random() % kCapacity;
      std::string text(random() % 40, '.');
      // Mostly the same byte at the same place, so that conflicts are rare but there.
      for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = random() % 50 == 0 ? '!' : static_cast<char>('a' + (offset + i) % 26);
      }
      const Insert result = stream.insert(pool, offset, as_bytes(text));
      if (result != Insert::beyond_window && result != Insert::third_copy) {
        naive.insert(offset, text);
      }
      if (random() % 8 == 0) {
        const std::size_t some = random() % (stream.contiguous() - stream.base() + 1);
        stream.consume(pool, some);
        naive.consume(some);
      }
      ASSERT_EQ(text_of(stream, pool, Reading::first_copy), naive.view(Reading::first_copy))
          << round << ' ' << step;
      ASSERT_THAT(readings_of(stream, pool), testing::Contains(naive.view(Reading::last_copy)))
          << round << ' ' << step;
    }
    stream.release(pool);
    ASSERT_EQ(pool.in_use(), 0U);
  }
}

}  // namespace
}  // namespace sluice::flow
