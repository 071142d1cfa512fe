#include "gateway/console/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "gateway/console/assets.h"

namespace sluice::console {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "0123456789abcdef";
constexpr const char* kBearer = "Bearer 0123456789abcdef";

class TheSite : public testing::Test {
 protected:
  [[nodiscard]] Reply ask(std::string path, std::string authorization = kBearer,
                          std::string host = "localhost") const {
    return site.answer({.path = std::move(path),
                        .host = std::move(host),
                        .authorization = std::move(authorization)});
  }
  static std::string error_in(const Reply& reply) {
    return nlohmann::json::parse(*reply.body)["error"].get<std::string>();
  }

  int asked = 0;
  std::function<std::optional<Reply>(const Request&)> api = [](const Request& request) {
    return request.path == "/api" ? std::optional(Reply{.body = body_of({{"good", true}})})
                                  : std::nullopt;
  };
  Site site{Gate(IpAddress::parse("127.0.0.1").value(), kToken), [this](const Request& request) {
              ++asked;
              return api(request);
            }};
};

TEST_F(TheSite, AnswersWhoHasTheToken) {
  const Reply reply = ask("/api");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.type, "application/json");
  EXPECT_EQ(*reply.body, "{\"good\":true}\n");
}

TEST_F(TheSite, TellsNobodyElseAnything) {
  for (const char* wrong : {"", "Bearer 0123456789abcdeF", "Basic abc"}) {
    const Reply reply = ask("/api", wrong);
    EXPECT_EQ(reply.status, 401U);
    EXPECT_EQ(error_in(reply), "token");
    EXPECT_EQ(ask("/nowhere", wrong).status, 401U) << "nor which paths there are";
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(TheSite, ThePageNeedsNoToken) {
  for (const Asset& file : assets()) {
    const Reply reply = ask(std::string(file.path), "");
    EXPECT_EQ(reply.status, 200U) << file.path;
    EXPECT_EQ(reply.type, file.type);
    EXPECT_FALSE(reply.body->empty());
  }
  EXPECT_THAT(*ask("/", "").body, HasSubstr("<title>Sluice console</title>"));
}

// Nothing from elsewhere, nothing inline, and no way for a text to become markup.
TEST_F(TheSite, ThePageNeedsNothingFromElsewhere) {
  for (const Asset& file : assets()) {
    const std::string text(file.bytes);
    if (file.path != "/icon.svg" && file.path != "/console.js") {
      EXPECT_THAT(text, Not(HasSubstr("http://"))) << file.path;  // those name a namespace
    }
    for (const char* wrong : {"https://", "innerHTML", "outerHTML", "insertAdjacentHTML",
                              "document.write", "eval(", "style=", "onclick=", "<style", "url("}) {
      EXPECT_THAT(text, Not(HasSubstr(wrong))) << file.path;
    }
  }
}

TEST_F(TheSite, AnotherHostIsRefusedBeforeAnythingElse) {
  for (const char* path : {"/", "/api", "/nowhere"}) {
    const Reply reply = ask(path, kBearer, "attacker.example");
    EXPECT_EQ(reply.status, 421U);
    EXPECT_EQ(error_in(reply), "host");
  }
  EXPECT_EQ(ask("/", "", "").status, 421U);
}

TEST_F(TheSite, OnlyShows) {
  const Reply reply = site.answer({.path = "/api", .host = "localhost", .is_read = false});
  EXPECT_EQ(reply.status, 405U);
  EXPECT_EQ(error_in(reply), "method");
}

TEST_F(TheSite, WhatIsThereTwiceIsRefused) {
  const Reply reply = site.answer(
      {.path = "/api", .host = "localhost", .authorization = kBearer, .is_clear = false});
  EXPECT_EQ(reply.status, 400U);
}

TEST_F(TheSite, AnUnknownPathIsNotFound) {
  const Reply reply = ask("/../etc/passwd");
  EXPECT_EQ(reply.status, 404U);
  EXPECT_EQ(error_in(reply), "not_found");
}

TEST_F(TheSite, AMistakeOfOursIsNoReasonToEnd) {
  api = [](const Request&) -> std::optional<Reply> { throw std::runtime_error("secret"); };
  const Reply reply = ask("/api");
  EXPECT_EQ(reply.status, 500U);
  EXPECT_THAT(*reply.body, Not(HasSubstr("secret")));
}

TEST(ErrorReply, IsJsonWhateverTheReason) {
  const Reply reply = error_reply(400, "bad_argument", "\"\xff\n");
  const auto object = nlohmann::json::parse(*reply.body);
  EXPECT_EQ(object["reason"], "\"\xef\xbf\xbd\n");
}

}  // namespace
}  // namespace sluice::console
