// A gateway whose list is a zone of a real primary: what it transfers comes into force.

#include "gateway/app/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "lists/transfer/zone_source.h"
#include "tests/gateway/app/fed_gateway.h"
#include "tests/lists/transfer/primary_server.h"

namespace sluice::app {
namespace {

using test::PrimaryServer;
using test::Server;
using testing::HasSubstr;

class ZonesTest : public testing::TestWithParam<Server>, protected test::FedGateway {
 protected:
  ZonesTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ZonesTest() override {
    close();
    std::filesystem::remove_all(folder_);
  }
  ZonesTest(const ZonesTest&) = delete;
  ZonesTest& operator=(const ZonesTest&) = delete;

  void SetUp() override {
    if (const std::string why = PrimaryServer::missing(GetParam()); !why.empty()) {
      GTEST_SKIP() << why << ": deploy/dependencies test";
    }
    notify_port_ = PrimaryServer::free_port();
    primary_ = std::make_unique<PrimaryServer>(
        folder_ / "primary",
        test::PrimaryOptions{.server = GetParam(), .notify_port = notify_port_});
    for (int i = 0; i < 1000; ++i) {
      primary_->records.insert("n" + std::to_string(i) + ".example CNAME .");
    }
    ASSERT_TRUE(primary_->start()) << primary_->log();
  }

  [[nodiscard]] config::LiveSettings settings() const {
    config::LiveSettings live;
    const std::filesystem::path file = folder_ / "zone";
    live.zones.push_back({.list = "zone",
                          .zone = "rpz.test",
                          .primaries = {{*IpAddress::parse("127.0.0.1"), Port{primary_->port()}}},
                          .key_file = {},
                          .notify = Endpoint{*IpAddress::parse("127.0.0.1"), Port{notify_port_}},
                          .file = file});
    live.lists.push_back({.name = "zone",
                          .source = lists::zone_source(file, "rpz.test"),
                          .format = lists::Format::rpz,
                          .app = "office"});
    live.policies.push_back({"all", {}, {"office"}, policy::Action::drop, {}});
    return live;
  }
  void open() {
    const config::LiveSettings live = settings();
    FedGateway::open(
        live, [live]() -> Result<config::LiveSettings, std::string> { return live; }, 100);
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("sluice_zones_" + std::to_string(::getpid()));
  std::uint16_t notify_port_ = 0;
  std::unique_ptr<PrimaryServer> primary_;
};

TEST_P(ZonesTest, WhatThePrimaryNotifiesComesIntoForce) {
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("n999.example"));
  EXPECT_FALSE(blocks("new.example"));
  run({{[&] {
          primary_->records.erase("n999.example CNAME .");
          primary_->records.insert("new.example CNAME .");
          primary_->update();
        },
        blocked("new.example")}});
  EXPECT_FALSE(blocks("n999.example"));
  EXPECT_TRUE(blocks("n998.example"));
  const std::string metrics = gateway_->metrics_text();
  EXPECT_THAT(metrics, HasSubstr("sluice_zone_serial{list=\"zone\"} 2\n"));
  EXPECT_THAT(metrics,
              HasSubstr("sluice_zone_transfers_total{list=\"zone\",kind=\"incremental\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("sluice_zone_expired{list=\"zone\"} 0\n"));
  EXPECT_EQ(gateway_->lists().lists[0].version, "2");
}

// As a list on disk that was emptied: an operator has to say that it is meant.
TEST_P(ZonesTest, AZoneThatLostMostOfItsRecordsIsRefused) {
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] {
          primary_->records = {"only.example CNAME ."};
          primary_->update();
        },
        measured("sluice_reloads_total{result=\"refused\"} 1\n")}});
  EXPECT_TRUE(blocks("n1.example"));
  EXPECT_FALSE(blocks("only.example"));
}

TEST_P(ZonesTest, AnAmendmentThatWouldBlockMuchOfWhatWasSeenIsRefused) {
  ASSERT_NO_FATAL_FAILURE(open());
  run({{[&] { ask_for_popular_names(); }, all_seen()},
       {[&] {
          primary_->records.insert("*.popular.example CNAME .");
          primary_->update();
        },
        measured("sluice_reload_refused{list=\"\",reason=\"canary\"} 1\n")},
       {[&] { gateway_->reload(true); }, blocked("www.popular.example")}});
  EXPECT_THAT(gateway_->metrics_text(),
              HasSubstr("sluice_zone_transfers_total{list=\"zone\",kind=\"incremental\"} 1\n"));
}

TEST_P(ZonesTest, StartsWithTheZoneOnDiskWhileThePrimaryIsDown) {
  ASSERT_NO_FATAL_FAILURE(open());
  close();
  primary_->stop();
  ASSERT_NO_FATAL_FAILURE(open());
  EXPECT_TRUE(blocks("n1.example"));
  run({{[] {}, measured("sluice_zone_refusals_total{list=\"zone\",reason=\"unreachable\"}")}});
  EXPECT_TRUE(blocks("n1.example"));
}

INSTANTIATE_TEST_SUITE_P(Primaries, ZonesTest, testing::Values(Server::knot, Server::bind),
                         [](const auto& it) { return it.param == Server::knot ? "Knot" : "Bind"; });

// Without a primary: which build is done, and what a refusal means.
class BanBuilderTest : public testing::Test {
 protected:
  static config::LiveSettings settings(const std::string& text, std::string version) {
    config::LiveSettings live;
    live.zones.push_back({.list = "zone",
                          .zone = "rpz.test",
                          .primaries = {},
                          .key_file = {},
                          .notify = {},
                          .file = {}});
    live.lists.push_back(
        {.name = "zone",
         .source = lists::Source("zone",
                                 [text, version]() -> Result<lists::ListText, std::string> {
                                   return lists::ListText{std::pmr::string(text), version, {}};
                                 }),
         .format = lists::Format::rpz,
         .app = "office"});
    live.policies.push_back({"all", {}, {"office"}, policy::Action::drop, {}});
    return live;
  }
  static lists::ListChanges changes(std::string from, std::string to, std::string added) {
    return {"zone", std::move(from), std::move(to), {}, kOrigin, kOrigin + std::move(added)};
  }
  static bool blocks(const Ban& ban, std::string_view name) {
    return ban.snapshot->domains.find(*name::Name::from_text(name)).rule.valid();
  }
  inline static const std::string kOrigin = "$ORIGIN rpz.test.\n";
  config::LiveSettings live_ = settings(kOrigin + "a.example CNAME .\n", "1");
  BanBuilder builder_{live_, []() -> Result<config::LiveSettings, std::string> {
                        return fail(std::string("not asked for"));
                      }};
};

TEST_F(BanBuilderTest, AmendsThenAmendsAgain) {
  const auto first = builder_.build_first();
  ASSERT_TRUE(first);
  builder_.want(changes("1", "2", "b.example CNAME .\n"));
  builder_.want(changes("2", "3", "c.example CNAME .\n"));
  const auto both = builder_.build();
  ASSERT_TRUE(both) << both.error();
  EXPECT_FALSE(builder_.built(true));
  EXPECT_TRUE(blocks(*both, "b.example") && blocks(*both, "c.example"));
  EXPECT_EQ(both->snapshot->domains.image().data(), first->snapshot->domains.image().data());
  EXPECT_EQ(both->amended, "zone: 1 to 2; zone: 2 to 3");
  EXPECT_EQ(both->status.lists[0].version, "3");
}

// A shadow, or a validity, of another list or of the zone itself.
TEST_F(BanBuilderTest, AmendsWhileListsAreOnTrial) {
  live_.lists.push_back(live_.lists[0]);
  live_.lists[1].name = "trial";
  live_.lists[1].apart = true;
  live_.policies[0].shadow_lists = {"trial"};
  BanBuilder builder(live_, []() -> Result<config::LiveSettings, std::string> {
    return fail(std::string("not asked for"));
  });
  ASSERT_TRUE(builder.build_first());
  lists::ListChanges gone = changes("1", "2", "");
  gone.removed += "a.example CNAME .\n";
  builder.want(gone);
  const auto amended = builder.build();
  ASSERT_TRUE(amended) << amended.error();
  EXPECT_EQ(amended->amended, "zone: 1 to 2");
  const engine::Snapshot& snapshot = *amended->snapshot;
  const auto decided = snapshot.policies.decide(snapshot.domains, policy::PolicyId{0},
                                                *name::Name::from_text("a.example"));
  EXPECT_FALSE(decided.rule.valid());
  EXPECT_TRUE(blocks(*amended, "a.example")) << "the list on trial has it still";
}

TEST_F(BanBuilderTest, WhatIsInForceAlreadyIsNothingNew) {
  ASSERT_TRUE(builder_.build_first());
  builder_.want(changes("0", "1", "b.example CNAME .\n"));
  const auto nothing = builder_.build();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error(), kNothingNew);
}

TEST_F(BanBuilderTest, ChangesThatDoNotFollowMakeItReadEverything) {
  ASSERT_TRUE(builder_.build_first());
  builder_.want(changes("7", "8", "b.example CNAME .\n"));
  const auto all = builder_.build();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->amended, "");
  EXPECT_FALSE(blocks(*all, "b.example")) << "its source is at version 1";
}

TEST_F(BanBuilderTest, ABanThatWasRefusedDoesNotCount) {
  ASSERT_TRUE(builder_.build_first());
  builder_.want(changes("1", "2", "b.example CNAME .\n"));
  ASSERT_TRUE(builder_.build());
  EXPECT_FALSE(builder_.built(false));
  builder_.want(changes("2", "3", "c.example CNAME .\n"));
  const auto all = builder_.build();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->amended, "") << "it reads everything";
}

TEST_F(BanBuilderTest, FoldsALargeOverlay) {
  ASSERT_TRUE(builder_.build_first());
  std::string many;
  for (std::size_t i = 0; i <= lists::Amendments::kMost; ++i) {
    many += "n" + std::to_string(i) + ".example CNAME .\n";
  }
  builder_.want(changes("1", "2", many));
  ASSERT_TRUE(builder_.build());
  EXPECT_TRUE(builder_.built(true)) << "another build is wanted";
  const auto folded = builder_.build();
  ASSERT_TRUE(folded);
  EXPECT_FALSE(folded->snapshot->domains.has_overlay());
  EXPECT_TRUE(blocks(*folded, "n77.example") && blocks(*folded, "a.example"));
  EXPECT_FALSE(builder_.built(true));
  builder_.want(changes("2", "3", "c.example CNAME .\n"));
  const auto amended = builder_.build();
  ASSERT_TRUE(amended);
  EXPECT_TRUE(amended->snapshot->domains.has_overlay());
}

}  // namespace
}  // namespace sluice::app
