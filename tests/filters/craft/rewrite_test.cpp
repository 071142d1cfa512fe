#include "filters/craft/rewrite.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace sluice::craft {
namespace {

using test::ByteVector;
using test::FrameBuilder;

FrameBuilder tcp(const char* from, const char* to) {
  return FrameBuilder(from, to).tcp(1000, 5000, "PA");
}

// The frame with another payload; empty if it could not be made.
ByteVector rewritten(const ByteVector& frame, std::string_view payload) {
  const auto packet = packet::decode(frame, LinkType::ethernet);
  EXPECT_TRUE(packet);
  ByteVector out(frame.size());
  const Bytes made = rewrite(*packet, as_bytes(payload), out);
  return {made.begin(), made.end()};
}

TEST(Rewrite, IsTheFrameThatTheSenderWouldHaveMade) {
  for (const bool v4 : {true, false}) {
    const char* const from = v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000";
    const char* const to = v4 ? "198.51.100.2:443" : "[2001:db8:1::2]:443";
    EXPECT_EQ(rewritten(tcp(from, to).vlan(7).payload("decoy").build(), "names"),
              tcp(from, to).vlan(7).payload("names").build());
    EXPECT_EQ(rewritten(FrameBuilder(from, to).payload("decoy").build(), "names"),
              FrameBuilder(from, to).payload("names").build());
  }
}

TEST(Rewrite, ClearsTheUrgentPointer) {
  const auto frame = [](std::string_view flags, std::uint16_t urgent) {
    return FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
        .tcp(1000, 5000, flags)
        .urgent(urgent)
        .payload("names")
        .build();
  };
  const ByteVector with = frame("PAU", 3);
  const auto packet = packet::decode(with, LinkType::ethernet);
  EXPECT_TRUE(packet->tcp.urg);
  EXPECT_EQ(packet->tcp.urgent, 3U);
  ByteVector out(with.size());
  const Bytes made = rewrite(*packet, as_bytes("names"), out, Urgent::cleared);
  EXPECT_EQ(ByteVector(made.begin(), made.end()), frame("PA", 0));
}

// RFC 768: a zero checksum means that there is none.
TEST(Rewrite, LeavesAUdpPacketWithoutAChecksumAsItIs) {
  ByteVector frame = FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").payload("decoy").build();
  const auto packet = packet::decode(frame, LinkType::ethernet);
  constexpr std::size_t kField = 6;
  frame[packet->transport_offset + kField] = frame[packet->transport_offset + kField + 1] = {};
  const ByteVector made = rewritten(frame, "names");
  ASSERT_FALSE(made.empty());
  EXPECT_EQ(made[packet->transport_offset + kField], std::byte{0});
  EXPECT_EQ(made[packet->transport_offset + kField + 1], std::byte{0});
  EXPECT_EQ(as_text(packet::decode(made, LinkType::ethernet)->payload), "names");
}

TEST(Rewrite, FailsIfSizesDifferOrThereIsNoRoom) {
  const ByteVector frame = tcp("192.0.2.1:5000", "198.51.100.2:443").payload("decoy").build();
  EXPECT_TRUE(rewritten(frame, "name").empty());
  const auto packet = packet::decode(frame, LinkType::ethernet);
  ByteVector out(frame.size() - 1);
  EXPECT_TRUE(rewrite(*packet, as_bytes("names"), out).empty());
}

}  // namespace
}  // namespace sluice::craft
