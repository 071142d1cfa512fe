#include "gateway/control/peer_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "gateway/os/descriptor.h"

namespace sluice::control {
namespace {

TEST(PeerCredentials, AreWhatTheKernelSays) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const os::Descriptor one(ends[0]), other(ends[1]);
  const auto peer = credentials_of(one.value());
  ASSERT_TRUE(peer) << peer.error();
  EXPECT_EQ(peer->process, ::getpid());
  EXPECT_EQ(peer->user, ::geteuid());
  EXPECT_THAT(peer->groups, testing::Contains(::getegid()));
}

TEST(PeerCredentials, OfWhatIsNoSocketThereAreNone) {
  EXPECT_FALSE(credentials_of(-1));
}

TEST(PeerRights, RootAndTheOwnerAreAdmins) {
  const Access access{.owner = 990};
  EXPECT_EQ(rights_of({.user = 0}, access), Rights::admin);
  EXPECT_EQ(rights_of({.user = 990}, access), Rights::admin);
  EXPECT_EQ(rights_of({.user = 991, .groups = {0, 990}}, access), Rights::none);
}

TEST(PeerRights, OthersNeedAGroup) {
  const Access access{.owner = 990, .read_group = 50, .admin_group = 60};
  EXPECT_EQ(rights_of({.user = 1000, .groups = {1000}}, access), Rights::none);
  EXPECT_EQ(rights_of({.user = 1000, .groups = {1000, 50}}, access), Rights::read);
  EXPECT_EQ(rights_of({.user = 1000, .groups = {1000, 60}}, access), Rights::admin);
  EXPECT_EQ(rights_of({.user = 1000, .groups = {50, 60}}, access), Rights::admin);
  const Access readers{.owner = 990, .read_group = 50};
  EXPECT_EQ(rights_of({.user = 1000, .groups = {60}}, readers), Rights::none);
}

TEST(PeerRights, AGroupIsAName_OrANumber) {
  EXPECT_EQ(group_of("root").value_or(1), 0U);
  EXPECT_EQ(group_of("4711").value_or(1), 4711U);
  for (const char* none : {"no-such-group", "47x", "-1", "99999999999"}) {
    const auto group = group_of(none);
    ASSERT_FALSE(group) << none;
    EXPECT_THAT(group.error(), testing::HasSubstr(none));
  }
}

}  // namespace
}  // namespace sluice::control
