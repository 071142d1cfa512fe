// What stands below a packet and is stepped over, and tunnels that are less common: hosts and
// gateways behind us read the packet, so we do. What cannot be read is told from what is malformed.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "filters/packet/packet.h"
#include "tests/filters/packet/raw_frames.h"
#include "tests/support/fragments.h"

namespace sluice::packet {
namespace {

using test::append;
using test::FrameBuilder;
using test::ip_frame;
using test::without_ethernet;

ByteVector times(std::size_t count, const ByteVector& part) {
  ByteVector all;
  for (std::size_t i = 0; i < count; ++i) append(all, part);
  return all;
}
const ByteVector kIp = without_ethernet(kFrame);
const ByteVector kIp6 = without_ethernet(kFrame6);
const ByteVector kSnap = raw("\xaa\xaa\x03\0\0\0\x08\0");

std::string question_in(const ByteVector& frame) {
  const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
  if (!packet) return std::string(to_string(packet.error()));
  EXPECT_TRUE(checksums_hold(*packet));
  return std::string(as_text(packet->payload));
}
bool is_unread(const ByteVector& frame) {
  const auto packet = decode(frame, LinkType::ethernet, Tunnels::all());
  return packet ? packet->is_unread : packet.error() == DecodeError::unread;
}

// Evasion: Linux strips any number of tags with identifier 0 (VU#855201).
TEST(Tags, VlanTagsMayBeAnyNumber) {
  for (const std::size_t count : {1U, 4U, 5U, 9U, 300U}) {
    const ByteVector frame =
        ethernet(0x8100) + times(count - 1, raw("\0\0\x81\0")) + raw("\0\0\x08\0") + kIp;
    EXPECT_EQ(question_in(frame), "a question") << count;
    const ByteVector service =
        ethernet(0x88a8) + times(count, raw("\x20\x07\x88\xa8")) + raw("\0\x05\x86\xdd") + kIp6;
    EXPECT_EQ(question_in(service), "a question") << count;
  }
}

// Else a client could send every other packet with a tag, and each flow would have two keys.
TEST(Tags, IdentifierZeroNamesNoVlan) {
  const auto plain = decode(kFrame, LinkType::ethernet);
  const ByteVector frame = ethernet(0x8100) + raw("\xe0\0\x08\0") + kIp;
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet && plain);
  EXPECT_EQ(packet->vlan_tags, 0);
  EXPECT_EQ(packet->vlan, plain->vlan);
  const auto tagged =
      decode(ethernet(0x8100) + raw("\0\0\x81\0\0\x07\x08\0") + kIp, LinkType::ethernet);
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged->vlan_tags, 1);
  EXPECT_EQ(tagged->vlan[0], 7);
}

// Evasion: LLC and SNAP in front of IP, which Windows takes, with any length, also behind tags.
TEST(Tags, LlcIsSteppedOver) {
  for (const unsigned length : {0U, 46U, 1500U, 1535U}) {
    EXPECT_EQ(question_in(ethernet(length) + kSnap + kIp), "a question") << length;
  }
  EXPECT_EQ(question_in(ethernet(46) + raw("\xaa\xaa\x03\0\0\xf8\x86\xdd") + kIp6), "a question");
  EXPECT_EQ(question_in(ethernet(46) + raw("\xaa\xab\x13\0\0\0\x08\0") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(46) + raw("\x06\x06\x03") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(0x8100) + raw("\0\0\0\x2e") + kSnap + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(46) + raw("\xaa\xaa\x03\0\0\0\x81\0\0\0\x08\0") + kIp),
            "a question");
  EXPECT_EQ(question_in(ethernet(46) + raw("\xaa\xaa\x03\0\0\0\x81\0\0\0\0\x2e") + kSnap + kIp),
            "a question");
  const ByteVector cooked = raw("\0\0\0\1\0\6abcdef\0\0\0\4") + kSnap + kIp;
  EXPECT_TRUE(decode(cooked, LinkType::linux_sll));
  // A reply would have another length.
  EXPECT_FALSE(decode(ethernet(46) + kSnap + kIp, LinkType::ethernet)->can_be_answered());
}

TEST(Tags, FramesWithoutIpAreNoIp) {
  for (const ByteVector& frame :
       {ethernet(0x0806) + raw("arp"), ethernet(38) + raw("\x42\x42\x03spanning tree"),
        ethernet(46) + raw("\xff\xffnovell"),
        ethernet(46) + raw("\xaa\xaa\x03\0\0\x0c\x20\0"
                           "cdp"),
        ethernet(0x8100) + raw("\0\0\x08\x06"
                               "arp")}) {
    EXPECT_EQ(question_in(frame), "not_ip");
  }
}

TEST(Tags, OtherTagsAreSteppedOver) {
  EXPECT_EQ(question_in(ethernet(0x8926) + raw("vntg\x08\0") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(0x893f) + raw("etags.\x08\0") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(0xf1c1) + raw("\0\0sq\x08\0") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(0x892f) + raw("szsq\x08\0") + kIp), "a question");
  EXPECT_EQ(question_in(ethernet(0x88e7) + raw("\0\0\0\x05") + kFrame), "a question");
  EXPECT_EQ(question_in(ethernet(0x88a8) + raw("\0\x05\x88\xe7\0\0\0\x05") + kFrame), "a question");
  EXPECT_EQ(question_in(ethernet(0x894f) +
                        raw("\x0f\xc2\x02\x01"
                            "path") +
                        kIp),
            "a question");
  EXPECT_EQ(question_in(ethernet(0x894f) +
                        raw("\x0f\xc2\x02\x03"
                            "path") +
                        kFrame),
            "a question");
}

TEST(Tags, MacsecIsReadWhereItDoesNotEncrypt) {
  EXPECT_EQ(question_in(ethernet(0x88e5) + raw("\0\0nmbr\x08\0") + kIp + raw("integrity")),
            "a question");
  EXPECT_EQ(question_in(ethernet(0x88e5) + raw("\x20\0nmbrchannel.\x08\0") + kIp), "a question");
  EXPECT_TRUE(is_unread(ethernet(0x88e5) + raw("\x2c\0nmbrchannel.") + kIp));
}

TEST(Ppp, CarriesMoreThanIp) {
  const ByteVector session = ethernet(0x8864) + raw("\x11\0\x12\x34ll");
  EXPECT_EQ(question_in(session + raw("\x02\x81\0\0\x11\xff") + kIp), "a question");  // MPLS
  EXPECT_EQ(question_in(session + raw("\0\x31\0\x01") + kFrame), "a question");       // bridged
  EXPECT_EQ(question_in(session + raw("\0\x31\x40\x01laan") + kFrame), "a question");
  // Multilink, a packet that is not cut: long and short numbers.
  EXPECT_EQ(question_in(session + raw("\0\x3d\xc0\0\0\x09\0\x21") + kIp), "a question");
  EXPECT_EQ(question_in(session + raw("\0\x3d\xc0\x09\0\x57") + kIp6), "a question");
  EXPECT_EQ(question_in(session + raw("\0\x3d\xc0\0\0\x09\x21") + kIp), "a question");
}

TEST(Ppp, WhatIsCompressedCutOrEncryptedIsUnread) {
  const ByteVector session = ethernet(0x8864) + raw("\x11\0\x12\x34ll");
  for (const ByteVector& ppp : {raw("\0\x2d"), raw("\0\x2f"), raw("\0\xfd"), raw("\0\x53"),
                                raw("\0\x3d\x80\0\0\x09\0\x21"), raw("\0\x3d\x40\0\0\x0a")}) {
    EXPECT_TRUE(is_unread(session + ppp + kIp));
  }
  EXPECT_EQ(question_in(session + raw("\xc0\x21") + kIp), "not_ip");
  const ByteVector l2tp = test::l2tp_frame(kIp, {.ppp = std::string_view("\xff\x03\0\xfd", 4)});
  EXPECT_TRUE(is_unread(l2tp));
}

// Bug: Ethernet in MPLS whose destination begins with 4 or 6 was taken for IP.
TEST(Mpls, EthernetIsToldFromIpByMoreThanItsFirstDigit) {
  for (const unsigned first : {0x40U, 0x45U, 0x60U}) {
    ByteVector frame = kFrame;
    frame[0] = static_cast<std::byte>(first);
    EXPECT_EQ(question_in(ethernet(0x8847) + raw("\0\0\x11\xff") + frame), "a question");
  }
  EXPECT_EQ(
      question_in(ethernet(0x8847) + times(40, raw("\0\0\x10\xff")) + raw("\0\0\x11\xff") + kIp6),
      "a question");
}

ByteVector over_ip(std::uint8_t protocol, const ByteVector& payload) {
  return ip_frame("203.0.113.1", "203.0.113.2", protocol, payload);
}
ByteVector over_udp(int port, const ByteVector& payload) {
  return FrameBuilder("203.0.113.1:9999", "203.0.113.2:" + std::to_string(port))
      .payload(payload)
      .build();
}

// Aruba's access points send frames of 802.11 in GRE.
TEST(Gre, CarriesWirelessFrames) {
  const ByteVector gre = raw("\0\0\x83\0");
  const ByteVector addresses = raw("dudestinsourceaccess");
  EXPECT_EQ(
      question_in(over_ip(47, gre + raw("\x08\x01") + addresses + raw("\x10\x02") + kSnap + kIp)),
      "a question");
  EXPECT_EQ(question_in(over_ip(47, raw("\0\0\x82\0") + raw("\x88\x02") + addresses +
                                        raw("\x10\x02\0\0") + kSnap + kIp)),
            "a question");
  // Between access points; with quality of service and high throughput.
  EXPECT_EQ(question_in(over_ip(47, raw("\0\0\x90\0") + raw("\x88\x83") + addresses +
                                        raw("\x10\x02"
                                            "fourth\0\0high") +
                                        kSnap + kIp)),
            "a question");
  // A single aggregated frame.
  EXPECT_EQ(question_in(over_ip(47, gre + raw("\x88\x01") + addresses + raw("\x10\x02\x80\0") +
                                        raw("destinsource\0\x2e") + kSnap + kIp)),
            "a question");
  // Encrypted, cut, several aggregated.
  EXPECT_TRUE(
      is_unread(over_ip(47, gre + raw("\x88\x42") + addresses + raw("\x10\x02\0\0") + kIp)));
  EXPECT_TRUE(is_unread(over_ip(47, gre + raw("\x08\x05") + addresses + raw("\x10\x02") + kSnap)));
  EXPECT_TRUE(is_unread(over_ip(47, gre + raw("\x08\x01") + addresses + raw("\x11\x02") + kSnap)));
  const ByteVector part = raw("destinsource\0\x2e") + kSnap + kIp;
  EXPECT_TRUE(is_unread(
      over_ip(47, gre + raw("\x88\x01") + addresses + raw("\x10\x02\x80\0") + part + part)));
}

TEST(Gre, CarriesWccpAndEthernetOverIp) {
  EXPECT_EQ(question_in(over_ip(47, raw("\0\0\x88\x3e") + kIp)), "a question");
  EXPECT_EQ(question_in(over_ip(47, raw("\0\0\x88\x3e\0\0\0\x01") + kIp)), "a question");
  EXPECT_EQ(question_in(over_ip(47, raw("\x20\x01\x64\0ll\x05\0") + kFrame)), "a question");
}

TEST(OverIp, EtherIpAndMpls) {
  EXPECT_EQ(question_in(over_ip(97, raw("\x30\0") + kFrame)), "a question");
  EXPECT_EQ(question_in(over_ip(137, raw("\0\0\x11\xff") + kIp)), "a question");
  EXPECT_EQ(question_in(over_udp(6635, raw("\0\0\x11\xff") + kIp)), "a question");
}

TEST(OverUdp, VxlanSaysWhatItCarries) {
  EXPECT_EQ(question_in(over_udp(4790, raw("\x0c\0\0\x01\0\0\x05\0") + kIp)), "a question");
  EXPECT_EQ(question_in(over_udp(4790, raw("\x0c\0\0\x02\0\0\x05\0") + kIp6)), "a question");
  EXPECT_EQ(question_in(over_udp(4790, raw("\x0c\0\0\x03\0\0\x05\0") + kFrame)), "a question");
  EXPECT_EQ(question_in(over_udp(4790, raw("\x0c\0\0\x04\0\0\x05\0\x0f\xc2\x02\x01"
                                           "path") +
                                           kIp)),
            "a question");
}

// Bug: more extension headers than eight, and the packet inside was not looked at.
TEST(OverUdp, GtpMayHaveAnyNumberOfExtensions) {
  const ByteVector header = raw("\x34\xffll....ss\0\x85") + times(30, raw("\x01xx\x85"));
  EXPECT_EQ(question_in(over_udp(2152, header + raw("\x01yy\0") + kIp)), "a question");
}

TEST(OverIp, WhatIsEncryptedOrCompressedIsUnread) {
  for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{50, 55, 108, 115}) {
    EXPECT_TRUE(is_unread(over_ip(protocol, kIp))) << int{protocol};
  }
  EXPECT_TRUE(is_unread(over_udp(5247, raw("\x01\0\0\0") + kFrame)));
  EXPECT_TRUE(is_unread(over_udp(1701, raw("\0\x03\0\0sess") + kFrame)));
  EXPECT_FALSE(is_unread(over_ip(89, kIp)));  // OSPF
}

// In tunnel mode of RFC 4302 an IP packet follows.
TEST(OverIp, AuthenticationHeadersAreSteppedOver) {
  const ByteVector header = raw("\x04\x04\0\0spi.sqnrintegrity...");
  ASSERT_EQ(header.size(), 24U);
  EXPECT_EQ(question_in(over_ip(51, header + kIp)), "a question");
}

}  // namespace
}  // namespace sluice::packet
