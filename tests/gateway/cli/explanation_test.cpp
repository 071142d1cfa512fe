#include "gateway/cli/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

// Names of lists and policies may hold any bytes.
Explanation banned() {
  return {.asked = "Web.WeChat.com.",
          .understood = "web.wechat.com",
          .action = policy::Action::drop,
          .policy = "caf\u00e9 \"upstairs\"",
          .has_entry = true,
          .app = "wechat",
          .entry = "wechat.com",
          .list = "we\"chat\\\u00e9",
          .line = 12};
}

Explanation excepted() {
  Explanation explanation = banned();
  explanation.action = policy::Action::allow;
  explanation.is_exception = true;
  explanation.entry = "@@open.wechat.com";
  return explanation;
}

TEST(Explanation, LineStartsWithTheVerdict) {
  EXPECT_EQ(to_line(banned()),
            "drop web.wechat.com app=wechat rule=wechat.com list=we\"chat\\\u00e9 line=12 "
            "policy=caf\u00e9 \"upstairs\"");
  EXPECT_EQ(to_line({.understood = "example.com", .policy = "default"}), "pass example.com");
  EXPECT_THAT(to_line(excepted()),
              testing::StartsWith("pass web.wechat.com app=wechat exception=@@open.wechat.com "));
}

TEST(Explanation, JsonHasTheSameFields) {
  const Json drop = Json::parse(to_json(banned()));
  EXPECT_THAT(keys(drop), ElementsAre("name", "verdict", "app", "rule", "list", "list_version",
                                      "line", "policy"));
  EXPECT_EQ(drop["list"], banned().list);  // quotes and UTF-8 survive
  EXPECT_EQ(drop["policy"], banned().policy);
  EXPECT_EQ(drop["line"], 12);
  EXPECT_THAT(
      keys(Json::parse(to_json(excepted()))),
      ElementsAre("name", "verdict", "app", "exception", "list", "list_version", "line", "policy"));
  const Json url = Json::parse(to_json({.asked = "//a.example/\xff", .understood = "a.example"}));
  EXPECT_THAT(keys(url), ElementsAre("name", "asked", "verdict"));
  const Json pass = Json::parse(to_json({.understood = "example.com", .policy = "default"}));
  EXPECT_THAT(keys(pass), ElementsAre("name", "verdict", "policy"));
  EXPECT_EQ(pass["verdict"], "pass");
}

TEST(Explanation, RejectIsAWayToDrop) {
  for (const auto& [action, word, blocked] : {std::tuple{policy::Action::drop, "drop", true},
                                              {policy::Action::reject, "drop", true},
                                              {policy::Action::log, "log", false},
                                              {policy::Action::allow, "pass", false}}) {
    Explanation explanation = banned();
    explanation.action = action;
    EXPECT_EQ(explanation.is_blocked(), blocked);
    EXPECT_THAT(to_line(explanation), testing::StartsWith(std::string(word) + " web.wechat.com"));
    EXPECT_EQ(Json::parse(to_json(explanation))["verdict"], word);
  }
}

}  // namespace
}  // namespace sluice::cli
