#include "gateway/audit/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::audit {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string decision(const std::string& day, const std::string& action, const std::string& app,
                     const std::string& client, const std::string& name = "www.chat.example") {
  return R"({"v":1,"time":")" + day + R"(T10:00:00.000000Z","action":")" + action + R"(","app":")" +
         app + R"(","name":")" + name +
         R"(","protocol":"dns","list":"chat","list_version":"aa","client":")" + client +
         R"(:5000"})";
}

std::string note(const std::string& day, const std::string& rest) {
  return R"({"v":1,"time":")" + day + R"(T11:00:00.000000Z",)" + rest + '}';
}

ReportBuilder some_days() {
  ReportBuilder builder;
  builder.take(note("2026-11-01", R"("kind":"start","version":"1")"));
  builder.take(decision("2026-11-01", "drop", "chat", "192.0.2.1"));
  builder.take(decision("2026-11-01", "reject", "chat", "192.0.2.1"));
  builder.take(decision("2026-11-02", "drop", "game", "192.0.2.2", "g.example"));
  builder.take(decision("2026-11-02", "log", "chat", "192.0.2.2"));
  builder.take(decision("2026-11-03", "shadow", "game", "192.0.2.3"));
  builder.take(note("2026-11-03", R"("kind":"unjudged","reason":"quic_unknown","suppressed":4)"));
  builder.take(note("2026-11-03", R"("kind":"lost","records":9)"));
  builder.take(note("2026-11-03", R"("kind":"update","result":"refused","generation":2,)"
                                  R"("lists":[{"name":"chat","version":"aa"}])"));
  builder.take("no record");
  return builder;
}

TEST(Report, CountsAttempts) {
  const ReportBuilder builder = some_days();
  const Report& report = builder.report();
  EXPECT_EQ(report.records, 9U);
  EXPECT_EQ(report.unreadable, 1U);
  EXPECT_EQ(report.lost, 9U);
  EXPECT_EQ(report.starts, 1U);
  EXPECT_EQ(report.first.substr(0, 10) + report.last.substr(0, 10), "2026-11-012026-11-03");
  EXPECT_EQ(report.attempts.blocked, 3U);
  EXPECT_EQ(report.attempts.logged, 1U);
  EXPECT_EQ(report.attempts.on_trial, 1U);
  EXPECT_EQ(report.by_app.at("chat").blocked, 2U);
  EXPECT_EQ(report.by_app.at("chat").logged, 1U);
  EXPECT_EQ(report.by_app.at("game").on_trial, 1U);
  EXPECT_EQ(report.by_day.at("2026-11-01").at("chat"), 2U);
  EXPECT_EQ(report.by_day.count("2026-11-03"), 0U) << "what is only on trial was not blocked";
  EXPECT_EQ(report.by_list_version.at("chat aa").total(), 5U);
  EXPECT_EQ(report.unjudged.at("quic_unknown"), 5U);
  EXPECT_EQ(report.by_client.size(), 2U);
  EXPECT_EQ(report.by_client.at("192.0.2.2").apps.size(), 2U);
  EXPECT_EQ(report.updates.at(0).result, "refused");
}

TEST(Report, OfSomeDaysOnly) {
  ReportBuilder builder;
  builder.between("2026-11-02", "2026-11-03");
  for (const char* day : {"2026-11-01", "2026-11-02", "2026-11-03"}) {
    builder.take(decision(day, "drop", "chat", "192.0.2.1"));
  }
  EXPECT_EQ(builder.report().attempts.blocked, 1U);
  EXPECT_EQ(builder.report().first.substr(0, 10), "2026-11-02");
}

TEST(Report, SaysWhetherTheTrailIsWhole) {
  Chain chain({});
  ReportBuilder builder;
  std::string first = note("2026-11-01", R"("kind":"start")");
  std::string second = decision("2026-11-01", "drop", "chat", "192.0.2.1");
  std::string third = decision("2026-11-01", "drop", "game", "192.0.2.1");
  for (std::string* line : {&first, &second, &third}) chain.add(*line);
  builder.take(first);
  EXPECT_EQ(chain_text(builder.report()), "the chain is whole; it begins once");
  builder.take(third);
  EXPECT_THAT(chain_text(builder.report()), HasSubstr("BROKEN in 1 place;"));
  EXPECT_THAT(to_html(builder.report(), 10), HasSubstr("class=bad"));
}

TEST(Report, TextHasEverySection) {
  const ReportBuilder builder = some_days();
  const std::string text = to_text(builder.report(), 1);
  for (const char* part :
       {"9 records", "by app", "blocked by day", "2 clients", "names", "quic_unknown", "refused",
        "9 records were lost", "1 lines are no records"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, HasSubstr("192.0.2.1 "));
  EXPECT_THAT(text, Not(HasSubstr("192.0.2.2 "))) << "one client was asked for";
  EXPECT_EQ(to_text(Report{}, 1), "no records\n");
}

TEST(Report, JsonHasTheSameFigures) {
  const ReportBuilder builder = some_days();
  const auto json = nlohmann::json::parse(to_json(builder.report(), 10));
  EXPECT_EQ(json.at("attempts").at("blocked"), 3);
  EXPECT_EQ(json.at("by_app").at("chat").at("logged"), 1);
  EXPECT_EQ(json.at("top_clients").size(), 2U);
  EXPECT_EQ(json.at("blocked_by_day").at("2026-11-02").at("game"), 1);
  EXPECT_EQ(json.at("updates").at(0).at("generation"), 2);
}

TEST(Report, APageHasTimesToTheSecond) {
  const std::string page = to_html(some_days().report(), 10);
  EXPECT_THAT(page, HasSubstr("2026-11-01 10:00:00 to 2026-11-03 11:00:00 (UTC), 9 records"));
  EXPECT_THAT(page, Not(HasSubstr(".000000Z")));
}

// A name may be anything that a client sends.
TEST(Report, APageHoldsNoForeignMarkup) {
  ReportBuilder builder;
  builder.take(decision("2026-11-01", "drop", "<script>alert(1)</script>", "192.0.2.1",
                        "<img src=x onerror='y'>&\\\""));
  const std::string page = to_html(builder.report(), 10);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("http"))) << "nothing is loaded from elsewhere";
  EXPECT_THAT(page, HasSubstr("<svg role=img"));
  EXPECT_THAT(page, HasSubstr("</html>"));
}

TEST(Report, IsBoundedWhateverATrailHolds) {
  ReportBuilder builder;
  for (std::size_t i = 0; i < kMostGroups + 100; ++i) {
    builder.take(decision("2026-11-01", "drop", "app" + std::to_string(i), "192.0.2.1"));
  }
  EXPECT_EQ(builder.report().by_app.size(), kMostGroups + 1);
  EXPECT_EQ(builder.report().by_app.at("(others)").blocked, 100U);
  for (std::size_t i = 0; i < kMostUpdates + 5; ++i) {
    builder.take(note("2026-11-01", R"("kind":"update","result":"ok")"));
  }
  EXPECT_EQ(builder.report().updates.size(), kMostUpdates);
  EXPECT_EQ(builder.report().other_updates, 5U);
}

}  // namespace
}  // namespace sluice::audit
