#include "gateway/dataplane/interfaces/link.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <cstring>

#include "gateway/dataplane/interfaces/netlink.h"

namespace sluice::io {
namespace {

template <typename Header>
Bytes bytes_of(const Header& header) {
  return std::as_bytes(std::span(&header, 1));
}

// As the kernel writes: without the header of netlink.
Bytes answer_in(NetlinkRequest& message) {
  return message.message().subspan(sizeof(nlmsghdr));
}

NetlinkRequest link_message() {
  ifinfomsg header{};
  header.ifi_type = ARPHRD_ETHER;
  header.ifi_index = 7;
  header.ifi_flags = IFF_UP;
  NetlinkRequest message(RTM_NEWLINK, bytes_of(header));
  message.add_text(IFLA_IFNAME, "inside");
  message.add_u32(IFLA_MTU, 1500);
  message.add_u32(IFLA_MASTER, 3);
  message.add_u32(IFLA_PROMISCUITY, 1);
  message.add_u32(IFLA_LINK, 8);
  message.add_u32(IFLA_CARRIER, 1);
  return message;
}

TEST(Link, IsReadFromAnAnswer) {
  NetlinkRequest message = link_message();
  const auto link = parse_link(answer_in(message));
  ASSERT_TRUE(link);
  EXPECT_EQ(link->index, 7U);
  EXPECT_TRUE(link->is_up && link->is_ethernet && link->is_promiscuous && link->has_carrier);
  EXPECT_EQ(link->mtu, 1500U);
  EXPECT_EQ(link->master, 3U);
  EXPECT_EQ(link->other, 8U);
  EXPECT_FALSE(link->other_is_elsewhere);
  EXPECT_TRUE(link->programs.empty());
}

TEST(Link, HasProgramsByMode) {
  NetlinkRequest programs(0, {});
  programs.add_u32(IFLA_XDP_ATTACHED, XDP_ATTACHED_MULTI);
  programs.add_u32(IFLA_XDP_DRV_PROG_ID, 41);
  programs.add_u32(IFLA_XDP_SKB_PROG_ID, 42);
  NetlinkRequest message = link_message();
  message.add_text(IFLA_XDP, as_text(answer_in(programs)));
  message.add_u32(IFLA_LINK_NETNSID, 0);
  const auto link = parse_link(answer_in(message));
  ASSERT_TRUE(link);
  ASSERT_EQ(link->programs.size(), 2U);
  EXPECT_EQ(link->programs[0].id, 41U);
  EXPECT_STREQ(link->programs[0].mode, "native");
  EXPECT_EQ(link->programs[1].id, 42U);
  EXPECT_STREQ(link->programs[1].mode, "generic");
  EXPECT_TRUE(link->other_is_elsewhere);
}

TEST(Link, OfACutAnswerIsWhatItHolds) {
  NetlinkRequest message = link_message();
  const Bytes answer = answer_in(message);
  for (std::size_t size = 0; size <= answer.size(); ++size) {
    const auto link = parse_link(answer.first(size));
    EXPECT_EQ(link.has_value(), size >= sizeof(ifinfomsg));
    if (link) {
      EXPECT_TRUE(link->mtu == 0 || link->mtu == 1500);
    }
  }
}

TEST(Attributes, EndAtOneThatIsMalformed) {
  const nlattr too_short{3, 1};
  const nlattr too_long{64, 1};
  EXPECT_FALSE(AttributeReader(bytes_of(too_short)).next());
  EXPECT_FALSE(AttributeReader(bytes_of(too_long)).next());
  EXPECT_FALSE(AttributeReader({}).next());
}

TEST(Attributes, LoseTheFlagsOfTheirTypes) {
  const nlattr nested{sizeof(nlattr), NLA_F_NESTED | 5};
  const auto attribute = AttributeReader(bytes_of(nested)).next();
  ASSERT_TRUE(attribute);
  EXPECT_EQ(attribute->type, 5);
  EXPECT_TRUE(attribute->value.empty());
}

TEST(XdpFeatures, AreReadFromAnAnswer) {
  constexpr std::uint16_t kFeatures = 3;
  constexpr std::uint64_t kBits = 1 | 2 | 32;  // basic, redirect, several buffers
  NetlinkRequest message(0, bytes_of(genlmsghdr{}));
  message.add_u32(1, 7);  // the interface
  EXPECT_FALSE(parse_xdp_features(answer_in(message)));
  message.add_text(kFeatures, as_text(bytes_of(kBits)));
  const auto features = parse_xdp_features(answer_in(message));
  ASSERT_TRUE(features);
  EXPECT_TRUE(features->native && features->redirect && features->multi_buffer);
  EXPECT_FALSE(features->target || features->zero_copy);
}

// The kernel of whoever runs this.
TEST(Link, OfTheLoopbackInterfaceIsKnown) {
  const auto link = ask_link("lo");
  ASSERT_TRUE(link);
  EXPECT_GT(link->index, 0U);
  EXPECT_FALSE(link->is_ethernet);
  EXPECT_GE(link->mtu, 576U);
  EXPECT_FALSE(ask_link("nosuch0"));
  EXPECT_FALSE(ask_link("a name that is longer than any interface has"));
  EXPECT_FALSE(ask_link(""));
}

}  // namespace
}  // namespace sluice::io
