#include "filters/flow/server_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::flow {
namespace {

packet::Packet server_segment(std::uint32_t sequence, std::string_view text) {
  packet::Packet packet;
  packet.tcp.sequence = sequence;
  packet.tcp.ack = true;
  packet.payload = as_bytes(text);
  return packet;
}

std::string text_of(const ServerStream& stream, const StreamPool& pool) {
  return std::string(as_text(stream.view(pool)));
}

TEST(Place, TrimsWhatLiesBeforeTheMark) {
  const Mark mark{100, 5000};
  const Bytes bytes = as_bytes("abcdef");
  const auto text = [&](std::uint32_t sequence) {
    return std::string(as_text(place(bytes, sequence, mark).bytes));
  };
  EXPECT_EQ(place(bytes, 5003, mark).offset, 103U);
  EXPECT_EQ(text(5003), "abcdef");
  EXPECT_EQ(place(bytes, 4998, mark).offset, 100U);
  EXPECT_EQ(text(4998), "cdef");
  EXPECT_EQ(place(bytes, 4994, mark).kind, Placed::Kind::before);
  EXPECT_EQ(place(bytes, 4994, mark).distance, 6U);
  EXPECT_EQ(place(bytes, 5000 + kMostAhead, mark).kind, Placed::Kind::inside);
  EXPECT_EQ(place(bytes, 5001 + kMostAhead, mark).kind, Placed::Kind::far);
}

TEST(ServerStream, BeginsBehindAllEarlierPackets) {
  StreamPool pool({1, 64});
  ServerStream stream;
  EXPECT_FALSE(stream.is_read());
  stream.begin(5011);
  stream.begin(77);  // was already read
  EXPECT_TRUE(stream.is_read());
  EXPECT_TRUE(stream.at_start());
  EXPECT_EQ(stream.next_sequence(), 5011U);
  EXPECT_EQ(stream.place(server_segment(5000, "220 ready\r\n")).kind, Placed::Kind::before);
  const Placed placed = stream.place(server_segment(5009, "\r\nanswer"));
  ASSERT_EQ(placed.kind, Placed::Kind::inside);
  EXPECT_EQ(stream.insert(pool, placed.offset, placed.bytes), Insert::stored);
  EXPECT_EQ(text_of(stream, pool), "answer");
  EXPECT_EQ(stream.next_sequence(), 5017U);
}

TEST(ServerStream, OfAnOldConnectionBeginsWithTheFirstPacketSeen) {
  ServerStream stream;
  stream.begin(std::nullopt);
  EXPECT_EQ(stream.place(server_segment(77, "answer")).offset, 0U);
  EXPECT_EQ(stream.place(server_segment(83, "more")).offset, 6U);
}

TEST(ServerStream, DetectsACopyThatDiffers) {
  StreamPool pool({1, 64});
  ServerStream stream;
  stream.begin(std::nullopt);
  EXPECT_TRUE(stream.agrees(pool, 0, as_bytes("answer")));
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("answer")), Insert::stored);
  EXPECT_TRUE(stream.agrees(pool, 2, as_bytes("swer and more")));
  EXPECT_FALSE(stream.agrees(pool, 2, as_bytes("SWer")));
  EXPECT_FALSE(stream.agrees(pool, 0, Bytes(test::ByteVector(100, std::byte{'a'}))));
  EXPECT_TRUE(stream.agrees(pool, 64, as_bytes("behind all that is kept")));
}

TEST(ServerStream, DiscardsBytesThatAreJudgedAndAcknowledged) {
  StreamPool pool({1, 64});
  ServerStream stream;
  stream.begin(0xfffffffcU);  // the numbers wrap around
  EXPECT_EQ(stream.insert(pool, 0, as_bytes("onetwothr")), Insert::stored);
  stream.set_judged(6);
  EXPECT_FALSE(stream.at_start());
  EXPECT_EQ(stream.acknowledged(0xfffffffcU), 0U);
  EXPECT_EQ(stream.acknowledged(0xffffffffU), 3U);
  EXPECT_EQ(stream.acknowledged(5), 6U);            // all of it, and some bytes that are not judged
  EXPECT_EQ(stream.acknowledged(0xfffffff0U), 0U);  // far in the past
  stream.forget(pool, 3);
  EXPECT_EQ(stream.base(), 3U);
  EXPECT_EQ(stream.judged(), 3U);
  EXPECT_EQ(text_of(stream, pool), "twothr");
  EXPECT_EQ(stream.place(server_segment(0xfffffffcU, "one")).kind, Placed::Kind::before);
  stream.forget(pool, 3);
  EXPECT_TRUE(stream.holds_memory());
  stream.release(pool);
  EXPECT_FALSE(stream.is_read());
  EXPECT_EQ(pool.in_use(), 0U);
}

// A stream that is cut, reordered and repeated reads as it was sent.
TEST(ServerStream, IsTheSameInAnyOrderOfItsSegments) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string sent(1 + random() % 60, '?');
    for (char& c : sent) c = static_cast<char>('a' + random() % 26);
    std::vector<std::pair<std::size_t, std::string>> segments;
    for (std::size_t at = 0; at < sent.size();) {
      const std::size_t size = 1 + random() % 9;
      segments.emplace_back(at, sent.substr(at, size));
      at += std::min(size, 1 + random() % size);  // some overlap
    }
    std::ranges::shuffle(segments, random);
    const auto first = static_cast<std::uint32_t>(random());
    StreamPool pool({1, 64});
    ServerStream stream;
    stream.begin(first);
    for (const auto& [at, text] : segments) {
      const Placed placed =
          stream.place(server_segment(first + static_cast<std::uint32_t>(at), text));
      ASSERT_EQ(placed.kind, Placed::Kind::inside);
      ASSERT_TRUE(stream.agrees(pool, placed.offset, placed.bytes));
      static_cast<void>(stream.insert(pool, placed.offset, placed.bytes));
    }
    ASSERT_EQ(text_of(stream, pool), sent);
  }
}

}  // namespace
}  // namespace sluice::flow
