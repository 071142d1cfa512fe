#include "gateway/telemetry/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;

AuditRecord record(const char* client, const char* app, std::int64_t time,
                   const char* name = "www.chat.example") {
  AuditRecord record;
  record.time = Nanos(time);
  record.app.assign(app);
  record.name.assign(name);
  record.action.assign("drop");
  record.policy.assign("office");
  record.client = {IpAddress::parse(client).value(), Port{5000}};
  return record;
}

std::vector<std::string> names(const std::vector<AuditRecord>& records) {
  std::vector<std::string> names;
  for (const AuditRecord& it : records) names.emplace_back(it.name.view());
  return names;
}

TEST(Activity, KeepsTheLastRecords) {
  Activity activity({}, {.flows = 3, .clients = 10});
  EXPECT_TRUE(activity.flows(5).empty());
  for (const char* name : {"a", "b"}) activity.take(record("10.0.0.1", "chat", 1, name));
  EXPECT_THAT(names(activity.flows(5)), ElementsAre("b", "a"));
  for (const char* name : {"c", "d", "e"}) activity.take(record("10.0.0.1", "chat", 1, name));
  EXPECT_THAT(names(activity.flows(5)), ElementsAre("e", "d", "c"));
  EXPECT_THAT(names(activity.flows(2)), ElementsAre("e", "d"));
}

TEST(Activity, CountsWhatEachClientTries) {
  Activity activity({});
  activity.take(record("10.0.0.1", "chat", 100, "a"));
  activity.take(record("10.0.0.1", "game", 200));
  activity.take(record("10.0.0.2", "chat", 300));
  activity.take(record("10.0.0.1", "chat", 400, "b"));
  const auto clients = activity.clients(10);
  EXPECT_EQ(clients.all, 3U);
  ASSERT_EQ(clients.rows.size(), 3U);
  const Activity::ClientApp& latest = clients.rows[0];
  EXPECT_EQ(latest.client, "10.0.0.1");
  EXPECT_EQ(latest.app, "chat");
  EXPECT_EQ(latest.name, "b");
  EXPECT_EQ(latest.policy, "office");
  EXPECT_EQ(latest.first, Nanos(100));
  EXPECT_EQ(latest.last, Nanos(400));
  EXPECT_EQ(latest.count, 2U);
  EXPECT_EQ(clients.rows[1].client, "10.0.0.2");
  EXPECT_EQ(clients.rows[2].app, "game");
  EXPECT_EQ(activity.clients(1).rows.size(), 1U);
  EXPECT_EQ(activity.clients(1).all, 3U);
}

TEST(Activity, TheOneThatTriedLongestAgoGivesWay) {
  Activity activity({}, {.flows = 1, .clients = 2});
  activity.take(record("10.0.0.1", "chat", 1));
  activity.take(record("10.0.0.2", "chat", 2));
  activity.take(record("10.0.0.1", "chat", 3));
  activity.take(record("10.0.0.3", "chat", 4));
  auto clients = activity.clients(10);
  ASSERT_EQ(clients.rows.size(), 2U);
  EXPECT_EQ(clients.rows[0].client, "10.0.0.3");
  EXPECT_EQ(clients.rows[1].client, "10.0.0.1");
  EXPECT_EQ(clients.rows[1].count, 2U);
  EXPECT_EQ(clients.forgotten, 1U);
  for (int i = 0; i < 1000; ++i) {
    activity.take(record(
        ("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250)).c_str(), "chat", 5));
  }
  clients = activity.clients(10);
  EXPECT_EQ(clients.all, 2U);
  EXPECT_EQ(clients.forgotten, 1001U);
}

TEST(Activity, ClientsHaveThePseudonymsOfTheAuditTrail) {
  const AuditOptions options{.pseudonymise = true, .key = "secret"};
  Activity activity(options);
  const AuditRecord one = record("10.0.0.1", "chat", 1);
  activity.take(one);
  const std::string pseudonym = to_object(one, options)["client"];
  EXPECT_THAT(pseudonym, testing::StartsWith("p:"));
  EXPECT_EQ(activity.clients(1).rows.at(0).client, pseudonym);
}

TEST(Activity, CountsByPolicy) {
  Activity activity({}, {.flows = 1, .clients = 1, .policies = 1});
  for (int i = 0; i < 3; ++i) activity.take(record("10.0.0.1", "chat", 1));
  AuditRecord other = record("10.0.0.1", "chat", 1);
  other.policy.assign("lab");
  activity.take(other);  // there is no room for it
  const auto policies = activity.policies();
  ASSERT_EQ(policies.size(), 1U);
  EXPECT_EQ(policies[0].policy, "office");
  EXPECT_EQ(policies[0].action, "drop");
  EXPECT_EQ(policies[0].count, 3U);
}

TEST(Activity, NothingWasDoneByAShadow) {
  Activity activity({});
  AuditRecord shadow = record("10.0.0.1", "chat", 1);
  shadow.is_shadow = true;
  activity.take(shadow);
  EXPECT_TRUE(activity.flows(5).empty());
  EXPECT_TRUE(activity.clients(5).rows.empty());
}

TEST(Activity, WhatCannotBeJudgedIsOfNoApp) {
  Activity activity({});
  AuditRecord unjudged = record("10.0.0.1", "", 1, "");
  unjudged.unjudged = "unreadable";
  activity.take(unjudged);
  EXPECT_EQ(activity.flows(5).size(), 1U);
  EXPECT_TRUE(activity.clients(5).rows.empty());
}

TEST(Activity, MayBeAskedWhileItTakes) {
  Activity activity({}, {.flows = 8, .clients = 4});
  std::jthread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      activity.take(record(i % 2 == 0 ? "10.0.0.1" : "10.0.0.2", "chat", i));
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_LE(activity.flows(8).size(), 8U);
    EXPECT_LE(activity.clients(8).rows.size(), 2U);
  }
}

}  // namespace
}  // namespace sluice::telemetry
