// Zone transfers from real primaries, Knot DNS and BIND 9.

#include "lists/transfer/zone_feed.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "lists/transfer/zone_source.h"
#include "tests/lists/transfer/primary_server.h"

namespace sluice::lists {
namespace {

using test::PrimaryServer;
using test::Server;

constexpr const char* kKey = "hmac-sha256:sluice-key.:c2x1aWNlIHRlc3RzIGhhdmUgbm8gc2VjcmV0cw==";
constexpr const char* kLongKey =
    "hmac-sha512:other-key.:YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBub25lLCBmb3IgdGVzdHM=";

class ZoneFeedTest : public testing::TestWithParam<Server> {
 protected:
  ZoneFeedTest() { std::filesystem::remove_all(folder_); }
  ~ZoneFeedTest() override { std::filesystem::remove_all(folder_); }
  ZoneFeedTest(const ZoneFeedTest&) = delete;
  ZoneFeedTest& operator=(const ZoneFeedTest&) = delete;

  void SetUp() override {
    if (const std::string why = PrimaryServer::missing(GetParam()); !why.empty()) {
      GTEST_SKIP() << why << ": deploy/dependencies test";
    }
  }

  std::unique_ptr<PrimaryServer> primary(const std::string& key = {}, std::uint16_t notify = 0) {
    std::filesystem::create_directories(folder_);
    return std::make_unique<PrimaryServer>(
        folder_ / "primary",
        test::PrimaryOptions{.server = GetParam(), .key = key, .notify_port = notify});
  }
  ZoneSettings settings(const PrimaryServer& server, const std::string& key = {}) {
    ZoneSettings settings{.zone = "rpz.test",
                          .primaries = {{*IpAddress::parse("127.0.0.1"), Port{server.port()}}},
                          .key = {},
                          .notify = {},
                          .file = folder_ / "zone",
                          .limits = {}};
    if (!key.empty()) settings.key = *TsigKey::parse(key);
    return settings;
  }
  // The servers load their zones in the background.
  Result<std::optional<Fetched>, Refusal> fetch_newer(ZoneFeed& feed) {
    Result<std::optional<Fetched>, Refusal> outcome = std::nullopt;
    for (int i = 0; i < 100; ++i) {
      outcome = feed.fetch({}, bell_);
      if (outcome && *outcome) return outcome;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return outcome;
  }
  static std::string text_of(const ZoneSettings& settings) {
    const auto text = zone_source(settings.file, settings.zone).read();
    return text ? std::string(text->bytes) : "error: " + text.error();
  }
  static bool has(const ZoneSettings& settings, const std::string& owner) {
    return text_of(settings).find('\n' + owner + ".rpz.test.") != std::string::npos;
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("sluice_zone_" + std::to_string(::getpid()));
  Bell bell_;
};

TEST_P(ZoneFeedTest, TheWholeZoneThenChanges) {
  const auto server = primary();
  for (int i = 0; i < 5000; ++i) server->records.insert("n" + std::to_string(i) + ".com CNAME .");
  ASSERT_TRUE(server->start()) << server->log();
  const ZoneSettings zone = settings(*server);
  const auto feed = ZoneFeed::open(zone);
  ASSERT_TRUE(feed) << feed.error();
  const auto whole = fetch_newer(**feed);
  ASSERT_TRUE(whole) << whole.error().text;
  ASSERT_TRUE(*whole) << server->log();
  EXPECT_EQ((*whole)->label, "1");
  EXPECT_FALSE((*whole)->changes);
  EXPECT_EQ((*feed)->status().records, 5002U) << "and NS, and A of ns";
  EXPECT_TRUE(has(zone, "n4999.com"));

  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      server->records.erase("n" + std::to_string(round * 50 + i) + ".com CNAME .");
      server->records.insert("m" + std::to_string(round * 50 + i) + ".com CNAME .");
    }
    server->update();
    const auto changed = fetch_newer(**feed);
    ASSERT_TRUE(changed) << changed.error().text;
    ASSERT_TRUE(*changed) << server->log();
    ASSERT_TRUE((*changed)->changes) << server->log();
    EXPECT_EQ((*changed)->changes->from, std::to_string(round + 1));
    EXPECT_EQ((*changed)->label, std::to_string(round + 2));
    EXPECT_EQ(std::ranges::count((*changed)->changes->removed, '\n'), 51) << "and $ORIGIN";
    EXPECT_EQ(std::ranges::count((*changed)->changes->added, '\n'), 51);
  }
  EXPECT_EQ((*feed)->status().incremental, 3U);
  EXPECT_EQ((*feed)->status().whole, 1U);
  EXPECT_FALSE(has(zone, "n149.com"));
  EXPECT_TRUE(has(zone, "n150.com"));
  EXPECT_TRUE(has(zone, "m149.com"));
  const auto again = ZoneFeed::open(zone);
  EXPECT_EQ((*again)->status().serial, 4U) << "from its file and its journal";
  EXPECT_EQ((*again)->status().records, 5002U);
  EXPECT_EQ((*again)->damage(), "");
}

TEST_P(ZoneFeedTest, SignedTransfersOfManyMessages) {
  for (const char* key : {kKey, kLongKey}) {
    std::filesystem::remove_all(folder_);
    const auto server = primary(key);
    for (int i = 0; i < 120'000; ++i) {
      server->records.insert("name-" + std::to_string(i) + ".some-domain.example CNAME .");
    }
    ASSERT_TRUE(server->start()) << server->log();
    const ZoneSettings zone = settings(*server, key);
    const auto feed = ZoneFeed::open(zone);
    const auto whole = fetch_newer(**feed);
    ASSERT_TRUE(whole) << whole.error().text;
    ASSERT_TRUE(*whole);
    EXPECT_EQ((*feed)->status().records, 120'002U);
    server->records.insert("one-more.example CNAME .");
    server->update();
    const auto changed = fetch_newer(**feed);
    ASSERT_TRUE(changed) << changed.error().text;
    ASSERT_TRUE(*changed && (*changed)->changes);
  }
}

TEST_P(ZoneFeedTest, AWrongKeyIsRefusedAndTheZoneStays) {
  const auto server = primary(kKey);
  server->records.insert("bad.com CNAME .");
  ASSERT_TRUE(server->start()) << server->log();
  ZoneSettings zone = settings(*server, kKey);
  {
    const auto feed = ZoneFeed::open(zone);
    ASSERT_TRUE(*fetch_newer(**feed));
  }
  server->records.insert("worse.com CNAME .");
  server->update();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const char* const wrong_secret =
      "hmac-sha256:sluice-key.:d3Jvbmcgc2VjcmV0IG9mIHRoZSByaWdodCBrZXk=";
  for (const char* key : {wrong_secret, kLongKey}) {
    zone.key = *TsigKey::parse(key);
    const auto feed = ZoneFeed::open(zone);
    const auto refused = (*feed)->fetch({}, bell_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_string(refused.error().reason), "untrusted") << refused.error().text;
    EXPECT_EQ((*feed)->status().serial, 1U);
    EXPECT_FALSE(has(zone, "worse.com"));
  }
  zone.key.reset();
  const auto feed = ZoneFeed::open(zone);
  EXPECT_FALSE((*feed)->fetch({}, bell_)) << "unsigned, though the primary wants a signature";
}

TEST_P(ZoneFeedTest, AServerThatDoesNotSignIsRefused) {
  const auto server = primary();
  ASSERT_TRUE(server->start()) << server->log();
  const auto feed = ZoneFeed::open(settings(*server, kKey));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto refused = (*feed)->fetch({}, bell_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error().reason), "untrusted") << refused.error().text;
  EXPECT_FALSE((*feed)->has_zone());
}

TEST_P(ZoneFeedTest, ASerialThatWentBackIsRefused) {
  const auto server = primary();
  server->serial = 10;
  server->records.insert("bad.com CNAME .");
  ASSERT_TRUE(server->start()) << server->log();
  const ZoneSettings zone = settings(*server);
  const auto feed = ZoneFeed::open(zone);
  ASSERT_TRUE(*fetch_newer(**feed));
  server->stop();
  std::filesystem::remove_all(folder_ / "primary");
  const auto older = primary();
  older->serial = 9;
  ASSERT_TRUE(older->start()) << older->log();
  ZoneSettings moved = settings(*older);
  const auto again = ZoneFeed::open(moved);
  Refusal why;
  for (int i = 0; i < 50; ++i) {
    const auto refused = (*again)->fetch({}, bell_);
    ASSERT_FALSE(refused);
    why = refused.error();
    if (why.reason == RefusalReason::older) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(to_string(why.reason), "older") << why.text;
  EXPECT_TRUE(has(moved, "bad.com"));
}

TEST_P(ZoneFeedTest, APrimaryThatIsDownAndBack) {
  const auto server = primary();
  server->records.insert("bad.com CNAME .");
  ASSERT_TRUE(server->start()) << server->log();
  const ZoneSettings zone = settings(*server);
  const auto feed = ZoneFeed::open(zone);
  ASSERT_TRUE(*fetch_newer(**feed));
  server->stop();
  const auto refused = (*feed)->fetch({}, bell_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error().reason), "unreachable");
  const auto offline = ZoneFeed::open(zone);
  EXPECT_TRUE((*offline)->has_zone()) << "a start without the primary";
  EXPECT_TRUE(has(zone, "bad.com"));
  server->records.insert("worse.com CNAME .");
  server->update();
  ASSERT_TRUE(server->start()) << server->log();
  ASSERT_TRUE(*fetch_newer(**feed));
  EXPECT_TRUE(has(zone, "worse.com"));
}

TEST_P(ZoneFeedTest, ASecondPrimaryIsAskedWhenTheFirstIsDown) {
  const auto server = primary();
  server->records.insert("bad.com CNAME .");
  ASSERT_TRUE(server->start()) << server->log();
  ZoneSettings zone = settings(*server);
  zone.primaries.insert(zone.primaries.begin(),
                        {*IpAddress::parse("127.0.0.1"), Port{PrimaryServer::free_port()}});
  const auto feed = ZoneFeed::open(zone);
  ASSERT_TRUE(*fetch_newer(**feed));
  EXPECT_TRUE(has(zone, "bad.com"));
}

// wait() ends by the NOTIFY, long before the SOA's refresh.
TEST_P(ZoneFeedTest, NotifyEndsTheWait) {
  for (const std::string key : {"", kKey}) {
    std::filesystem::remove_all(folder_);
    const std::uint16_t port = PrimaryServer::free_port();
    const auto server = primary(key, port);
    server->records.insert("bad.com CNAME .");
    ASSERT_TRUE(server->start()) << server->log();
    ZoneSettings zone = settings(*server, key);
    zone.notify = Endpoint{*IpAddress::parse("127.0.0.1"), Port{port}};
    const auto feed = ZoneFeed::open(zone);
    ASSERT_TRUE(feed) << feed.error();
    ASSERT_TRUE(*fetch_newer(**feed));
    Bell bell;
    auto waiting = std::async(std::launch::async, [&] {
      for (int i = 0; i < 20 && (*feed)->status().serial < 2; ++i) {
        (*feed)->wait(bell);
        static_cast<void>((*feed)->fetch({}, bell));
      }
    });
    server->records.insert("worse.com CNAME .");
    server->update();
    const bool ended = waiting.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    bell.stop();
    waiting.wait();
    ASSERT_TRUE(ended) << server->log();
    EXPECT_GE((*feed)->status().notifies, 1U);
    EXPECT_TRUE(has(zone, "worse.com"));
  }
}

INSTANTIATE_TEST_SUITE_P(Primaries, ZoneFeedTest, testing::Values(Server::knot, Server::bind),
                         [](const auto& it) { return it.param == Server::knot ? "Knot" : "Bind"; });

}  // namespace
}  // namespace sluice::lists
