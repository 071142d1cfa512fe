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

constexpr const char* kEve =
    R"({"timestamp":"2026-11-28T06:01:40.000001+0000","event_type":"alert","src_ip":"192.0.2.1",)"
    R"("src_port":5000,"dest_ip":"198.51.100.2","dest_port":443,"proto":"TCP","app_proto":"tls",)"
    R"("alert":{"action":"blocked"},"tls":{"sni":"a.wechat.com"},"sluice":{"v":1,)"
    R"("action":"reject","app":"wechat","name":"a.wechat.com","protocol":"tls",)"
    R"("rule":"wechat.com","list":"wechat","list_version":"0123456789abcdef","line":3,)"
    R"("policy":"default","evidence":0}})";

TEST(Trail, ReadsADecisionThatIsWrittenAsEve) {
  const auto own = parse_line(kDecision), eve = parse_line(kEve);
  ASSERT_TRUE(own && eve);
  EXPECT_EQ(eve->kind, Line::Kind::decision);
  EXPECT_EQ(eve->time, own->time) << "reports compare times as text";
  EXPECT_EQ(eve->client, own->client);
  EXPECT_EQ(eve->action + eve->app + eve->name + eve->protocol + eve->policy,
            own->action + own->app + own->name + own->protocol + own->policy);
  EXPECT_EQ(eve->list + eve->list_version, own->list + own->list_version);
}

TEST(Trail, ReadsWhatElseIsWrittenAsEve) {
  const auto with = [](const std::string& rest) {
    return parse_line(R"({"timestamp":"2026-11-28T06:01:40.5+0000",)" + rest + '}');
  };
  const auto lost = with(R"("event_type":"sluice","sluice":{"v":1,"kind":"lost","records":7})");
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->lost, 7U);
  EXPECT_EQ(lost->time, "2026-11-28T06:01:40.5Z");
  const std::string alert = R"("event_type":"alert","sluice":{"v":1},)";
  EXPECT_EQ(with(alert + R"("src_ip":"2001:db8::1","src_port":7)")->client, "[2001:db8::1]:7");
  EXPECT_EQ(with(alert + R"("src_ip":"p:0123456789abcdef")")->client, "p:0123456789abcdef");
}

// A SIEM may keep lines of Suricata in the same file.
TEST(Trail, EveOfOthersIsNoRecord) {
  for (const char* text :
       {R"({"timestamp":"2026-11-28T06:01:40.5+0000","event_type":"alert","alert":{}})",
        R"({"timestamp":"2026-11-28T06:01:40.5+0000","event_type":"dns","sluice":7})",
        R"({"timestamp":"2026-11-28T06:01:40.5+0100","event_type":"sluice","sluice":{"v":1}})",
        R"({"timestamp":"+0000","event_type":"sluice","sluice":{"v":1}})",
        R"({"v":1,"time":"2026-11-28T06:01:40Z","event_type":"alert"})"}) {
    EXPECT_FALSE(parse_line(text)) << text;
  }
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
    std::string text(round % 2 == 0 ? kDecision : kEve);
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
