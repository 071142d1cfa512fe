#include "gateway/dataplane/factory/factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::io {
namespace {

// Before any interface is looked at: these do not exist.
TEST(Factory, RefusesASecondWorkerOfPcap) {
  const auto dataplanes = open_dataplanes({.inside = "nosuch0", .outside = "nosuch1"}, {}, 2);
  ASSERT_FALSE(dataplanes);
  EXPECT_EQ(dataplanes.error(),
            "[dataplane] type \"pcap\" supports one worker, but 2 are configured");
}

TEST(Factory, SaysWhyAnInterfaceCannotBeUsed) {
  const auto dataplanes = open_dataplanes({.inside = "nosuch0", .outside = "nosuch1"}, {}, 1);
  ASSERT_FALSE(dataplanes);
  EXPECT_EQ(dataplanes.error(),
            "nosuch0: no such interface; run: ip -br link\n"
            "nosuch1: no such interface; run: ip -br link");
}

TEST(Factory, XdpChecksItsInterfacesBeforeItLoadsAnything) {
  const auto dataplanes =
      open_dataplanes({.kind = Kind::xdp, .inside = "nosuch0", .outside = "nosuch1"}, {}, 1);
  ASSERT_FALSE(dataplanes);
  EXPECT_THAT(dataplanes.error(), testing::HasSubstr("nosuch0"));
}

}  // namespace
}  // namespace sluice::io
