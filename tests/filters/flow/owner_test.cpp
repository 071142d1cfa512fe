#include "filters/flow/owner.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"

namespace sluice::flow {
namespace {

using test::ByteVector;
using test::FrameBuilder;

constexpr std::size_t kWorkers = 16;
constexpr HashKey kSecret{5, 6};
constexpr std::uint8_t kIpv4InIp = 4, kGre = 47;

std::size_t owner(Bytes frame, LinkType link = LinkType::ethernet) {
  return owner_of_frame(frame, link, kWorkers, kSecret);
}

ByteVector frame_of_client(int number, std::string_view text = "hello") {
  return FrameBuilder("192.0.2." + std::to_string(number) + ":5000", "198.51.100.2:443")
      .payload(text)
      .build();
}

// The addresses of 200 clients do not all share a worker by chance.
TEST(Owner, BothDirectionsBelongToOneWorker) {
  for (int i = 0; i < 200; ++i) {
    const std::string client = "192.0.2." + std::to_string(i);
    const ByteVector there = FrameBuilder(client + ":5000", "198.51.100.2:443").build();
    const ByteVector back = FrameBuilder("198.51.100.2:443", client + ":5000").build();
    EXPECT_EQ(owner(there), owner(back)) << client;
    const std::string v6 = "[2001:db8::" + std::to_string(i) + "]:5000";
    EXPECT_EQ(owner(FrameBuilder(v6, "[2001:db8:1::2]:443").build()),
              owner(FrameBuilder("[2001:db8:1::2]:443", v6).build()))
        << v6;
  }
}

TEST(Owner, FragmentsBelongToTheWorkerOfTheirPacket) {
  for (int i = 0; i < 50; ++i) {
    const ByteVector whole = frame_of_client(i, "a payload that is cut into several pieces");
    for (const ByteVector& piece : test::fragments_of(whole, 16)) {
      EXPECT_EQ(owner(piece), owner(whole)) << i;
    }
  }
}

TEST(Owner, PacketsInATunnelBelongToTheWorkerOfItsEndpoints) {
  ByteVector gre;
  test::append_u32(gre, 0x00000800);  // no options, IPv4
  std::set<std::size_t> owners;
  for (int i = 0; i < 50; ++i) {
    const ByteVector inner = test::without_ethernet(frame_of_client(i));
    owners.insert(owner(test::ip_frame("203.0.113.1", "203.0.113.2", kIpv4InIp, inner)));
    owners.insert(
        owner(test::ip_frame("203.0.113.2", "203.0.113.1", kGre, test::joined({gre, inner}))));
  }
  EXPECT_EQ(owners.size(), 1U);
}

TEST(Owner, FragmentsOfATunnelPacketBelongToOneWorker) {
  const ByteVector inner = test::without_ethernet(frame_of_client(1, "in a tunnel, in pieces"));
  const ByteVector outer = test::ip_frame("203.0.113.1", "203.0.113.2", kIpv4InIp, inner);
  for (const ByteVector& piece : test::fragments_of(outer, 16)) {
    EXPECT_EQ(owner(piece), owner(outer));
  }
}

// Otherwise all sessions of an access line would be on worker 0.
TEST(Owner, TagsAndLabelsBelowIpAreSteppedOver) {
  constexpr std::size_t kEthernetAddresses = 12;
  for (int i = 0; i < 50; ++i) {
    const ByteVector plain = frame_of_client(i);
    const ByteVector packet = test::without_ethernet(plain);
    EXPECT_EQ(owner(packet, LinkType::raw), owner(plain));
    const ByteVector tagged =
        FrameBuilder("192.0.2." + std::to_string(i) + ":5000", "198.51.100.2:443").vlan(7).build();
    EXPECT_EQ(owner(tagged), owner(plain));
    ByteVector pppoe(plain.begin(), plain.begin() + kEthernetAddresses);
    test::append_u16(pppoe, 0x8864);
    test::append_u16(pppoe, 0x1100);
    test::append_u16(pppoe, 9);  // session
    test::append_u16(pppoe, static_cast<unsigned>(packet.size() + 2));
    test::append_u16(pppoe, 0x0021);
    test::append(pppoe, packet);
    EXPECT_EQ(owner(pppoe), owner(plain));
    ByteVector mpls(plain.begin(), plain.begin() + kEthernetAddresses);
    test::append_u16(mpls, 0x8847);
    test::append_u32(mpls, 0x00010140);
    test::append(mpls, packet);
    EXPECT_EQ(owner(mpls), owner(plain));
  }
}

TEST(Owner, AFrameWithoutIpBelongsToWorkerZero) {
  ByteVector arp = frame_of_client(1);
  arp[12] = std::byte{0x08};
  arp[13] = std::byte{0x06};
  EXPECT_EQ(owner(arp), 0U);
  EXPECT_EQ(owner(Bytes{}), 0U);
}

TEST(Owner, EveryCutOfAFrameHasAnOwner) {
  const ByteVector frame = frame_of_client(3);
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    EXPECT_LT(owner(Bytes(frame).first(size)), kWorkers) << size;
  }
}

// 1000 pairs over 16 workers: 62.5 each, and the standard deviation is below 8.
TEST(Owner, AddressPairsSpreadEvenly) {
  std::array<int, kWorkers> load{};
  for (int i = 0; i < 1000; ++i) {
    const std::string client =
        "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":5000";
    const std::string server = "198.51.100." + std::to_string(i % 7) + ":443";
    ++load.at(owner(FrameBuilder(client, server).build()));
  }
  for (const int count : load) {
    EXPECT_GT(count, 62 - 4 * 8);
    EXPECT_LT(count, 63 + 4 * 8);
  }
}

TEST(Owner, TheSecretDecidesWhoOwnsAPair) {
  std::set<std::size_t> owners;
  const ByteVector frame = frame_of_client(1);
  for (std::uint64_t i = 0; i < 100; ++i) {
    owners.insert(owner_of_frame(frame, LinkType::ethernet, kWorkers, {i, 0}));
  }
  EXPECT_EQ(owners.size(), kWorkers);
}

}  // namespace
}  // namespace sluice::flow
