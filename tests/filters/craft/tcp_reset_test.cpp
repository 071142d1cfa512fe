#include "filters/craft/tcp_reset.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/packet_builder.h"

namespace sluice::craft {
namespace {

using packet::Packet;
using test::ByteVector;
using test::FrameBuilder;

// Decodes what was made; `frame` must outlive it.
Packet decoded(Bytes frame, LinkType link = LinkType::ethernet) {
  const auto packet = packet::decode(frame, link);
  EXPECT_TRUE(packet);
  return packet.value_or(Packet{});
}

std::string flags_of(const packet::TcpHeader& tcp) {
  std::string flags;
  if (tcp.syn) flags += 'S';
  if (tcp.ack) flags += 'A';
  if (tcp.fin) flags += 'F';
  if (tcp.rst) flags += 'R';
  if (tcp.psh) flags += 'P';
  if (tcp.urg) flags += 'U';
  return flags;
}

struct Numbers {
  std::uint32_t sequence;
  std::uint32_t acknowledgment;
  std::string flags;
  friend bool operator==(const Numbers&, const Numbers&) = default;
};
void PrintTo(const Numbers& numbers, std::ostream* out) {
  *out << numbers.sequence << ' ' << numbers.acknowledgment << ' ' << numbers.flags;
}

Numbers numbers_of(const Packet& packet) {
  return {packet.tcp.sequence, packet.tcp.acknowledgment, flags_of(packet.tcp)};
}

Numbers to_sender(FrameBuilder builder) {
  const ByteVector frame = builder.build();
  std::array<std::byte, kMaxResetFrame> out;
  return numbers_of(decoded(reset_to_sender(decoded(frame), out)));
}

FrameBuilder segment(std::uint32_t sequence, std::uint32_t acknowledgment, std::string_view flags) {
  return FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(sequence, acknowledgment, flags);
}

TEST(ResetToSender, HasTheSequenceNumberThatTheSenderExpects) {
  EXPECT_EQ(to_sender(segment(1000, 2000, "PA").payload("hello")), (Numbers{2000, 1005, "AR"}));
  EXPECT_EQ(to_sender(segment(1000, 2000, "A")), (Numbers{2000, 1000, "AR"}));
}

TEST(ResetToSender, CountsSynAndFin) {
  EXPECT_EQ(to_sender(segment(1000, 2000, "FA").payload("abc")), (Numbers{2000, 1004, "AR"}));
  EXPECT_EQ(to_sender(segment(1000, 2000, "SA")), (Numbers{2000, 1001, "AR"}));
}

// RFC 9293 section 3.5.2: no ACK, so sequence 0.
TEST(ResetToSender, AnswersASegmentWithoutAckAtZero) {
  EXPECT_EQ(to_sender(segment(1000, 0, "S")), (Numbers{0, 1001, "AR"}));
  EXPECT_EQ(to_sender(segment(1000, 77, "S").payload("fast open")), (Numbers{0, 1010, "AR"}));
}

TEST(ResetToSender, SequenceNumbersWrapAround) {
  EXPECT_EQ(to_sender(segment(0xffffffff, 0xffffffff, "FA").payload("abc")),
            (Numbers{0xffffffff, 3, "AR"}));
}

TEST(ResetToSender, DoesNotCountPadding) {
  EXPECT_EQ(to_sender(segment(1000, 2000, "A").payload("a").padding(5)),
            (Numbers{2000, 1001, "AR"}));
}

TEST(ResetToDestination, HasTheRequestedSequenceNumber) {
  std::array<std::byte, kMaxResetFrame> out;
  const ByteVector data = segment(1000, 2000, "PA").payload("hello").build();
  EXPECT_EQ(numbers_of(decoded(reset_to_destination(decoded(data), 990, out))),
            (Numbers{990, 2000, "AR"}));
  const ByteVector syn = segment(1000, 2000, "S").build();
  EXPECT_EQ(numbers_of(decoded(reset_to_destination(decoded(syn), 1000, out))),
            (Numbers{1000, 0, "R"}));
}

TEST(Reset, KeepsLinkAndTagsAndSwapsTheEndpoints) {
  struct Case {
    const char* client;
    const char* server;
  };
  for (const Case& c : {Case{"192.0.2.1:5000", "198.51.100.2:443"},
                        Case{"[2001:db8::1]:5000", "[2001:db8::2]:443"}}) {
    for (std::size_t tags = 0; tags <= packet::kMaxVlanTags; ++tags) {
      FrameBuilder builder(c.client, c.server);
      for (std::size_t i = 0; i < tags; ++i) builder.vlan(static_cast<std::uint16_t>(100 + i));
      const ByteVector frame = builder.tcp(1000, 2000, "PA").payload("hello").build();
      const Packet seen = decoded(frame);
      std::array<std::byte, kMaxResetFrame> out, out_onward;
      const Bytes back = reset_to_sender(seen, out);
      const Bytes onward = reset_to_destination(seen, 1000, out_onward);
      ASSERT_FALSE(back.empty() || onward.empty());

      const Packet to_client = decoded(back);
      EXPECT_TRUE(packet::checksums_hold(to_client));
      EXPECT_EQ(to_client.source, seen.destination);
      EXPECT_EQ(to_client.destination, seen.source);
      EXPECT_EQ(to_client.source_port, seen.destination_port);
      EXPECT_EQ(to_client.destination_port, seen.source_port);
      EXPECT_EQ(as_text(back.first(6)), as_text(Bytes(frame).subspan(6, 6)));
      EXPECT_EQ(as_text(back.subspan(6, 6)), as_text(Bytes(frame).first(6)));

      const Packet to_server = decoded(onward);
      EXPECT_TRUE(packet::checksums_hold(to_server));
      EXPECT_EQ(to_server.source, seen.source);
      EXPECT_EQ(to_server.destination, seen.destination);
      EXPECT_EQ(to_server.source_port, seen.source_port);
      EXPECT_EQ(to_server.destination_port, seen.destination_port);
      EXPECT_EQ(as_text(onward.first(12)), as_text(Bytes(frame).first(12)));

      for (const Packet& reset : {to_client, to_server}) {
        EXPECT_EQ(reset.vlan_tags, tags);
        EXPECT_EQ(reset.vlan, seen.vlan);
        EXPECT_TRUE(reset.payload.empty());
        EXPECT_LT(reset.frame.size(), frame.size());  // by the payload
      }
    }
  }
}

TEST(Reset, IsNoLargerThanABareSegment) {
  const ByteVector frame = segment(1000, 2000, "A").build();
  std::array<std::byte, kMaxResetFrame> out;
  EXPECT_EQ(reset_to_sender(decoded(frame), out).size(), frame.size());
  EXPECT_EQ(reset_to_destination(decoded(frame), 1000, out).size(), frame.size());
}

TEST(Reset, KeepsACookedLinkHeaderAsItIs) {
  using namespace std::string_view_literals;
  ByteVector frame = test::byte_vector("\x08\0\0\0\0\0\0\1\0\1\0\6abcdefgh"sv);  // SLL2
  const std::size_t link = frame.size();
  test::append(frame, Bytes(segment(1000, 2000, "A").build()).subspan(14));
  std::array<std::byte, kMaxResetFrame> out;
  const Bytes reset = reset_to_sender(decoded(frame, LinkType::linux_sll2), out);
  ASSERT_GE(reset.size(), link);
  EXPECT_EQ(as_text(reset.first(link)), as_text(Bytes(frame).first(link)));
  EXPECT_TRUE(packet::checksums_hold(decoded(reset, LinkType::linux_sll2)));
}

TEST(Reset, FailsForUdpOrWithoutRoom) {
  std::array<std::byte, kMaxResetFrame> out;
  const ByteVector udp = FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").payload("x").build();
  EXPECT_TRUE(reset_to_sender(decoded(udp), out).empty());
  EXPECT_TRUE(reset_to_destination(decoded(udp), 1, out).empty());
  const ByteVector tcp = segment(1000, 2000, "A").build();
  for (std::size_t room = 0; room < tcp.size(); ++room) {
    EXPECT_TRUE(reset_to_sender(decoded(tcp), MutableBytes(out).first(room)).empty());
  }
}

}  // namespace
}  // namespace sluice::craft
