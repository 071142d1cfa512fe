#include "gateway/cli/top_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Json status(std::uint64_t packets, std::uint64_t blocked) {
  Json status = Json::parse(R"({"health":"healthy","reasons":[],"version":"0.1.0",
    "uptime_seconds":7200,"dataplane":{"type":"xdp","inside":"eth1","outside":"eth2","workers":2},
    "generation":3,"rules":500,"verdicts":{},"totals":{"flows":7,"flows_capacity":65536},
    "lists":[{"list":"chat","app":"chat","version":"0123456789abcdef","entries":318,
              "age_seconds":86400}],"sources":[],
    "decisions":[],"policies":[],"workers":[{},{}]})");
  status["totals"]["packets"] = packets;
  status["totals"]["bytes"] = packets * 1000;
  status["verdicts"]["drop"] = blocked;
  status["decisions"].push_back(
      {{"app", "chat"}, {"protocol", "tls"}, {"action", "drop"}, {"count", blocked}});
  status["policies"].push_back({{"policy", "office"}, {"action", "drop"}, {"count", blocked}});
  // 2 µs a packet.
  status["workers"][0] = {{"packets", packets},
                          {"bytes", packets * 1000},
                          {"lost", 0U},
                          {"sampled", packets / 10},
                          {"sampled_nanos", packets / 10 * 2000}};
  return Json::parse(status.dump());
}

const Json& flows() {
  static const Json flows = Json::parse(R"({"flows":[{"name":"a.chat.example","app":"chat"},
    {"name":"b.chat.example","app":"chat"},{"name":"b.chat.example","app":"chat"},
    {"name":"","app":"","reason":"unreadable"}]})");
  return flows;
}

const Json& clients() {
  static const Json clients = Json::parse(R"({"clients":[
    {"client":"10.0.0.7","app":"chat","count":12,"last_seen":"2026-11-28T01:34:49.000000Z"}]})");
  return clients;
}

std::string text_of(const std::vector<ScreenLine>& lines) {
  std::string text;
  for (const ScreenLine& line : lines) text += line.text + '\n';
  return text;
}

TEST(TopScreen, ShowsRatesBetweenTwoLooks) {
  const std::string text = text_of(top_screen(
      {status(1'000'000, 100), status(1'200'000, 150), flows(), clients(), 2}, 200, 100));
  EXPECT_THAT(text, HasSubstr("xdp eth1 (inside) eth2 (outside)   up 2 h   generation 3"));
  EXPECT_THAT(text, HasSubstr("healthy"));
  EXPECT_THAT(text, HasSubstr("packets 100,000/s   800 Mbit/s"));
  EXPECT_THAT(text, HasSubstr("dropped 25.0/s"));
  EXPECT_THAT(text, HasSubstr("flows 7 of 65,536   rules 500"));
  EXPECT_THAT(text, HasSubstr("0       100,000    800 Mbit/s  20.0 %  0"));
  EXPECT_THAT(text, HasSubstr("chat  tls       drop    25.0  150"));
  EXPECT_THAT(text, HasSubstr("office  drop    25.0  150"));
  EXPECT_THAT(text, HasSubstr("b.chat.example        chat  2\na.chat.example        chat  1"));
  EXPECT_THAT(text, HasSubstr("10.0.0.7        chat  12"));
  EXPECT_THAT(text, HasSubstr("chat  chat  318      0123456789abcdef  1 d"));
}

TEST(TopScreen, TheFirstLookHasNoRates) {
  const std::string text =
      text_of(top_screen({Json(), status(1000, 10), flows(), clients(), 0}, 200, 100));
  EXPECT_THAT(text, HasSubstr("packets 0/s"));
  EXPECT_THAT(text, HasSubstr("drop    0   10"));
}

// Another process has begun to count anew.
TEST(TopScreen, ACounterThatWentBackIsNoRate) {
  const std::string text =
      text_of(top_screen({status(1000, 10), status(5, 1), flows(), clients(), 2}, 200, 100));
  EXPECT_THAT(text, HasSubstr("packets 0/s"));
}

TEST(TopScreen, WhatIsWrongIsMarked) {
  Json bad = status(1, 0);
  bad["health"] = "degraded";
  bad["reasons"].push_back({{"code", "frames_lost"}, {"text", "12 in the last minute"}});
  const auto lines = top_screen({bad, bad, flows(), clients(), 2}, 200, 100);
  EXPECT_EQ(lines.at(1), (ScreenLine{"degraded", ScreenStyle::bad}));
  EXPECT_EQ(lines.at(2), (ScreenLine{"  12 in the last minute", ScreenStyle::bad}));
}

// Any terminal, and whatever lists and policies are called.
TEST(TopScreen, FitsTheScreenAndIsAscii) {
  Json odd = status(1000, 1);
  odd["policies"][0]["policy"] = "b\xc3\xbcro\u001b[2J";
  odd["lists"].push_back(7);
  odd["workers"] = "none";
  for (const std::size_t width : {0UL, 1UL, 20UL, 80UL, 500UL}) {
    for (const std::size_t height : {0UL, 1UL, 5UL, 24UL, 100UL}) {
      const auto lines = top_screen({odd, odd, flows(), clients(), 2}, width, height);
      EXPECT_LE(lines.size(), height);
      for (const ScreenLine& line : lines) {
        EXPECT_LE(line.text.size(), width);
        EXPECT_TRUE(std::ranges::all_of(line.text, [](char c) { return c >= ' ' && c <= '~'; }));
      }
    }
  }
  const Json nothing;
  EXPECT_FALSE(top_screen({nothing, nothing, nothing, nothing, 1}, 80, 24).empty());
}

}  // namespace
}  // namespace sluice::cli
