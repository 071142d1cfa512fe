#include "gateway/audit/trail.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>

namespace sluice::audit {
namespace {

constexpr const char* kDecision =
    R"({"v":1,"time":"2026-11-28T06:01:40.000001Z","action":"reject","app":"wechat",)"
    R"("name":"a.wechat.com","protocol":"tls","transport":"tcp","rule":"wechat.com",)"
    R"("list":"wechat","list_version":"0123456789abcdef","line":3,"policy":"default",)"
    R"("client":"192.0.2.1:5000","server":"198.51.100.2:443","evidence":0})";

TEST(Trail, ReadsADecision) {
  const auto line = parse_line(kDecision);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->kind, Line::Kind::decision);
  EXPECT_EQ(line->time, "2026-11-28T06:01:40.000001Z");
  EXPECT_EQ(line->action, "reject");
  EXPECT_EQ(line->app, "wechat");
  EXPECT_EQ(line->name, "a.wechat.com");
  EXPECT_EQ(line->protocol, "tls");
  EXPECT_EQ(line->list + line->list_version, "wechat0123456789abcdef");
  EXPECT_EQ(line->client, "192.0.2.1:5000");
}

TEST(Trail, ReadsWhatIsNoDecision) {
  const std::string start = R"({"v":1,"time":"2026-11-28T06:01:40Z","kind":)";
  EXPECT_EQ(parse_line(start + R"("start","version":"0.9"})")->version, "0.9");
  EXPECT_EQ(parse_line(start + R"("lost","records":7})")->lost, 7U);
  const auto unjudged = parse_line(start + R"("unjudged","reason":"quic_unknown","suppressed":4})");
  EXPECT_EQ(unjudged->reason, "quic_unknown");
  EXPECT_EQ(unjudged->suppressed, 4U);
  const auto update = parse_line(
      start + R"("update","result":"ok","generation":3,"lists":[{"name":"a","version":"1"},7]})");
  EXPECT_EQ(update->result, "ok");
  EXPECT_EQ(update->generation, 3U);
  EXPECT_EQ(update->lists, std::vector<std::string>{"a 1"});
}

TEST(Trail, WhatIsNoRecordIsNone) {
  for (const char* text :
       {"", "{", "null", "[]", "{}", R"({"v":2,"time":"2026-11-28T06:01:40Z"})", R"({"v":1})",
        R"({"v":1,"time":"yesterday"})", R"({"v":1,"time":"2026-11-28T06:01:40Z","kind":"other"})",
        R"({"v":"1","time":"2026-11-28T06:01:40Z"})"}) {
    EXPECT_FALSE(parse_line(text)) << text;
  }
  // Keys of other types are as if they were not there.
  EXPECT_EQ(parse_line(R"({"v":1,"time":"2026-11-28T06:01:40Z","app":7,"suppressed":-1})")->app,
            "");
}

TEST(Trail, SurvivesWhateverALineHolds) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kDecision);
    for (int i = 0; i < 3; ++i) {
      text[random() % text.size()] = static_cast<char>(random());
      if (random() % 4 == 0) text.erase(random() % text.size(), random() % 9);
    }
    const auto line = parse_line(text);
    EXPECT_TRUE(!line || line->time.size() >= 19);
  }
}

TEST(Trail, LinesAreCutAtTheirBound) {
  std::istringstream in("one\n" + std::string(kMostBytes + 10, 'x') + "\n\nlast");
  std::string line;
  EXPECT_TRUE(next_line(in, line));
  EXPECT_EQ(line, "one");
  EXPECT_TRUE(next_line(in, line));
  EXPECT_EQ(line.size(), kMostBytes);
  EXPECT_TRUE(next_line(in, line));
  EXPECT_EQ(line, "");
  EXPECT_TRUE(next_line(in, line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(next_line(in, line));
}

TEST(Trail, ClientsWithoutTheirPorts) {
  EXPECT_EQ(without_port("192.0.2.1:5000"), "192.0.2.1");
  EXPECT_EQ(without_port("[2001:db8::1]:5000"), "[2001:db8::1]");
  EXPECT_EQ(without_port("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(without_port("p:0123456789abcdef"), "p:0123456789abcdef");
  EXPECT_EQ(without_port(""), "");
}

}  // namespace
}  // namespace sluice::audit
