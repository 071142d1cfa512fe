// Against a real HTTPS server: what it takes, and what it refuses and why.

#include "lists/https/https_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>

#include "tests/lists/https/https_server.h"

namespace sluice::lists {
namespace {

using test::HttpsServer;

class HttpsFeedTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() =
        std::filesystem::path(testing::TempDir()) / ("sluice_https_" + std::to_string(::getpid()));
    server() = std::make_unique<HttpsServer>(folder());
  }
  static void TearDownTestSuite() {
    server().reset();
    std::filesystem::remove_all(folder());
  }
  static std::unique_ptr<HttpsServer>& server() {
    static std::unique_ptr<HttpsServer> server;
    return server;
  }
  static std::filesystem::path& folder() {
    static std::filesystem::path folder;
    return folder;
  }
  HttpsFeedTest() {
    server()->mode("");
    server()->serve("bad.example\nworse.example\n");
    settings_ = {.url = server()->url(), .ca_file = server()->ca()};
  }

  Result<std::optional<Fetched>, Refusal> fetch(const Known& known = {}) {
    return HttpsFeed(settings_).fetch(known, bell_);
  }
  // Why it is refused; `storage`, which no feed says: it was taken.
  RefusalReason refused() {
    const auto outcome = fetch();
    return outcome ? RefusalReason::storage : outcome.error().reason;
  }

  HttpsSettings settings_;
  Bell bell_;
};

// The server's is made for two days.
TEST_F(HttpsFeedTest, TellsUntilWhenTheCertificateIsValid) {
  HttpsFeed feed(settings_);
  EXPECT_EQ(feed.certificate_until(), std::nullopt);
  ASSERT_TRUE(feed.fetch({}, bell_));
  const auto until = feed.certificate_until();
  ASSERT_TRUE(until);
  const auto left = *until - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(47));
  EXPECT_LE(left, std::chrono::hours(48));
}

TEST_F(HttpsFeedTest, FetchesOnceAndAsksForLessThen) {
  const auto first = fetch();
  ASSERT_TRUE(first) << first.error().text;
  ASSERT_TRUE(*first);
  EXPECT_EQ((*first)->bytes, "bad.example\nworse.example\n");
  const auto again = fetch({.digest = {}, .validator = (*first)->validator, .file = {}});
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_FALSE(*again);
  EXPECT_TRUE(server()->log().ends_with("304\n"));
  server()->serve("other.example\n");
  const auto newer = fetch({.digest = {}, .validator = (*first)->validator, .file = {}});
  ASSERT_TRUE(newer && *newer);
  EXPECT_EQ((*newer)->bytes, "other.example\n");
}

TEST_F(HttpsFeedTest, RefusesACertificateOfAStranger) {
  settings_.ca_file = server()->stranger();
  EXPECT_EQ(refused(), RefusalReason::tls);
  settings_.ca_file.clear();  // the system's authorities
  EXPECT_EQ(refused(), RefusalReason::tls);
}

TEST_F(HttpsFeedTest, RefusesACertificateForAnotherName) {
  settings_.url.replace(settings_.url.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(refused(), RefusalReason::tls);
}

TEST_F(HttpsFeedTest, RefusesWhatIsNoListAndSaysWhy) {
  const std::pair<const char*, RefusalReason> cases[] = {
      {"truncated", RefusalReason::truncated},  {"endless", RefusalReason::truncated},
      {"page", RefusalReason::not_a_list},      {"page-as-text", RefusalReason::not_a_list},
      {"redirect-http", RefusalReason::status}, {"redirect-loop", RefusalReason::status},
      {"missing", RefusalReason::status}};
  for (const auto& [mode, reason] : cases) {
    server()->mode(mode);
    EXPECT_EQ(refused(), reason) << mode;
  }
  server()->mode("");
  server()->serve("");
  EXPECT_EQ(refused(), RefusalReason::not_a_list) << "empty";
}

TEST_F(HttpsFeedTest, RefusesWhatIsLargerThanItsLimit) {
  settings_.most_bytes = 26;
  EXPECT_TRUE(fetch());
  settings_.most_bytes = 25;
  EXPECT_EQ(refused(), RefusalReason::too_large);
}

TEST_F(HttpsFeedTest, GivesUpOnATrickleAndAtTheWholeTime) {
  server()->mode("stalled");
  settings_.stalled = std::chrono::seconds(1);
  EXPECT_EQ(refused(), RefusalReason::timeout);
  settings_.stalled = std::chrono::seconds(60);
  settings_.total = std::chrono::milliseconds(300);
  EXPECT_EQ(refused(), RefusalReason::timeout);
}

TEST_F(HttpsFeedTest, NobodyThereIsUnreachable) {
  settings_.url = "https://127.0.0.1:1/";
  EXPECT_EQ(refused(), RefusalReason::unreachable);
  settings_.url = server()->url();
  settings_.proxy = "http://127.0.0.1:1";
  EXPECT_EQ(refused(), RefusalReason::unreachable) << "the proxy is asked, not the server";
}

TEST_F(HttpsFeedTest, EndsSoonOnceItIsStopped) {
  bell_.stop();
  EXPECT_EQ(refused(), RefusalReason::unreachable);
}

TEST(HttpsUrl, IsHttpsUnlessATestSaysOtherwise) {
  EXPECT_EQ(url_problem("https://lists.example/x", false), "");
  for (const char* url : {"http://lists.example/x", "ftp://x/", "file:///etc/passwd", "", "x"}) {
    EXPECT_NE(url_problem(url, false), "") << url;
    EXPECT_NE(url_problem(url, true), "") << url;
  }
  EXPECT_NE(url_problem("http://127.0.0.1/x", false), "");
  EXPECT_EQ(url_problem("http://127.0.0.1/x", true), "");
}

}  // namespace
}  // namespace sluice::lists
