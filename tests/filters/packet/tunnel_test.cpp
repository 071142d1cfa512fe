// What decode() finds inside tunnels, and what it does not take for a tunnel.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/packet/packet.h"
#include "tests/filters/packet/raw_frames.h"
#include "tests/support/fragments.h"

namespace sluice::packet {
namespace {

using namespace std::string_view_literals;
using test::append;
using test::FrameBuilder;
using test::ip_frame;
using test::l2tp_frame;
using test::l2tp_message;
using test::without_ethernet;

constexpr const char* kOuter = "203.0.113.1";
constexpr const char* kOuterEnd = "203.0.113.2";

ByteVector over_udp(int port, const ByteVector& payload) {
  return FrameBuilder("203.0.113.1:9999", "203.0.113.2:" + std::to_string(port))
      .payload(payload)
      .build();
}
ByteVector over_ip(std::uint8_t protocol, const ByteVector& payload) {
  return ip_frame(kOuter, kOuterEnd, protocol, payload);
}

void expect_question(const ByteVector& frame, unsigned tunnels = 1, bool v4 = true) {
  const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
  ASSERT_TRUE(packet);
  EXPECT_EQ(as_text(packet->payload), "a question");
  EXPECT_EQ(packet->source.to_string(), v4 ? "192.0.2.1" : "2001:db8::1");
  EXPECT_EQ(packet->destination_port, Port{53});
  EXPECT_EQ(packet->tunnels, tunnels);
  EXPECT_TRUE(checksums_hold(*packet));
  EXPECT_EQ(packet->frame.data(), frame.data());
  // With tunnels off, decode() gives the outer packet.
  const auto outside = decode(frame, LinkType::ethernet);
  if (outside) {
    EXPECT_NE(as_text(outside->payload), "a question");
  }
}

TEST(Tunnels, IpInIpOfEitherVersion) {
  expect_question(over_ip(4, without_ethernet(kFrame)));
  expect_question(over_ip(41, without_ethernet(kFrame6)), 1, false);
  expect_question(ip_frame("2001:db8:1::1", "2001:db8:1::2", 4, without_ethernet(kFrame)));
  expect_question(ip_frame("2001:db8:1::1", "2001:db8:1::2", 41, without_ethernet(kFrame6)), 1,
                  false);
}

TEST(Tunnels, Gre) {
  expect_question(over_ip(47, raw("\0\0\x08\0") + without_ethernet(kFrame)));
  expect_question(over_ip(47, raw("\0\0\x86\xdd") + without_ethernet(kFrame6)), 1, false);
  // Checksum, key and sequence number.
  expect_question(over_ip(47, raw("\xb0\0\x08\0cccckkkkssss") + without_ethernet(kFrame)));
  expect_question(over_ip(47, raw("\0\0\x65\x58") + kFrame));
  expect_question(over_udp(4754, raw("\0\0\x08\0") + without_ethernet(kFrame)));
}

TEST(Tunnels, Erspan) {
  expect_question(over_ip(47, raw("\0\0\x88\xbe") + kFrame));                    // type I
  expect_question(over_ip(47, raw("\x10\0\x88\xbessss\x10......\0") + kFrame));  // type II
  expect_question(over_ip(47, raw("\x10\0\x22\xebssss\x20..........\0") + kFrame));
  expect_question(over_ip(47, raw("\x10\0\x22\xebssss\x20..........\x01platform") + kFrame));
}

TEST(Tunnels, Pptp) {
  const ByteVector ip = without_ethernet(kFrame);
  expect_question(over_ip(47, raw("\x30\x81\x88\x0bllccssssaaaa\xff\x03\0\x21") + ip));
  expect_question(over_ip(47, raw("\x20\x01\x88\x0bllcc\x21") + ip));  // compressed
}

TEST(Tunnels, Vxlan) {
  const ByteVector header = raw("\x08\0\0\0\x01\x02\x03\0");
  expect_question(over_udp(4789, header + kFrame));
  expect_question(over_udp(8472, header + kFrame));
  const ByteVector frame = over_udp(4789, header + kFrame);
  EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->tunnel_id, 0x010203U);
}

// Receivers ignore the reserved bits. Whether it is a QUIC Initial, its carrier tells.
TEST(Tunnels, ADatagramCarriesItsPacket) {
  const ByteVector frame = over_udp(4789, raw("\xc8\0\0\0\x01\x02\x03\0") + kFrame);
  const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->tunnels, 1);
  EXPECT_EQ(packet->carriers, 1);
  const auto carrier = decode(frame, LinkType::ethernet, Tunnels::all().at_most(0));
  ASSERT_TRUE(carrier);
  EXPECT_EQ(carrier->tunnels, 0);
  EXPECT_EQ(carrier->carriers, 0);
  EXPECT_EQ(carrier->destination_port, Port{4789});
  EXPECT_EQ(
      decode(over_ip(4, without_ethernet(kFrame)), LinkType::ethernet, Tunnels::all())->carriers,
      0);
}

TEST(Tunnels, AreOpenedToADepth) {
  const ByteVector vxlan = over_udp(4789, raw("\x08\0\0\0\0\0\x05\0") + kFrame);
  const ByteVector frame = over_ip(4, without_ethernet(vxlan));
  EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->destination_port, Port{53});
  const auto carrier = decode(frame, LinkType::ethernet, Tunnels::all().at_most(1));
  ASSERT_TRUE(carrier);
  EXPECT_EQ(carrier->destination_port, Port{4789});
  EXPECT_EQ(carrier->tunnels, 1);
}

TEST(Tunnels, Geneve) {
  expect_question(over_udp(6081, raw("\0\0\x65\x58vni\0") + kFrame));
  expect_question(over_udp(6081, raw("\x01\0\x08\0vni\0opts") + without_ethernet(kFrame)));
}

TEST(Tunnels, Gtp) {
  const ByteVector ip = without_ethernet(kFrame);
  expect_question(over_udp(2152, raw("\x30\xffll....") + ip));
  expect_question(over_udp(2152, raw("\x32\xffll....ss\0\0") + ip));
  expect_question(over_udp(2152, raw("\x34\xffll....ss\0\x85\x01xx\x85\x01yy\0") + ip));
}

TEST(Tunnels, Teredo) {
  const ByteVector ip = without_ethernet(kFrame6);
  expect_question(over_udp(3544, ip), 1, false);
  expect_question(over_udp(3544, raw("\0\0ppaaaa") + ip), 1, false);
  expect_question(over_udp(3544, raw("\0\x01\0\0nnnnnnnnc") + raw("\0\0ppaaaa") + ip), 1, false);
}

TEST(Tunnels, Capwap) {
  const ByteVector snap = raw("\xaa\xaa\x03\0\0\0\x08\0") + without_ethernet(kFrame);
  expect_question(over_udp(5247, raw("\0\x10\0\0....") + kFrame));
  expect_question(
      over_udp(5247, raw("\0\x10\x03\0....") + raw("\x08\x01....................\0\0") + snap));
  // Quality of service, and the first two bytes swapped.
  expect_question(over_udp(
      5247, raw("\0\x10\x03\0....") + raw("\x01\x88....................\x76\x30\0\0") + snap));
}

TEST(Tunnels, L2tp) {
  const ByteVector ip = without_ethernet(kFrame);
  for (const bool length : {false, true}) {
    for (const bool sequence : {false, true}) {
      for (const std::optional<std::uint16_t> offset : {std::optional<std::uint16_t>(), {0}, {5}}) {
        for (const std::string_view ppp :
             {"\xff\x03\0\x21"sv, "\0\x21"sv, "\xff\x03\x21"sv, "\x21"sv}) {
          expect_question(l2tp_frame(
              ip, {.length = length, .sequence = sequence, .offset = offset, .ppp = ppp}));
        }
      }
    }
  }
  for (const std::string_view ppp : {"\xff\x03\0\x57"sv, "\x57"sv}) {
    expect_question(l2tp_frame(without_ethernet(kFrame6), {.ppp = ppp}), 1, false);
  }
  // Hosts ignore the reserved bits and the priority bit.
  ByteVector message = l2tp_message(ip);
  message[0] |= std::byte{0x35};
  message[1] |= std::byte{0xf0};
  expect_question(over_udp(1701, message));
  expect_question(l2tp_frame(without_ethernet(l2tp_frame(ip))), 2);
}

// Both directions of a flow must have one key; each end of an L2TP tunnel assigns its own numbers.
TEST(Tunnels, NumbersOfL2tpDoNotTellNetworksApart) {
  const ByteVector frame = l2tp_frame(without_ethernet(kFrame), {.tunnel = 1, .session = 2});
  EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->tunnel_id, 0U);
  const ByteVector in_vxlan = over_udp(4789, raw("\x08\0\0\0\0\0\x05\0") + frame);
  EXPECT_EQ(decode(in_vxlan, LinkType::ethernet, Tunnels::all())->tunnel_id, 5U);
}

TEST(Tunnels, WhatDoesNotLookLikeL2tpDataIsNotOpened) {
  const ByteVector ip = without_ethernet(kFrame);
  const auto with_flags = [&](unsigned first, unsigned second) {
    ByteVector message = l2tp_message(ip);
    message[0] = std::byte(first);
    message[1] = std::byte(second);
    return message;
  };
  const std::vector<ByteVector> messages = {
      with_flags(0x80, 2),  // control
      with_flags(0xc8, 2),  // control, or a QUIC Initial
      with_flags(0, 0),
      with_flags(0, 1),  // L2F
      with_flags(0, 3),  // L2TPv3
      l2tp_message(ip, {.tunnel = 0}),
      l2tp_message(ip, {.session = 0}),
      l2tp_message(ip, {.ppp = "\xff\x03\xc0\x21"sv}),  // link control
      l2tp_message(ip, {.ppp = "\xff\x03\x80\x21"sv}),  // IP control
      l2tp_message(ip, {.ppp = "\xff\x03\0\x3d"sv}),    // multilink
      l2tp_message(ip, {.ppp = "\xff\x03\0\xfd"sv}),    // compressed
      l2tp_message(ip, {.ppp = "\xff\x03\0\x57"sv}),    // not the version of the packet
      l2tp_message(ip, {.ppp = ""}),
      l2tp_message(raw("")),
      raw("\0\x02\0\x07"),
      raw("\x02\x02\0\x07\0\x09\xff\xff\0\x21"),
  };
  for (const ByteVector& message : messages) {
    const ByteVector frame = over_udp(1701, message);
    const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->destination_port, Port{1701});
    EXPECT_EQ(packet->tunnels, 0);
  }
}

TEST(Tunnels, Pppoe) {
  const ByteVector ip = without_ethernet(kFrame);
  const ByteVector frame = ethernet(0x8864) + raw("\x11\0\x12\x34ll\0\x21") + ip;
  expect_question(frame);
  EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->tunnel_id, 0x1234U);
  EXPECT_EQ(decode(frame, LinkType::ethernet).error(), DecodeError::not_ip);
  expect_question(
      ethernet(0x8100) + raw("\0\x07\x88\x64\x11\0\x12\x34ll\0\x57") + without_ethernet(kFrame6), 1,
      false);
  // Hosts look at neither version nor code.
  expect_question(ethernet(0x8864) + raw("\x21\x01\x12\x34ll\0\x21") + ip);
  // Link control carries no packet.
  const ByteVector control = ethernet(0x8864) + raw("\x11\0\x12\x34ll\xc0\x21") + ip;
  EXPECT_EQ(decode(control, LinkType::ethernet, Tunnels::all()).error(), DecodeError::not_ip);
}

TEST(Tunnels, Mpls) {
  const ByteVector ip = without_ethernet(kFrame);
  expect_question(ethernet(0x8847) + raw("\0\0\x11\xff") + ip);
  expect_question(ethernet(0x8847) + raw("\0\0\x10\xff\0\0\x11\xff") + ip);
  expect_question(ethernet(0x8847) + raw("\0\0\x11\xff\0\0\0\0") + kFrame);  // control word
  ByteVector frame = kFrame;
  frame[0] = std::byte{0x02};
  expect_question(ethernet(0x8847) + raw("\0\0\x11\xff") + frame);
}

TEST(Tunnels, CiscoMetadataIsATag) {
  const ByteVector frame =
      ethernet(0x8909) + raw("\x01\x01\0\x01\0\x02\x08\0") + without_ethernet(kFrame);
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(as_text(packet->payload), "a question");
  EXPECT_EQ(packet->tunnels, 0);
}

TEST(Tunnels, NestUpToABound) {
  ByteVector frame = kFrame;
  for (unsigned depth = 1; depth <= kMaxTunnels; ++depth) {
    frame = over_ip(4, without_ethernet(frame));
    expect_question(frame, depth);
  }
  // Bug: one more, and the packet passed as one of no interest.
  EXPECT_EQ(decode(over_ip(4, without_ethernet(frame)), LinkType::ethernet, Tunnels::all()).error(),
            DecodeError::too_deep);
  const ByteVector vxlan = over_udp(4789, raw("\x08\0\0\0\0\0\x05\0") + frame);
  EXPECT_EQ(decode(vxlan, LinkType::ethernet, Tunnels::all()).error(), DecodeError::too_deep);
  const ByteVector mpls = ethernet(0x8847) + raw("\0\0\x11\xff") + without_ethernet(frame);
  EXPECT_EQ(decode(mpls, LinkType::ethernet, Tunnels::all()).error(), DecodeError::too_deep);
}

TEST(Tunnels, NestInAnyOrder) {
  const ByteVector vxlan = over_udp(4789, raw("\x08\0\0\0\0\0\x05\0") + ethernet(0x8100) +
                                              raw("\0\x09\x08\0") + without_ethernet(kFrame));
  expect_question(ethernet(0x8847) + raw("\0\0\x11\xff") + without_ethernet(vxlan), 2);
  const auto packet = decode(vxlan, LinkType::ethernet, Tunnels::all());
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->vlan[0], 9);
}

TEST(Tunnels, AreOpenedOnlyIfConfigured) {
  const ByteVector frame = over_ip(47, raw("\0\0\x08\0") + without_ethernet(kFrame));
  Tunnels wanted;
  wanted.add(Tunnel::ipip);
  EXPECT_EQ(decode(frame, LinkType::ethernet, wanted)->tunnels, 0);
  wanted.add(Tunnel::gre);
  EXPECT_EQ(decode(frame, LinkType::ethernet, wanted)->tunnels, 1);
}

TEST(Tunnels, AnUnreadableInnerPacketLeavesTheOuterOne) {
  for (const ByteVector& payload : {raw(""), raw("\x08"), raw("\x08\0\0\0\0\0\x05\0frame"),
                                    raw("\0\0\0\0\0\0\x05\0") + kFrame}) {
    const ByteVector frame = over_udp(4789, payload);
    const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->destination_port, Port{4789});
    EXPECT_EQ(packet->tunnels, 0);
  }
}

// A DNS question never looks like one of these tunnels.
TEST(Tunnels, AQuestionFromATunnelsPortStaysAQuestion) {
  for (const char* port : {"1701", "2152", "3544", "4789", "6081"}) {
    const ByteVector frame = FrameBuilder(std::string("192.0.2.1:") + port, "198.51.100.2:53")
                                 .payload(without_ethernet(kFrame6))
                                 .build();
    EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->tunnels, 0);
  }
}

// Evasion: the client asks from a tunnel's port, with an ID and a first label that make the answer
// look like an L2TP message with sequence numbers, an offset and an IPv4 packet.
TEST(Tunnels, AnAnswerToATunnelsPortStaysAnAnswer) {
  const ByteVector packet =
      without_ethernet(FrameBuilder("192.0.2.1:5000", "198.51.100.2:9").payload("12345").build());
  ASSERT_EQ(packet.size(), 0x21U);  // the label's length, and PPP's number for IPv4
  const ByteVector answer =
      raw("\x0a\x02\x81\x80\0\x01\0\0\0\0\0\0\x21") + packet + raw("\7example\3com\0\0\x01\0\x01");
  const ByteVector frame =
      FrameBuilder("198.51.100.53:53", "192.0.2.1:1701").payload(answer).build();
  const auto decoded = decode(frame, LinkType::ethernet, Tunnels::all());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->tunnels, 0);
  EXPECT_EQ(as_text(decoded->payload), as_text(answer));
}

// A datagram opens only if a host would take what is in it.
TEST(Tunnels, AnInnerHeaderWithAWrongChecksumOrLengthIsNoPacket) {
  const ByteVector header = raw("\x08\0\0\0\0\0\x05\0");
  ByteVector frame = over_udp(4789, header + kFrame);
  frame[14 + 20 + 8 + 8 + 14 + 10] ^= std::byte{1};
  EXPECT_EQ(decode(frame, LinkType::ethernet, Tunnels::all())->tunnels, 0);
  ByteVector longer = kFrame;
  longer[17] = std::byte{200};
  test::fix_ipv4_checksum(longer);
  EXPECT_EQ(decode(over_udp(4789, header + longer), LinkType::ethernet, Tunnels::all())->tunnels,
            0);
  ByteVector longer6 = kFrame6;
  longer6[19] = std::byte{200};
  EXPECT_EQ(decode(over_udp(4789, header + longer6), LinkType::ethernet, Tunnels::all())->tunnels,
            0);
}

// Bug: what a server's end of these tunnels sends goes to a port that its client chose.
TEST(Tunnels, AnswersOfL2tpCapwapAndTeredoGoToAnyPort) {
  const auto from = [](int port, const ByteVector& payload) {
    return FrameBuilder("203.0.113.1:" + std::to_string(port), "203.0.113.2:40000")
        .payload(payload)
        .build();
  };
  expect_question(from(1701, l2tp_message(without_ethernet(kFrame))));
  expect_question(from(5247, raw("\0\x10\0\0....") + kFrame));
  expect_question(from(3544, without_ethernet(kFrame6)), 1, false);
  EXPECT_EQ(
      decode(from(4789, raw("\x08\0\0\0\0\0\x05\0") + kFrame), LinkType::ethernet, Tunnels::all())
          ->tunnels,
      0);
}

TEST(Tunnels, TeredoIsToldByItsAddressesOnAnyPort) {
  const ByteVector ip = without_ethernet(
      FrameBuilder("[2001:0:53aa::1]:5000", "[2001:db8::2]:53").payload("a question").build());
  for (const ByteVector& payload : {ip, ip + raw("\x02\x03"
                                                 "abc\x01\0")}) {  // with trailers
    const ByteVector frame = over_udp(33333, payload);
    const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
    ASSERT_TRUE(packet);
    EXPECT_EQ(as_text(packet->payload), "a question");
  }
  for (const ByteVector& payload : {without_ethernet(kFrame6), ip + raw("\x02\x09"
                                                                        "abc")}) {
    EXPECT_EQ(decode(over_udp(33333, payload), LinkType::ethernet, Tunnels::all())->tunnels, 0);
  }
}

TEST(Tunnels, OuterFragmentsAreNotOpened) {
  const ByteVector frame =
      test::fragment_of(over_udp(4789, raw("\x08\0\0\0\0\0\x05\0") + kFrame), 0, 64);
  const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->is_fragment);
  EXPECT_EQ(packet->tunnels, 0);
}

TEST(Tunnels, HaveNames) {
  for (std::size_t i = 0; i < kTunnels; ++i) {
    const auto tunnel = static_cast<Tunnel>(i);
    EXPECT_EQ(parse_tunnel(to_string(tunnel)), tunnel);
    EXPECT_TRUE(Tunnels::all().has(tunnel));
    EXPECT_FALSE(Tunnels().has(tunnel));
  }
  EXPECT_FALSE(parse_tunnel("wireguard"));
}

}  // namespace
}  // namespace sluice::packet
