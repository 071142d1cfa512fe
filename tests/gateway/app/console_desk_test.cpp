// The console of a running gateway, from a browser's side.

#include "gateway/app/console_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "gateway/app/blocked_report.h"
#include "tests/gateway/app/ban.h"
#include "tests/gateway/app/desk_gateway.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kToken = "0123456789abcdef";
// What a client can put into a question.
constexpr std::string_view kHostile = "<img src=x onerror=alert(1)>.chat.example";

class TheConsole : public test::DeskGateway<ConsoleDesk> {
 protected:
  TheConsole() { start.console.listen = {IpAddress::parse("127.0.0.1").value(), Port{0}}; }

  void need_token(std::string_view token = kToken) {
    std::ofstream(folder / "token") << token << '\n';
    start.console.token_file = folder / "token";
  }

  // The whole reply.
  [[nodiscard]] std::string get(const std::string& target, const std::string& headers = {}) const {
    const os::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(desk->address().port.number);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr any{};
    std::memcpy(&any, &to, sizeof any);
    EXPECT_EQ(::connect(socket.value(), &any, sizeof to), 0);
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
    EXPECT_EQ(::send(socket.value(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string all;
    std::array<char, 4096> bytes{};
    for (;;) {
      const ssize_t count = ::recv(socket.value(), bytes.data(), bytes.size(), 0);
      if (count <= 0) return all;
      all.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  // The object of a reply, whatever its status.
  [[nodiscard]] Json object_of(const std::string& target, const std::string& headers = {}) const {
    const std::string reply = get(target, headers);
    const std::size_t end = reply.find("\r\n\r\n");
    return Json::parse(reply.substr(end == std::string::npos ? reply.size() : end + 4), nullptr,
                       false);
  }
  // A test that waits in vain is ended by ctest.
  template <typename Holds>
  Json object_when(const std::string& target, Holds&& holds) {
    for (;;) {
      Json object = object_of(target);
      if (!object.is_object() || holds(object)) return object;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
};

TEST_F(TheConsole, SaysHowTheGatewayIs) {
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("chat.example");
  const Json status = object_when("/api/v1/status", [](const Json& object) {
    return object["totals"]["packets"] == 1 && !object["policies"].empty();
  });
  EXPECT_EQ(status["health"], "healthy");
  EXPECT_EQ(status["dataplane"]["inside"], "eth1");
  EXPECT_EQ(status["fail_mode"]["without_worker"], "closed");
  EXPECT_EQ(status["fail_mode"]["unjudged"], "drop");
  EXPECT_EQ(status["policies"][0]["policy"], "office");
}

TEST_F(TheConsole, ShowsWhatWasBlockedAndNeverWhatPassed) {
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("private.example");
  push_query("a.chat.example");
  push_query("a.chat.example", "10.0.0.2:5000");
  push_query(kHostile, "10.0.0.3:5000");
  const Json blocked =
      object_when("/api/v1/blocked", [](const Json& object) { return object["records"] == 3; });
  ASSERT_EQ(blocked["names"].size(), 2U);
  EXPECT_EQ(blocked["names"][0]["name"], "a.chat.example");
  EXPECT_EQ(blocked["names"][0]["count"], 2);
  EXPECT_EQ(blocked["names"][0]["app"], "chat");
  EXPECT_EQ(blocked["names"][0]["action"], "drop");
  EXPECT_EQ(blocked["names"][1]["name"], "<img\\032src=x\\032onerror=alert(1)>.chat.example")
      << "a text like any other, within JSON";
  EXPECT_EQ(blocked["clients"].size(), 3U);
  EXPECT_EQ(blocked["clients"][0]["client"], "10.0.0.3");
  EXPECT_EQ(blocked["clients_all"], 3);
  EXPECT_THAT(blocked.dump(), Not(HasSubstr("private.example")));
}

TEST_F(TheConsole, ClientsHavePseudonymsIfTheAuditTrailHas) {
  std::ofstream(folder / "key") << "secret\n";
  start.audit_pseudonymise = true;
  start.audit_key_file = folder / "key";
  ASSERT_NO_FATAL_FAILURE(run());
  push_query("chat.example");
  const Json blocked =
      object_when("/api/v1/blocked", [](const Json& object) { return object["records"] == 1; });
  EXPECT_THAT(blocked["clients"][0]["client"].get<std::string>(), StartsWith("p:"));
  EXPECT_THAT(blocked.dump(), Not(HasSubstr("10.0.0.1")));
}

TEST_F(TheConsole, ExplainsByTheNewestLists) {
  ASSERT_NO_FATAL_FAILURE(run());
  const std::string question = "/api/v1/explain?name=https%3A%2F%2FWWW.chat.example%3A8443%2F";
  const Json before = object_of(question + "&client=10.0.0.1");
  EXPECT_EQ(before["explanation"]["verdict"], "drop");
  EXPECT_EQ(before["explanation"]["name"], "www.chat.example");
  EXPECT_EQ(before["explanation"]["rule"], "chat.example");
  EXPECT_EQ(before["seen"]["count"], 0);
  EXPECT_TRUE(before["notes"].empty());
  ask_to_reload();
  const Json later = object_when(
      question, [](const Json& object) { return object["explanation"]["verdict"] == "pass"; });
  EXPECT_EQ(object_of("/api/v1/status")["generation"], 2);
}

TEST_F(TheConsole, SaysWhatIsWrongWithAQuestion) {
  ASSERT_NO_FATAL_FAILURE(run());
  for (const char* wrong :
       {"/api/v1/explain", "/api/v1/explain?name=", "/api/v1/explain?name=no%20name%20at%20all",
        "/api/v1/explain?name=chat.example&client=office", "/api/v1/explain?name=a.b&target=c.d",
        "/api/v1/explain?name=a.b&name=c.d", "/api/v1/explain?name=%00", "/api/v1/status?all=1"}) {
    EXPECT_THAT(get(wrong), StartsWith("HTTP/1.1 400 ")) << wrong;
    EXPECT_EQ(object_of(wrong)["error"], "bad_argument") << wrong;
  }
  EXPECT_THAT(get("/api/v1/flows"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/api"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(TheConsole, AsksForItsToken) {
  need_token();
  ASSERT_NO_FATAL_FAILURE(run());
  EXPECT_THAT(get("/api/v1/status"), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(get("/api/v1/status?token=" + std::string(kToken)), StartsWith("HTTP/1.1 401 "))
      << "never in a URL";
  const std::string bearer = "Authorization: Bearer " + std::string(kToken) + "\r\n";
  EXPECT_EQ(object_of("/api/v1/status", bearer)["health"], "healthy");
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(TheConsole, HasAHistory) {
  ASSERT_NO_FATAL_FAILURE(run());
  const Json history = object_of("/api/v1/history");
  EXPECT_EQ(history["every_seconds"], 5);
  EXPECT_TRUE(history["points"].is_array());
}

TEST_F(TheConsole, ATokenThatAnybodyGuessesIsAnError) {
  for (const char* token : {"short", "0123456789 abcdef", "0123456789\x01 abcdef"}) {
    need_token(token);
    const auto refused = ConsoleDesk::open(start);
    ASSERT_FALSE(refused) << token;
    EXPECT_THAT(refused.error(), HasSubstr("[console] token_file: "));
  }
  need_token("");
  EXPECT_FALSE(ConsoleDesk::open(start));
  start.console.token_file = folder / "missing";
  EXPECT_FALSE(ConsoleDesk::open(start));
}

TEST_F(TheConsole, WithoutAnAddressThereIsNone) {
  start.console.listen.reset();
  const auto none = ConsoleDesk::open(start);
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

telemetry::AuditRecord record_of(std::string_view name, std::string_view action) {
  telemetry::AuditRecord record;
  record.name.assign(name);
  record.app.assign("chat");
  record.action.assign(action);
  return record;
}

TEST(BlockedReport, CountsNamesByWhatWasDone) {
  std::vector<telemetry::AuditRecord> records = {
      record_of("a.example", "log"), record_of("b.example", "drop"), record_of("a.example", "drop"),
      record_of("b.example", "drop")};
  records.push_back(record_of("", ""));
  records.back().unjudged = "malformed";
  const Json report = blocked_report(records, {});
  ASSERT_EQ(report["names"].size(), 3U);
  EXPECT_EQ(report["names"][0]["name"], "b.example");
  EXPECT_EQ(report["names"][0]["count"], 2);
  EXPECT_EQ(report["unjudged"], 1);
  EXPECT_EQ(report["records"], 5);
}

TEST(BlockedReport, IsBounded) {
  std::vector<telemetry::AuditRecord> records;
  for (int i = 0; i < 512; ++i)
    records.push_back(record_of(std::to_string(i) + ".example", "drop"));
  EXPECT_EQ(blocked_report(records, {})["names"].size(), 50U);
}

}  // namespace
}  // namespace sluice::app
