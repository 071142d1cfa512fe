#include "gateway/control/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace sluice::control {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

TEST(ControlProtocol, ARequestIsOneFlatObject) {
  const auto request = parse_request(
      R"({"sluice":1,"command":"explain","name":"web.wechat.com","client":"10.1.2.3"})");
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->command, Command::explain);
  EXPECT_EQ(request->name, "web.wechat.com");
  EXPECT_EQ(request->client, IpAddress::parse("10.1.2.3"));
  const auto blanks = parse_request(" { \"command\" : \"status\" , \"sluice\" : 1 } \r");
  ASSERT_TRUE(blanks) << blanks.error().text;
  EXPECT_EQ(blanks->command, Command::status);
}

struct Wrong {
  const char* line;
  ErrorCode code;
  const char* says;
};
class WrongRequest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRequest, IsRefusedWithItsReason) {
  const auto request = parse_request(GetParam().line);
  ASSERT_FALSE(request) << GetParam().line;
  EXPECT_EQ(request.error().code, GetParam().code) << GetParam().line;
  EXPECT_THAT(request.error().text, HasSubstr(GetParam().says)) << GetParam().line;
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongRequest,
    testing::Values(
        Wrong{"", ErrorCode::malformed, "not JSON"},
        Wrong{"GET / HTTP/1.1", ErrorCode::malformed, "not JSON, at byte 1"},
        Wrong{"[1]", ErrorCode::malformed, "a request is an object"},
        Wrong{"1", ErrorCode::malformed, "a request is an object"},
        Wrong{R"({"sluice":1,"command":"status"} x)", ErrorCode::malformed, "not JSON"},
        Wrong{R"({"sluice":1,"command":"status"}{})", ErrorCode::malformed, "not JSON"},
        Wrong{R"({"sluice":1,"command":{"a":1}})", ErrorCode::malformed, "may be an object"},
        Wrong{R"({"sluice":1,"command":["status"]})", ErrorCode::malformed, "may be a list"},
        Wrong{R"({"sluice":1,"command":"status","command":"reload"})", ErrorCode::malformed,
              "twice"},
        Wrong{R"({"command":"status"})", ErrorCode::malformed, "\"sluice\" is missing"},
        Wrong{R"({"sluice":1})", ErrorCode::malformed, "\"command\" is missing"},
        Wrong{"{\"sluice\":1,\"command\":\"\xff\"}", ErrorCode::malformed, "not JSON"},
        Wrong{R"({"sluice":2,"command":"status"})", ErrorCode::version, "version 1 only"},
        Wrong{R"({"sluice":"1","command":"status"})", ErrorCode::version, "version 1 only"},
        Wrong{R"({"sluice":1.0,"command":"status"})", ErrorCode::version, "version 1 only"},
        Wrong{R"({"sluice":1,"command":"fly"})", ErrorCode::unknown_command, "\"fly\""},
        Wrong{R"({"sluice":1,"command":7})", ErrorCode::bad_argument, "is not a text"},
        Wrong{R"({"sluice":1,"command":"status","x":1})", ErrorCode::bad_argument,
              "unknown key \"x\""},
        Wrong{R"({"sluice":1,"command":"status","name":"a"})", ErrorCode::bad_argument,
              "`status` takes no \"name\""},
        Wrong{R"({"sluice":1,"command":"capture","limit":100001})", ErrorCode::bad_argument,
              "from 1 to 100000"},
        Wrong{R"({"sluice":1,"command":"capture","seconds":0})", ErrorCode::bad_argument,
              "from 1 to 3600"},
        Wrong{R"({"sluice":1,"command":"capture","next":true,"limit":1})", ErrorCode::bad_argument,
              "neither \"limit\" nor \"seconds\""},
        Wrong{R"({"sluice":1,"command":"flows","seconds":1})", ErrorCode::bad_argument,
              "`flows` takes no \"seconds\""},
        Wrong{R"({"sluice":1,"command":"explain"})", ErrorCode::bad_argument, "needs \"name\""},
        Wrong{R"({"sluice":1,"command":"explain","name":""})", ErrorCode::bad_argument,
              "\"name\" is empty"},
        Wrong{R"({"sluice":1,"command":"explain","name":"a","client":"10.1.2"})",
              ErrorCode::bad_argument, "not an IP address"},
        Wrong{R"({"sluice":1,"command":"flows","limit":0})", ErrorCode::bad_argument,
              "from 1 to 512"},
        Wrong{R"({"sluice":1,"command":"flows","limit":513})", ErrorCode::bad_argument,
              "from 1 to 512"},
        Wrong{R"({"sluice":1,"command":"clients","limit":-1})", ErrorCode::bad_argument,
              "from 1 to 4096"},
        Wrong{R"({"sluice":1,"command":"clients","limit":18446744073709551616})",
              ErrorCode::bad_argument, "from 1 to 4096"},
        Wrong{R"({"sluice":1,"command":"reload","accept":1})", ErrorCode::bad_argument,
              "neither true nor false"},
        Wrong{R"({"sluice":1,"command":"rollback","to":1,"resume":true})", ErrorCode::bad_argument,
              "mutually exclusive"},
        Wrong{R"({"sluice":1,"command":"log-level","level":"loud"})", ErrorCode::bad_argument,
              "none of: debug"}));

// What a peer wrote comes back in messages, to a terminal too.
TEST(ControlProtocol, MessagesObeyNoControlSigns) {
  const auto request = parse_request("{\"sluice\":1,\"command\":\"\\u001b[2J\"}");
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().text, HasSubstr("\"?[2J\""));
}

TEST(ControlProtocol, ALineIsBounded) {
  const std::string head = R"({"sluice":1,"command":"explain","name":")";
  std::string line = head + std::string(kMaxRequest - head.size() - 2, 'a') + "\"}";
  ASSERT_EQ(line.size(), kMaxRequest);
  EXPECT_TRUE(parse_request(line));
  line.insert(head.size(), "a");
  ASSERT_FALSE(parse_request(line));
  EXPECT_EQ(parse_request(line).error().code, ErrorCode::too_large);
}

TEST(ControlProtocol, ToSetIsForAdmins) {
  EXPECT_EQ(needed_for({.command = Command::status}), Rights::read);
  EXPECT_EQ(needed_for({.command = Command::explain, .name = "a"}), Rights::read);
  EXPECT_EQ(needed_for({.command = Command::flows}), Rights::read);
  EXPECT_EQ(needed_for({.command = Command::clients}), Rights::read);
  EXPECT_EQ(needed_for({.command = Command::log_level}), Rights::read);
  EXPECT_EQ(needed_for({.command = Command::log_level, .level = "debug"}), Rights::admin);
  EXPECT_EQ(needed_for({.command = Command::reload}), Rights::admin);
  EXPECT_EQ(needed_for({.command = Command::rollback}), Rights::admin);
  EXPECT_EQ(needed_for({.command = Command::capture}), Rights::admin);
  EXPECT_EQ(needed_for({.command = Command::capture, .next = true}), Rights::admin);
}

// A property, over requests of all kinds: what is written is read as the same.
TEST(ControlProtocol, WhatIsWrittenIsReadAgain) {
  std::mt19937 random(7);
  const auto chance = [&] { return random() % 2 == 0; };
  const auto text = [&] {
    std::string any;
    for (std::size_t i = 0; i <= random() % 40; ++i) any += static_cast<char>(1 + random() % 127);
    return any;
  };
  for (int round = 0; round < 2000; ++round) {
    Request request{.command = static_cast<Command>(random() % 8)};
    switch (request.command) {
      case Command::status:
        break;
      case Command::explain:
        request.name = text();
        if (chance()) request.client = IpAddress::parse(chance() ? "192.0.2.7" : "2001:db8::7");
        break;
      case Command::flows:
        if (chance()) request.limit = 1 + random() % kMostFlows;
        break;
      case Command::clients:
        if (chance()) request.limit = 1 + random() % kMostClients;
        break;
      case Command::capture:
        request.next = chance();
        if (!request.next && chance()) request.limit = 1 + random() % kMostFrames;
        if (!request.next && chance()) request.seconds = 1 + random() % kMostSeconds;
        break;
      case Command::reload:
        request.accept = chance();
        break;
      case Command::rollback:
        if (chance()) request.source = text();
        request.resume = chance();
        if (!request.resume && chance()) request.to = random();
        break;
      case Command::log_level:
        if (chance()) request.level = chance() ? "debug" : "error";
        break;
    }
    const std::string line = to_line(request);
    EXPECT_THAT(line, testing::Not(HasSubstr("\n")));
    const auto read = parse_request(line);
    ASSERT_TRUE(read) << line << ": " << read.error().text;
    EXPECT_EQ(*read, request) << line;
  }
}

TEST(ControlProtocol, RepliesAreOneLineWhateverTheyHold) {
  const std::string line = reply_line({{"name", "a\nb\xff"}});
  EXPECT_THAT(line, testing::Not(HasSubstr("\n")));
  EXPECT_THAT(line, testing::StartsWith(R"({"sluice":1,"ok":true,"name":)"));
  ASSERT_TRUE(parse_reply(line));
  EXPECT_EQ((*parse_reply(line))["ok"], true);
}

TEST(ControlProtocol, AnErrorIsReadAsOne) {
  for (const ErrorCode code : {ErrorCode::malformed, ErrorCode::forbidden, ErrorCode::failed,
                               ErrorCode::busy, ErrorCode::internal}) {
    const auto reply = parse_reply(error_line({code, "why\xc3"}));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, code);
    EXPECT_THAT(reply.error().text, HasSubstr("why"));
  }
}

TEST(ControlProtocol, WhatIsNoReplyIsMalformed) {
  for (const char* line : {"", "x", "[]", "{}", R"({"sluice":2,"ok":true})", R"({"sluice":1})",
                           R"({"sluice":1,"ok":1})", R"({"ok":true})"}) {
    const auto reply = parse_reply(line);
    ASSERT_FALSE(reply) << line;
    EXPECT_EQ(reply.error().code, ErrorCode::malformed) << line;
  }
}

}  // namespace
}  // namespace sluice::control
