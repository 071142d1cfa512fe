// Lists of sources: what is compared with the bundles that they come in; and lists that are zones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "tests/gateway/config/errors.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
  EXPECT_THAT(live.image({}).error().to_string(), HasSubstr("no version has the image"));
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

TEST(ZoneLists, AreListsThatANameServerFeeds) {
  const LiveSettings live = live_of(
      "[[list]]\napp = \"feed\"\nzone = \"RPZ.example.\"\nprimaries = [\"192.0.2.53\", "
      "\"[2001:db8::53]:5353\"]\ntsig_key_file = \"rpz.key\"\nnotify_listen = \"192.0.2.1:5300\"\n"
      "zone_file = \"zones/rpz\"\nmax_mib = 10\ntimeout_seconds = 20\n");
  ASSERT_EQ(live.zones.size(), 1U);
  const ZoneSpec& zone = live.zones[0];
  EXPECT_EQ(zone.list, "RPZ.example");
  EXPECT_EQ(zone.primaries,
            (std::vector<Endpoint>{{*IpAddress::parse("192.0.2.53"), Port{53}},
                                   {*IpAddress::parse("2001:db8::53"), Port{5353}}}));
  EXPECT_EQ(zone.key_file, "/etc/sluice/rpz.key");
  EXPECT_EQ(zone.notify, (Endpoint{*IpAddress::parse("192.0.2.1"), Port{5300}}));
  EXPECT_EQ(zone.file, "/etc/sluice/zones/rpz");
  EXPECT_EQ(zone.max_mib, 10U);
  EXPECT_EQ(zone.timeout, std::chrono::seconds(20));
  ASSERT_EQ(live.lists.size(), 1U);
  EXPECT_EQ(live.lists[0].format, lists::Format::rpz);
  EXPECT_EQ(live.lists[0].app, "feed");
}

TEST(ZoneLists, AreChecked) {
  const std::string head = "[[list]]\napp = \"a\"\nzone_file = \"z\"\n";
  EXPECT_THAT(errors_of(head + "zone = \"a..b\"\nprimaries = [\"192.0.2.53\"]\n"),
              ElementsAre(HasSubstr("list[0].zone: \"a..b\" is not a zone")));
  EXPECT_THAT(errors_of(head + "zone = \"rpz\"\n"), ElementsAre(HasSubstr("list[0].primaries: ")));
  EXPECT_THAT(errors_of(head + "zone = \"rpz\"\nprimaries = [\"ns.example\", \"192.0.2.1:0\"]\n"),
              ElementsAre(HasSubstr("\"ns.example\" is no address"),
                          HasSubstr("\"192.0.2.1:0\" is no address")));
  EXPECT_THAT(errors_of("[[list]]\napp = \"a\"\nzone = \"rpz\"\nprimaries = [\"192.0.2.53\"]\n"),
              ElementsAre(HasSubstr("list[0].zone_file: is missing")));
  EXPECT_THAT(errors_of(head + "zone = \"rpz\"\nprimaries = [\"192.0.2.53\"]\nfile = \"a\"\n"),
              ElementsAre(HasSubstr("list[0].file: cannot be combined with zone")));
}

}  // namespace
}  // namespace sluice::config
