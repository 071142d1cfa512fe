// The control socket of a running gateway, from a client's side.

#include "gateway/app/control_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <semaphore>
#include <thread>

#include "gateway/control/base64.h"
#include "gateway/control/client.h"
#include "tests/gateway/app/ban.h"
#include "tests/gateway/app/desk_gateway.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using control::Command;
using control::Request;
using testing::HasSubstr;

constexpr control::Client::Duration kPatience = std::chrono::seconds(60);

class TheDesk : public test::DeskGateway<ControlDesk> {
 protected:
  TheDesk() { start.control_socket = folder / "control.sock"; }

  [[nodiscard]] Result<Json, control::Error> ask(const Request& request) const {
    auto client = control::Client::open(start.control_socket);
    if (!client) return fail(control::Error{control::ErrorCode::internal, client.error()});
    const auto line = client->ask(request, kPatience);
    if (!line) return fail(control::Error{control::ErrorCode::internal, line.error()});
    return control::parse_reply(*line);
  }
  // The reply; a test fails if there is none.
  [[nodiscard]] Json reply_to(const Request& request) const {
    auto reply = ask(request);
    if (!reply) ADD_FAILURE() << to_string(reply.error().code) << ": " << reply.error().text;
    return reply ? *reply : Json();
  }
  // Asks until `holds`; a test that waits in vain is ended by ctest.
  template <typename Holds>
  Json ask_until(const Request& request, Holds&& holds) {
    for (;;) {
      Json reply = reply_to(request);
      if (!reply.is_object() || holds(reply)) return reply;
      std::this_thread::yield();
    }
  }
};

TEST_F(TheDesk, SaysHowTheGatewayIs) {
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("chat.example");
  const Json status = ask_until({}, [](const Json& reply) {
    return reply["totals"]["packets"] == 1 && !reply["decisions"].empty();
  });
  EXPECT_EQ(status["health"], "healthy");
  EXPECT_TRUE(status["reasons"].empty());
  EXPECT_EQ(status["process"], ::getpid());
  EXPECT_EQ(status["dataplane"]["inside"], "eth1");
  EXPECT_EQ(status["generation"], 1);
  EXPECT_EQ(status["rules"], 1);
  EXPECT_EQ(status["last_reload"], nullptr);
  EXPECT_EQ(status["verdicts"]["drop"], 1);
  EXPECT_EQ(status["decisions"][0]["app"], "chat");
  EXPECT_EQ(status["decisions"][0]["protocol"], "dns");
  EXPECT_EQ(status["workers"].size(), 1U);
}

TEST_F(TheDesk, ExplainsAsCheckDoes) {
  ASSERT_NO_FATAL_FAILURE(run());
  const Json blocked =
      reply_to({.command = Command::explain, .name = "https://WWW.chat.example:8443/a"});
  EXPECT_EQ(blocked["explanation"]["verdict"], "drop");
  EXPECT_EQ(blocked["explanation"]["name"], "www.chat.example");
  EXPECT_EQ(blocked["explanation"]["rule"], "chat.example");
  EXPECT_TRUE(blocked["explanation"].contains("list_version"));
  const Json passes = reply_to(
      {.command = Command::explain, .name = "example.com", .client = IpAddress::parse("10.0.0.1")});
  EXPECT_EQ(passes["explanation"]["verdict"], "pass");
  const auto wrong = ask({.command = Command::explain, .name = "no name at all"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, control::ErrorCode::bad_argument);
}

// One connection has the frames that are blocked while it asks, and no others.
TEST_F(TheDesk, CapturesWhatIsBlocked) {
  ASSERT_NO_FATAL_FAILURE(run());
  auto client = control::Client::open(start.control_socket);
  ASSERT_TRUE(client);
  const auto say = [&](const Request& request) -> Json {
    const auto line = client->ask(request, kPatience);
    if (!line) return {};
    auto reply = control::parse_reply(*line);
    return reply ? *reply : Json{{"error", reply.error().text}};
  };
  const Request more{.command = Command::capture, .next = true};
  EXPECT_THAT(say(more)["error"], HasSubstr("began no capture"));
  const Json begun = say({.command = Command::capture, .limit = 2, .seconds = 3600});
  EXPECT_EQ(begun["limit"], 2);
  EXPECT_EQ(begun["seconds"], 3600);
  const auto other = ask({.command = Command::capture});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().text, HasSubstr("another capture is under way"));
  push_query("ordinary.example");
  push_query("chat.example");
  push_query("ordinary.example");
  push_query("www.chat.example");
  push_query("more.chat.example");  // one more than asked for
  std::vector<std::string> frames;
  for (Json part; part.empty() || part["over"] == false;) {
    part = say(more);
    ASSERT_TRUE(part.contains("frames")) << part;
    for (const Json& frame : part["frames"]) {
      const auto bytes = control::from_base64(frame["data"].get<std::string>());
      ASSERT_TRUE(bytes);
      EXPECT_EQ(frame["length"], bytes->size());
      EXPECT_EQ(frame["link"], 1);
      EXPECT_EQ(frame["side"], "inside");
      frames.emplace_back(as_text(*bytes));
    }
    EXPECT_EQ(part["lost"], 0);
  }
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_THAT(frames[0], HasSubstr("\4chat\7example"));
  EXPECT_THAT(frames[1], HasSubstr("\3www\4chat\7example"));
  EXPECT_THAT(say(more)["error"], HasSubstr("began no capture")) << "it is over";
}

TEST_F(TheDesk, CapturesNothingWhereClientsAreHidden) {
  std::ofstream(folder / "key") << "k\n";
  start.audit_pseudonymise = true;
  start.audit_key_file = folder / "key";
  ASSERT_NO_FATAL_FAILURE(run());
  const auto refused = ask({.command = Command::capture});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("pseudonymise_clients"));
}

TEST_F(TheDesk, NotesSayWhoIsExempt) {
  config::LiveSettings live;
  live.policies.push_back({.name = "office", .apps = {"chat"}});
  live.exceptions.push_back(
      {.clients = {IpPrefix::parse("10.1.0.0/16").value()},
       .apps = {"chat"},
       .owner = "Ms Weber",
       .reason = "press",
       .expires = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                  std::chrono::hours(1)});
  first = [live] {
    Ban ban = test::office_ban({"chat.example"});
    ban.settings = std::make_shared<const config::LiveSettings>(live);
    return ban;
  };
  ASSERT_NO_FATAL_FAILURE(run());
  const Json exempt = reply_to({.command = Command::explain,
                                .name = "chat.example",
                                .client = IpAddress::parse("10.1.2.3")});
  EXPECT_EQ(exempt["explanation"]["verdict"], "pass");
  ASSERT_EQ(exempt["notes"].size(), 1U);
  EXPECT_THAT(exempt["notes"][0].get<std::string>(), HasSubstr("Ms Weber: press"));
  EXPECT_TRUE(reply_to({.command = Command::explain, .name = "chat.example"})["notes"].empty());
}

TEST_F(TheDesk, ShowsWhatWasBlockedAndNeverWhatPassed) {
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("private.example");
  push_query("a.chat.example", "10.0.0.1:5000");
  push_query("b.chat.example", "10.0.0.2:5000");
  push_query("c.chat.example", "10.0.0.1:5001");
  const Request flows{.command = Command::flows};
  const Json shown = ask_until(flows, [](const Json& reply) { return reply["flows"].size() >= 3; });
  EXPECT_EQ(shown["flows"].size(), 3U);
  EXPECT_EQ(shown["flows"][0]["name"], "c.chat.example");
  EXPECT_EQ(shown["flows"][0]["client"], "10.0.0.1:5001");
  EXPECT_THAT(shown.dump(), testing::Not(HasSubstr("private.example")));
  EXPECT_EQ(reply_to({.command = Command::flows, .limit = 1})["flows"].size(), 1U);

  const Json seen = reply_to({.command = Command::explain, .name = "C.chat.example"})["seen"];
  EXPECT_EQ(seen["count"], 1);
  EXPECT_EQ(seen["clients"], 1);
  EXPECT_EQ(seen["last_seen"], shown["flows"][0]["time"]);
  EXPECT_EQ(reply_to({.command = Command::explain, .name = "private.example"})["seen"]["count"], 0);

  const Json clients = reply_to({.command = Command::clients});
  ASSERT_EQ(clients["clients"].size(), 2U);
  EXPECT_EQ(clients["clients"][0]["client"], "10.0.0.1");
  EXPECT_EQ(clients["clients"][0]["count"], 2);
  EXPECT_EQ(clients["all"], 2);
}

TEST_F(TheDesk, ClientsHavePseudonymsIfTheAuditTrailHas) {
  std::ofstream(folder / "key") << "secret\n";
  start.audit_pseudonymise = true;
  start.audit_key_file = folder / "key";
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("chat.example");
  const Json clients = ask_until({.command = Command::clients},
                                 [](const Json& reply) { return !reply["clients"].empty(); });
  EXPECT_THAT(clients["clients"][0]["client"].get<std::string>(), testing::StartsWith("p:"));
  EXPECT_THAT(reply_to({.command = Command::flows}).dump(), testing::Not(HasSubstr("10.0.0.1")));
}

TEST_F(TheDesk, AReloadIsAnsweredWhenItIsOver) {
  std::binary_semaphore go(0);
  next = [&]() -> Reloader::Outcome {
    go.acquire();
    return test::office_ban({"other.example"});
  };
  ASSERT_NO_FATAL_FAILURE(run());
  std::jthread asker([&] {
    const Json reply = reply_to({.command = Command::reload});
    EXPECT_EQ(reply["result"], "in_force");
    EXPECT_EQ(reply["generation"], 2);
  });
  // Others are answered meanwhile.
  ask_until({}, [](const Json& reply) { return reply["reloading"] == true; });
  go.release();
  asker.join();
  EXPECT_EQ(
      reply_to({.command = Command::explain, .name = "chat.example"})["explanation"]["verdict"],
      "pass");
  EXPECT_EQ(reply_to({})["last_reload"]["result"], "in_force");
}

// The build under way may have read the files before the second one changed them.
TEST_F(TheDesk, AReloadDuringAReloadWaitsForItsOwn) {
  std::counting_semaphore<2> go(0);
  std::atomic<int> builds = 0;
  next = [&]() -> Reloader::Outcome {
    ++builds;
    go.acquire();
    return test::office_ban({"other.example"});
  };
  ASSERT_NO_FATAL_FAILURE(run());
  std::atomic<int> second = 0;
  std::jthread one([&] { EXPECT_EQ(reply_to({.command = Command::reload})["generation"], 2); });
  while (builds == 0) std::this_thread::yield();
  auto client = control::Client::open(start.control_socket);
  ASSERT_TRUE(client);
  std::jthread other([&] {
    const auto line = client->ask({.command = Command::reload}, kPatience);
    ASSERT_TRUE(line) << line.error();
    second = control::parse_reply(*line).value()["generation"].get<int>();
  });
  static_cast<void>(
      reply_to({}));  // the second request has probably come by now; all is the same if it has not
  go.release();
  one.join();
  go.release();
  other.join();
  EXPECT_EQ(second, 3);
  EXPECT_EQ(builds, 2);
}

TEST_F(TheDesk, AReloadThatFailsSaysWhyAndTheGatewayIsDegraded) {
  next = []() -> Reloader::Outcome { return fail(std::string("chat.list: missing")); };
  ASSERT_NO_FATAL_FAILURE(run());
  const auto reply = ask({.command = Command::reload});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, control::ErrorCode::failed);
  EXPECT_EQ(reply.error().text, "the reload failed: chat.list: missing");
  const Json status = reply_to({});
  EXPECT_EQ(status["health"], "degraded");
  EXPECT_EQ(status["reasons"][0]["code"], "reload_failed");
  EXPECT_EQ(status["generation"], 1);
}

TEST_F(TheDesk, AReloadThatWouldLiftTheBanNeedsAWord) {
  next = [] {
    Ban ban = test::office_ban({});
    ban.status.lists = {{.name = "chat", .app = "chat", .version = "", .refused = 3}};
    return ban;
  };
  ASSERT_NO_FATAL_FAILURE(run());
  const auto refused = ask({.command = Command::reload});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("the reload was refused: "));
  EXPECT_EQ(reply_to({})["reasons"][0]["code"], "reload_refused");
  EXPECT_EQ(reply_to({.command = Command::reload, .accept = true})["result"], "in_force");
}

TEST_F(TheDesk, ARollbackNeedsASource) {
  first = [] {
    Ban ban = test::office_ban({"chat.example"});
    ban.settings = std::make_shared<const config::LiveSettings>();
    return ban;
  };
  ASSERT_NO_FATAL_FAILURE(run());
  const auto reply = ask({.command = Command::rollback, .source = "dept"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, control::ErrorCode::failed);
  EXPECT_EQ(reply.error().text, "the configuration has no [[source]]");
}

TEST_F(TheDesk, SetsTheLogLevel) {
  ASSERT_NO_FATAL_FAILURE(run());
  EXPECT_EQ(reply_to({.command = Command::log_level, .level = "warn"})["level"], "warn");
  EXPECT_EQ(spdlog::get_level(), spdlog::level::warn);
  EXPECT_EQ(reply_to({.command = Command::log_level})["level"], "warn");
  EXPECT_EQ(reply_to({.command = Command::log_level, .level = "error"})["level"], "error");
}

TEST_F(TheDesk, WithoutASocketThereIsNone) {
  start.control_socket.clear();
  const auto none = ControlDesk::open(start);
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

TEST_F(TheDesk, AGroupThatThereIsNotIsAnError) {
  start.control_admin_group = "no-such-group";
  const auto refused = ControlDesk::open(start);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("[control] admin_group: there is no group"));
}

TEST_F(TheDesk, ASecondGatewayIsRefused) {
  ASSERT_NO_FATAL_FAILURE(run());
  const auto second = ControlDesk::open(start);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("another process listens there"));
}

}  // namespace
}  // namespace sluice::app
