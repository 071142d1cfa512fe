#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "filters/packet/checksum.h"
#include "filters/packet/packet.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"

namespace sluice::packet {
namespace {

using test::ByteVector;
using test::FrameBuilder;

ByteVector question4() {
  return FrameBuilder("192.0.2.1:5000", "198.51.100.2:53").payload("a question").build();
}
ByteVector question6() {
  return FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53").payload("a question").build();
}

// `count` headers with padding behind the IPv6 header, the first one of this kind.
ByteVector with_options(ByteVector frame, std::size_t count, unsigned first = 60) {
  ByteVector options;
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    test::append_u16(options, (last ? std::to_integer<unsigned>(frame[20]) : 60U) << 8);
    test::append_u16(options, 0x0104);  // padding
    test::append_u32(options, 0);
  }
  test::patch_u16(frame, 18, frame.size() - 54 + options.size());
  frame[20] = static_cast<std::byte>(first);
  frame.insert(frame.begin() + 54, options.begin(), options.end());
  return frame;
}

ByteVector with_authentication(ByteVector frame, std::size_t count) {
  const bool v4 = frame[12] == std::byte{0x08};
  const std::size_t behind_ip = v4 ? 34 : 54, protocol = v4 ? 23 : 20;
  for (std::size_t i = 0; i < count; ++i) {
    ByteVector header;
    test::append_u8(header, std::to_integer<unsigned>(frame[protocol]));
    test::append_u8(header, 4);
    header.resize(24, std::byte{0x77});
    frame[protocol] = std::byte{51};
    frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(behind_ip), header.begin(),
                 header.end());
  }
  test::patch_u16(frame, v4 ? 16 : 18, frame.size() - (v4 ? 14 : 54));
  if (v4) test::fix_ipv4_checksum(frame);
  return frame;
}

void fix_udp_checksum(ByteVector& frame) {
  test::patch_u16(frame, 60, 0);
  const Bytes bytes(frame);
  test::patch_u16(
      frame, 60,
      transport_checksum(IpAddress::from_bytes(bytes.subspan(22, 16)),
                         IpAddress::from_bytes(bytes.subspan(38, 16)), 17, bytes.subspan(54)));
}

TEST(Decode, ReadsTcpOverIpv4) {
  const ByteVector frame = FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
                               .tcp(1000, 2000, "PA")
                               .payload("hello")
                               .padding(9)
                               .build();
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->transport, Transport::tcp);
  EXPECT_EQ(packet->source.to_string(), "192.0.2.1");
  EXPECT_EQ(packet->destination_port, Port{443});
  EXPECT_EQ(packet->tcp.sequence, 1000U);
  EXPECT_EQ(packet->tcp.acknowledgment, 2000U);
  EXPECT_TRUE(packet->tcp.ack && packet->tcp.psh && !packet->tcp.syn);
  EXPECT_EQ(as_text(packet->payload), "hello");  // padding is not payload
  EXPECT_TRUE(checksums_hold(*packet));
}

TEST(Decode, ReadsUdpOverIpv6BehindVlanTags) {
  const ByteVector frame = FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53")
                               .vlan(100)
                               .vlan(7)
                               .payload("hello")
                               .build();
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->vlan_tags, 2);
  EXPECT_EQ(packet->vlan[0], 100);
  EXPECT_EQ(packet->vlan[1], 7);
  EXPECT_EQ(packet->destination.to_string(), "2001:db8::2");
  EXPECT_EQ(as_text(packet->payload), "hello");
  EXPECT_TRUE(checksums_hold(*packet));
}

TEST(Decode, DetectsABadChecksum) {
  for (const char* client : {"192.0.2.1:5000", "[2001:db8::1]:5000"}) {
    const char* server = *client == '[' ? "[2001:db8::2]:443" : "198.51.100.2:443";
    const ByteVector tcp =
        FrameBuilder(client, server).tcp(1, 1, "A").payload("x").broken_checksum().build();
    const ByteVector udp = FrameBuilder(client, server).payload("x").broken_checksum().build();
    EXPECT_FALSE(checksums_hold(*decode(tcp, LinkType::ethernet)));
    EXPECT_FALSE(checksums_hold(*decode(udp, LinkType::ethernet)));
  }
}

TEST(Decode, MarksFragments) {
  const ByteVector first = FrameBuilder("192.0.2.1:5000", "198.51.100.2:53")
                               .payload("12345678")
                               .fragment(0, true)
                               .build();
  const ByteVector later = FrameBuilder("192.0.2.1:5000", "198.51.100.2:53")
                               .payload("12345678")
                               .fragment(8, false)
                               .build();
  EXPECT_TRUE(decode(first, LinkType::ethernet)->is_fragment);
  EXPECT_TRUE(decode(first, LinkType::ethernet)->has_transport);
  EXPECT_TRUE(decode(later, LinkType::ethernet)->is_fragment);
  EXPECT_FALSE(decode(later, LinkType::ethernet)->has_transport);
}

TEST(Decode, ReadsEachLinkType) {
  const ByteVector ethernet = FrameBuilder("192.0.2.1:1", "192.0.2.2:53").payload("x").build();
  const Bytes ip = Bytes(ethernet).subspan(14);
  struct Case {
    LinkType link;
    std::string_view header;
  };
  using namespace std::string_view_literals;
  for (const Case& c : {Case{LinkType::raw, ""sv}, Case{LinkType::raw_openbsd, ""sv},
                        Case{LinkType::ipv4, ""sv}, Case{LinkType::null, "\2\0\0\0"sv},
                        Case{LinkType::null, "\0\0\0\2"sv}, Case{LinkType::loop, "\0\0\0\2"sv},
                        Case{LinkType::linux_sll, "\0\0\0\1\0\6abcdef\0\0\x08\0"sv},
                        Case{LinkType::linux_sll2, "\x08\0\0\0\0\0\0\1\0\1\0\6abcdefgh"sv}}) {
    ByteVector frame = test::byte_vector(c.header);
    test::append(frame, ip);
    const auto packet = decode(frame, c.link);
    ASSERT_TRUE(packet) << static_cast<int>(c.link);
    EXPECT_EQ(as_text(packet->payload), "x");
  }
  EXPECT_EQ(decode(ethernet, static_cast<LinkType>(147)).error(), DecodeError::unsupported_link);
}

TEST(Decode, RefusesInconsistentHeaders) {
  ByteVector frame = FrameBuilder("192.0.2.1:1", "192.0.2.2:53").payload("x").build();
  const auto with = [&](std::size_t at, unsigned value) {
    ByteVector changed = frame;
    changed[at] = static_cast<std::byte>(value);
    return decode(changed, LinkType::ethernet).error();
  };
  EXPECT_EQ(with(12, 0x06), DecodeError::not_ip);
  EXPECT_EQ(with(14, 0x44), DecodeError::bad_ip_header);      // header of 16 bytes
  EXPECT_EQ(with(14, 0x65), DecodeError::bad_ip_header);      // version 6
  EXPECT_EQ(with(17, 10), DecodeError::bad_ip_header);        // total under the header
  EXPECT_EQ(with(39, 7), DecodeError::bad_transport_header);  // UDP length under 8
}

TEST(Decode, ReadsFramesOfAnySizeThatIpAllows) {
  for (const std::size_t size : {8972U, 65535U - 28U}) {
    const ByteVector frame =
        FrameBuilder("192.0.2.1:5000", "198.51.100.2:53").payload(ByteVector(size)).build();
    const auto packet = decode(frame, LinkType::ethernet);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->payload.size(), size);
    EXPECT_TRUE(checksums_hold(*packet));
  }
}

TEST(Decode, RefusesJumbograms) {
  ByteVector frame = FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53").build();
  frame.insert(frame.begin() + 54, 8, std::byte{0});
  frame[18] = frame[19] = std::byte{0};  // length
  frame[20] = std::byte{0};              // hop-by-hop options
  frame[54] = std::byte{17};
  frame[56] = std::byte{0xc2};
  frame[57] = std::byte{4};
  EXPECT_EQ(decode(frame, LinkType::ethernet).error(), DecodeError::jumbogram);
}

// Evasion: hosts follow more extension headers than gateways do.
TEST(Decode, FollowsAnyNumberOfExtensionHeaders) {
  for (const std::size_t count : {1U, 9U, 40U, 500U}) {
    const ByteVector frame = with_options(question6(), count);
    const auto packet = decode(frame, LinkType::ethernet);
    ASSERT_TRUE(packet) << count;
    EXPECT_EQ(packet->destination_port, Port{53});
    EXPECT_EQ(as_text(packet->payload), "a question");
    EXPECT_TRUE(checksums_hold(*packet));
  }
}

TEST(Decode, RefusesExtensionHeadersThatNeverEnd) {
  ByteVector frame = with_options(question6(), 20);
  frame.resize(14 + 40 + 20 * 8);
  test::patch_u16(frame, 18, 20 * 8);
  frame[54 + 19 * 8] = std::byte{60};
  EXPECT_EQ(decode(frame, LinkType::ethernet).error(), DecodeError::truncated);
}

// Offsets have 16 bits. A packet that needs more is not judged, but none is malformed for it.
TEST(Decode, HeadersOfOver64KibAreTooDeep) {
  ByteVector frame = with_options(question6(), 8185);
  EXPECT_EQ(decode(frame, LinkType::ethernet).error(), DecodeError::too_deep);
  ByteVector tagged(12, std::byte{2});
  for (int i = 0; i < 8300; ++i) test::append_u32(tagged, 0x81000000);
  test::append(tagged, Bytes(question6()).subspan(12));
  EXPECT_EQ(decode(tagged, LinkType::ethernet).error(), DecodeError::too_deep);
  EXPECT_TRUE(is_unjudged(DecodeError::too_deep) && !is_unjudged(DecodeError::truncated));
}

// Evasion: Linux reads to the end of the frame.
TEST(Decode, ReadsLengthZeroBehindAHopByHopHeader) {
  ByteVector frame = with_options(question6(), 1, 0);
  test::patch_u16(frame, 18, 0);
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(as_text(packet->payload), "a question");
  EXPECT_TRUE(checksums_hold(*packet));
}

TEST(Decode, ReadsLengthZeroOfTcpBehindAHopByHopHeader) {
  const ByteVector segment = FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:443")
                                 .tcp(1, 1, "PA")
                                 .payload("hello")
                                 .build();
  ByteVector frame = with_options(segment, 1, 0);
  test::patch_u16(frame, 18, 0);
  EXPECT_TRUE(checksums_hold(*decode(frame, LinkType::ethernet)));
}

// Evasion: Linux takes the packet and answers over IPv4.
TEST(Decode, ReadsAMappedSourceAddress) {
  ByteVector frame = question6();
  const ByteVector mapped = test::byte_vector(
      std::string_view("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", IpAddress::kBytes));
  std::ranges::copy(mapped, frame.begin() + 22);
  fix_udp_checksum(frame);
  const auto packet = decode(frame, LinkType::ethernet);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(packet->is_v6);
  EXPECT_EQ(packet->source.to_string(), "192.0.2.1");
  EXPECT_EQ(as_text(packet->payload), "a question");
  EXPECT_TRUE(checksums_hold(*packet));
  frame[60] ^= std::byte{1};
  EXPECT_FALSE(checksums_hold(*decode(frame, LinkType::ethernet)));
  // No host has a mapped address.
  std::ranges::copy(mapped, frame.begin() + 38);
  EXPECT_EQ(decode(frame, LinkType::ethernet).error(), DecodeError::mapped_address);
}

// Evasion: transport mode of RFC 4302 leaves the payload in the clear.
TEST(Decode, ReadsBehindAuthenticationHeaders) {
  for (const bool v4 : {true, false}) {
    for (const std::size_t count : {1U, 3U}) {
      const ByteVector plain = v4 ? question4() : question6();
      const ByteVector frame = with_authentication(plain, count);
      const auto packet = decode(frame, LinkType::ethernet);
      ASSERT_TRUE(packet);
      EXPECT_EQ(packet->transport, Transport::udp);
      EXPECT_EQ(as_text(packet->payload), "a question");
      EXPECT_TRUE(checksums_hold(*packet));
      EXPECT_FALSE(packet->is_frame_itself()) << "its receiver would refuse another payload";
      EXPECT_TRUE(decode(plain, LinkType::ethernet)->is_frame_itself());
    }
  }
}

TEST(DecodeProperty, ReadsOrRefusesEveryCutOfAFrameWithinItsBytes) {
  for (const ByteVector& frame :
       {FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(1, 1, "S").payload("abc").build(),
        FrameBuilder("[2001:db8::1]:5000", "[2001:db8::2]:53").vlan(3).payload("abc").build()}) {
    for (std::size_t size = 0; size <= frame.size(); ++size) {
      const Bytes cut = Bytes(frame).first(size);
      const auto packet = decode(cut, LinkType::ethernet);
      if (!packet || !packet->has_transport) continue;
      EXPECT_LE(packet->payload_offset + packet->payload.size(), size);
      EXPECT_EQ(packet->payload.data(), cut.data() + packet->payload_offset);
      EXPECT_EQ(checksums_hold(*packet), size == frame.size());
    }
  }
}

}  // namespace
}  // namespace sluice::packet
