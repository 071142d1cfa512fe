#include "filters/fragment/reassembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/fragments.h"

namespace sluice::fragment {
namespace {

using test::ByteVector;
using test::FrameBuilder;

class Fragments : public testing::Test {
 protected:
  Outcome take(const ByteVector& frame, bool verify = true) {
    const auto packet = packet::decode(frame, LinkType::ethernet);
    EXPECT_TRUE(packet && packet->is_fragment);
    return reassembler_.take(*packet, now_, verify);
  }
  // Takes pieces in this order: the last one completes the original packet.
  void expect_whole(const std::vector<ByteVector>& pieces, const ByteVector& frame) {
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      ASSERT_EQ(take(pieces[i]), Outcome::incomplete) << i;
    }
    ASSERT_EQ(take(pieces.back()), Outcome::whole);
    const auto whole = reassembler_.whole({});
    const auto original = packet::decode(frame, LinkType::ethernet);
    ASSERT_TRUE(whole && original);
    EXPECT_EQ(as_text(whole->segment), as_text(original->segment));
    EXPECT_EQ(whole->source_port, original->source_port);
    EXPECT_EQ(whole->destination, original->destination);
    EXPECT_TRUE(whole->reassembled && !whole->is_fragment);
    EXPECT_TRUE(packet::checksums_hold(*whole));
    const auto link = [](const packet::Packet& packet) {
      return as_text(packet.frame.first(packet.network_offset));
    };
    EXPECT_EQ(link(*whole), link(*original));
    reassembler_.settle(true);
  }

  void wait(Nanos time) {
    now_ += time;
    for (int i = 0; i < 100; ++i) reassembler_.expire(now_);
  }

  static constexpr std::size_t kDatagrams = 16;
  Reassembler reassembler_{{.datagrams = kDatagrams, .timeout = std::chrono::seconds(60)}, {1, 2}};
  Nanos now_ = std::chrono::seconds(1000);
  ByteVector v4_ = frame("192.0.2.1:5000", "198.51.100.2:53", 'a');
  ByteVector v6_ = frame("[2001:db8::1]:5000", "[2001:db8::2]:53", 'a');

  static ByteVector frame(std::string_view from, std::string_view to, char fill,
                          std::size_t size = 100) {
    ByteVector payload(size, static_cast<std::byte>(fill));
    for (std::size_t i = 0; i < size; i += 3) payload[i] = static_cast<std::byte>(i);
    return FrameBuilder(from, to).payload(payload).build();
  }
};

TEST_F(Fragments, ReassembleInAnyOrder) {
  std::minstd_rand random(1);
  std::uint32_t id = 1;
  for (const ByteVector& frame : {v4_, v6_}) {
    for (const std::size_t size : {8U, 16U, 56U}) {
      for (int round = 0; round < 5; ++round) {
        auto pieces = test::fragments_of(frame, size, {.id = id++});
        std::ranges::shuffle(pieces, random);
        expect_whole(pieces, frame);
      }
    }
  }
  EXPECT_EQ(reassembler_.collecting(), 0U);
}

TEST_F(Fragments, ReassembleTheLongestPacket) {
  const ByteVector v4 = frame("192.0.2.1:5000", "198.51.100.2:53", 'a', 65535 - 28);
  const ByteVector v6 = frame("[2001:db8::1]:5000", "[2001:db8::2]:53", 'a', 65535 - 8);
  expect_whole(test::fragments_of(v4, 1480), v4);
  expect_whole(test::fragments_of(v6, 1448), v6);
}

TEST_F(Fragments, ReassembleAfterExtensionHeaders) {
  expect_whole(test::fragments_of(v6_, 16, {.hop_by_hop = true}), v6_);
}

TEST_F(Fragments, KeepTheirVlanTags) {
  ByteVector tagged[2];
  for (int i = 0; i < 2; ++i) {
    tagged[i] = test::fragments_of(v4_, 56)[static_cast<std::size_t>(i)];
    const ByteVector tag = test::byte_vector(std::string_view("\x81\x00\x00\x07", 4));
    tagged[i].insert(tagged[i].begin() + 12, tag.begin(), tag.end());
  }
  EXPECT_EQ(take(tagged[0]), Outcome::incomplete);
  EXPECT_EQ(take(test::fragments_of(v4_, 56)[1]),
            Outcome::incomplete);  // without the VLAN tags: another datagram
  EXPECT_EQ(take(tagged[1]), Outcome::whole);
  const auto whole = reassembler_.whole({});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->vlan[0], 7);
}

TEST_F(Fragments, DuplicatesAreTolerated) {
  const auto pieces = test::fragments_of(v4_, 56);
  EXPECT_EQ(take(pieces[0]), Outcome::incomplete);
  EXPECT_EQ(take(pieces[0]), Outcome::incomplete);
  EXPECT_EQ(take(pieces[1]), Outcome::whole);
  reassembler_.settle(true);
  EXPECT_EQ(take(pieces[1]), Outcome::incomplete);  // a packet may pass through us twice
  EXPECT_EQ(take(pieces[0]), Outcome::incomplete);
}

TEST_F(Fragments, OfARefusedDatagramStayRefused) {
  const auto pieces = test::fragments_of(v4_, 56);
  EXPECT_EQ(take(pieces[0]), Outcome::incomplete);
  EXPECT_EQ(take(pieces[1]), Outcome::whole);
  reassembler_.settle(false);
  EXPECT_EQ(take(pieces[1]), Outcome::refused);
  now_ += std::chrono::seconds(59);
  EXPECT_EQ(take(pieces[1]), Outcome::refused);
  wait(std::chrono::seconds(61));
  EXPECT_EQ(take(pieces[1]), Outcome::refused);
  wait(std::chrono::seconds(61));
  wait(std::chrono::seconds(61));
  EXPECT_EQ(take(pieces[1]), Outcome::incomplete);  // by now the host has forgotten the first
}

TEST_F(Fragments, ADifferingOverlapEndsTheDatagram) {
  const ByteVector other = frame("192.0.2.1:5000", "198.51.100.2:53", 'b');
  for (const bool first : {true, false}) {
    const std::uint32_t id = first ? 1 : 2;
    EXPECT_EQ(take(test::fragment_of(v4_, 8, 48, {.id = id})), Outcome::incomplete);
    EXPECT_EQ(take(test::fragment_of(other, first ? 0 : 48, 16, {.id = id})), Outcome::conflicting);
    EXPECT_EQ(take(test::fragment_of(v4_, 0, 8, {.id = id})), Outcome::refused);
  }
  EXPECT_EQ(reassembler_.collecting(), 0U);
}

TEST_F(Fragments, TwoDifferentEndsEndTheDatagram) {
  const ByteVector longer = frame("192.0.2.1:5000", "198.51.100.2:53", 'a', 108);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::incomplete);
  EXPECT_EQ(take(test::fragment_of(longer, 112, 100)), Outcome::conflicting);
  // Bytes after the end arrive before the end is known.
  EXPECT_EQ(take(test::fragment_of(longer, 104, 8, {.id = 9})), Outcome::incomplete);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100, {.id = 9})), Outcome::conflicting);
}

TEST_F(Fragments, WhatHostsTreatDifferentlyIsMalformed) {
  ByteVector odd = test::fragment_of(v4_, 0, 56);
  odd.pop_back();
  odd[17] = static_cast<std::byte>(std::to_integer<unsigned>(odd[17]) - 1);
  test::fix_ipv4_checksum(odd);
  EXPECT_EQ(take(odd), Outcome::malformed);

  ByteVector empty = test::fragment_of(v4_, 0, 0);
  EXPECT_EQ(take(empty), Outcome::malformed);

  ByteVector too_far = test::fragment_of(v4_, 56, 100);  // the ping of death
  too_far[20] = std::byte{0x1f};
  too_far[21] = std::byte{0xff};
  test::fix_ipv4_checksum(too_far);
  EXPECT_EQ(take(too_far), Outcome::malformed);

  ByteVector cut = test::fragment_of(v6_, 0, 56);
  cut.pop_back();
  EXPECT_EQ(take(cut), Outcome::malformed);
}

TEST_F(Fragments, ADecoyWithABadHeaderChecksumIsNotTaken) {
  ByteVector decoy = test::fragment_of(frame("192.0.2.1:5000", "198.51.100.2:53", 'b'), 0, 56);
  decoy[24] ^= std::byte{1};
  EXPECT_EQ(take(decoy), Outcome::bad_checksum);
  expect_whole(test::fragments_of(v4_, 56), v4_);
  EXPECT_EQ(take(decoy, false), Outcome::conflicting);  // with checksums ignored
}

TEST_F(Fragments, WithOneIdAndTwoProtocolsAreTwoDatagramsInIpv4) {
  const ByteVector tcp = FrameBuilder("192.0.2.1:5000", "198.51.100.2:53")
                             .tcp(1, 2, "A")
                             .payload(ByteVector(80))
                             .build();
  EXPECT_EQ(take(test::fragment_of(v4_, 0, 56)), Outcome::incomplete);
  EXPECT_EQ(take(test::fragment_of(tcp, 56, 100)), Outcome::incomplete);
  EXPECT_EQ(take(test::fragment_of(tcp, 0, 56)), Outcome::whole);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::whole);
}

// RFC 8200: the first fragment states the protocol, whatever the others say.
TEST_F(Fragments, LaterOnesCannotChangeTheProtocolInIpv6) {
  auto pieces = test::fragments_of(v6_, 56);
  pieces[1][14 + 40] = std::byte{6};
  expect_whole({pieces[1], pieces[0]}, v6_);
}

TEST_F(Fragments, ProtocolsThatAreNeverJudgedAreNotHeld) {
  const ByteVector ping = test::ip_frame("192.0.2.1", "198.51.100.2", 1, ByteVector(100));
  EXPECT_EQ(take(test::fragment_of(ping, 0, 56)), Outcome::not_of_interest);
  EXPECT_EQ(reassembler_.collecting(), 0U);
}

TEST_F(Fragments, TheSourceThatHoldsMostGivesWay) {
  EXPECT_EQ(take(test::fragment_of(v6_, 0, 56)), Outcome::incomplete);
  for (std::uint32_t id = 0; id < 100; ++id) {
    EXPECT_EQ(take(test::fragment_of(v4_, 0, 56, {.id = id})), Outcome::incomplete);
    ++now_;
  }
  EXPECT_EQ(reassembler_.collecting(), kDatagrams);
  EXPECT_EQ(reassembler_.evicted(), 101 - kDatagrams);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100, {.id = 0})), Outcome::evicted);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100, {.id = 99})), Outcome::whole);
  EXPECT_EQ(take(test::fragment_of(v6_, 56, 100)), Outcome::whole);
}

TEST_F(Fragments, OfManySourcesEvictTheOldest) {
  for (int i = 0; i < 100; ++i) {
    const ByteVector other =
        frame("192.0.2." + std::to_string(i + 1) + ":5000", "198.51.100.2:53", 'a');
    EXPECT_EQ(take(test::fragment_of(other, 0, 56)), Outcome::incomplete);
    ++now_;
  }
  EXPECT_EQ(reassembler_.collecting(), kDatagrams);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::evicted);
}

TEST_F(Fragments, AreForgottenAfterTheTimeout) {
  EXPECT_EQ(take(test::fragment_of(v4_, 0, 56)), Outcome::incomplete);
  wait(std::chrono::seconds(60));
  EXPECT_EQ(reassembler_.collecting(), 0U);
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::refused);
  wait(std::chrono::seconds(60));
  wait(std::chrono::seconds(60));
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::incomplete);
}

// Once others took its memory, a datagram that passed cannot be compared, so no fragment may
// follow.
TEST_F(Fragments, OfAPassedDatagramAreRefusedOnceItsBytesAreGone) {
  expect_whole(test::fragments_of(v4_, 56), v4_);
  for (std::uint32_t id = 100; id < 100 + kDatagrams; ++id) {
    expect_whole(test::fragments_of(v6_, 56, {.id = id}), v6_);
  }
  EXPECT_EQ(take(test::fragments_of(v4_, 56)[0]), Outcome::refused);
}

// More verdicts than the table holds: the host may still have the first fragment.
TEST_F(Fragments, OfARefusedDatagramStayRefusedWhateverComesBetween) {
  const auto pieces = test::fragments_of(v4_, 56);
  EXPECT_EQ(take(pieces[0]), Outcome::incomplete);
  EXPECT_EQ(take(pieces[1]), Outcome::whole);
  reassembler_.settle(false);
  for (std::uint32_t id = 100; id < 3000; ++id) {
    const auto others = test::fragments_of(v6_, 56, {.id = id});
    EXPECT_EQ(take(others[0]), Outcome::incomplete);
    EXPECT_EQ(take(others[1]), Outcome::whole);
    reassembler_.settle(id % 2 == 0);
  }
  EXPECT_EQ(take(pieces[1]), Outcome::refused);
  EXPECT_EQ(take(pieces[0]), Outcome::refused);
}

// A decoy that dies on its way completes the datagram here, and its host waits for the true one.
TEST_F(Fragments, OfAPassedDatagramStayRefusedWhateverComesBetween) {
  expect_whole(test::fragments_of(v4_, 56), v4_);
  for (std::uint32_t id = 100; id < 3000; ++id) {
    expect_whole(test::fragments_of(v4_, 56, {.id = id}), v4_);
  }
  EXPECT_EQ(take(test::fragments_of(v4_, 56)[0]), Outcome::refused);
}

TEST_F(Fragments, OfAnEvictedDatagramStayRefusedWhateverComesBetween) {
  EXPECT_EQ(take(test::fragment_of(v4_, 0, 56)), Outcome::incomplete);
  for (std::uint32_t id = 100; id < 3000; ++id) {
    EXPECT_EQ(take(test::fragment_of(v4_, 0, 56, {.id = id})), Outcome::incomplete);
    ++now_;
  }
  EXPECT_EQ(take(test::fragment_of(v4_, 56, 100)), Outcome::refused);
}

// Numbers of 16 bits come round while a busy sender's packets are on their way.
TEST_F(Fragments, OfABusySenderPassWhenItsNumbersComeRound) {
  for (std::uint32_t id = 0; id < 70'000; ++id) {
    const auto pieces = test::fragments_of(v4_, 56, {.id = id & 0xffff});
    ASSERT_EQ(take(pieces[0]), Outcome::incomplete) << id;
    ASSERT_EQ(take(pieces[1]), Outcome::whole) << id;
    reassembler_.settle(true);
  }
}

}  // namespace
}  // namespace sluice::fragment
