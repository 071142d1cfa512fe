// Lists of sources: what is compared with the bundles that they come in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/config.h"

namespace sluice::config {
namespace {

LiveSettings live_of(std::string_view text) {
  const auto config = parse(text, "/etc/sluice/sluice.toml");
  if (config) return config->live;
  for (const ConfigError& error : config.error()) ADD_FAILURE() << error.to_string();
  return {};
}

TEST(SourceLists, AnImageMayComeInTheBundlesOfASource) {
  const LiveSettings live = live_of(R"(
    [lists]
    state = "state"
    [[source]]
    name = "department"
    url = "https://lists.example/ban.bundle"
    trusted_keys = ["department.pub"]
    [[list]]
    image = "names.image"
    source = "department"
  )");
  ASSERT_EQ(live.source_lists.size(), 1U);
  const SourceList& it = live.source_lists[0];
  EXPECT_EQ(it.list, "names");
  EXPECT_EQ(it.source, "department");
  EXPECT_EQ(it.folder, "/etc/sluice/state/department");
  EXPECT_EQ(it.fallback, "/etc/sluice/names.image");
  EXPECT_EQ(it.purpose, (lists::Purpose{lists::MemberKind::image, {}}));
  ASSERT_TRUE(live.image);
  EXPECT_THAT(live.image({}).error().to_string(), testing::HasSubstr("no version has the image"));
}

TEST(SourceLists, WhatAListOfASourceIsForIsComparedWithItsBundles) {
  const LiveSettings live = live_of(R"(
    [lists]
    state = "state"
    [[source]]
    name = "s"
    folder = "f"
    [[list]]
    source = "s"
    name = "chat"
    app = "messengers"
    [[list]]
    source = "s"
    name = "ours"
    exceptions = true
  )");
  ASSERT_EQ(live.source_lists.size(), 2U);
  EXPECT_EQ(live.source_lists[0].purpose, (lists::Purpose{lists::MemberKind::list, "messengers"}));
  EXPECT_EQ(live.source_lists[1].purpose, (lists::Purpose{lists::MemberKind::exceptions, "*"}));
}

}  // namespace
}  // namespace sluice::config
