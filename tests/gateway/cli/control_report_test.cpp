#include "gateway/cli/control_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using control::Command;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ControlReport, StatusSaysHealthFirst) {
  const Json reply = Json::parse(R"({"sluice":1,"ok":true,"health":"degraded",
    "reasons":[{"code":"reload_refused","text":"the last reload was refused: chat is empty"}],
    "version":"0.1.0","process":4711,"uptime_seconds":273600,
    "dataplane":{"type":"xdp","inside":"eth1","outside":"eth2","workers":2},
    "generation":3,"reloading":false,
    "last_reload":{"result":"refused","at":"2026-11-28T01:34:49Z","reason":"chat is empty"},
    "rules":1234567,
    "lists":[{"list":"chat","app":"chat","version":"0123456789abcdef","entries":318,
              "refused_lines":2,"exceptions":false,"age_seconds":172800}],
    "zones":[],"sources":[{"source":"dept","version":"v12","rolled_back":true,"seen_seconds":61}],
    "timed":[{"kind":"policy","name":"office","in_force":false}],"next_change":null,
    "minute":{"packets":1000,"bytes":64000,"findings":12,"dataplane_lost":5},
    "totals":{"packets":1,"bytes":1,"findings":1,"dataplane_lost":0},
    "decisions":[{"app":"chat","protocol":"tls","action":"drop","count":17}],"workers":[]})");
  const std::string text = report_of(Command::status, reply);
  EXPECT_THAT(text, StartsWith("degraded\n  the last reload was refused: chat is empty "
                               "(reload_refused)\n"));
  for (const char* part :
       {"sluice 0.1.0, process 4711, up 3 d 4 h", "xdp, eth1 (inside), eth2 (outside), 2 workers",
        "1,234,567 rules, generation 3; last reload 2026-11-28T01:34:49Z: refused",
        "1,000 packets, 64,000 bytes, 12 names, 5 lost", "1 packet, 1 byte, 1 name\n",
        "chat by tls: 17", "318 entries, 2 lines refused", "2 d old", "rolled back",
        "1 min since it was reached", "not in force"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(ControlReport, ExplainSaysRuleListVersionAndNotes) {
  const Json reply = Json::parse(R"json({"explanation":{"name":"web.chat.example",
    "asked":"https://web.chat.example/","verdict":"drop","app":"chat","rule":"chat.example",
    "list":"chat","list_version":"0123456789abcdef","line":12,"policy":"office",
    "shadows":[{"would":"pass","app":"chat","rule":"x","list":"new","line":1,"policy":"lab"}]},
    "seen":{"count":3,"clients":2,"last_seen":"t"},
    "notes":["this client is exempt from chat until 2026-12-31T17:00:00Z (Weber: press)"]})json");
  EXPECT_EQ(report_of(Command::explain, reply),
            "drop web.chat.example\n"
            "  asked     https://web.chat.example/\n"
            "  rule      chat.example\n"
            "  list      chat, line 12, version 0123456789abcdef\n"
            "  app       chat\n"
            "  policy    office\n"
            "  on trial  pass by x of list new, policy lab\n"
            "  seen      3 times of late, by 2 clients, last t\n"
            "  note      this client is exempt from chat until 2026-12-31T17:00:00Z (Weber: "
            "press)\n");
  EXPECT_EQ(report_of(Command::explain,
                      Json::parse(R"({"explanation":{"name":"a","verdict":"pass"},"notes":[]})")),
            "pass a\n  policy  none holds this client\n");
}

TEST(ControlReport, FlowsAndClientsAreTables) {
  const Json flows = Json::parse(R"({"flows":[
    {"time":"t1","action":"drop","app":"chat","name":"a.example","protocol":"tls",
     "transport":"tcp","client":"10.0.0.1:5","server":"192.0.2.1:443"},
    {"time":"t2","action":"drop","app":"","name":"","protocol":"","transport":"udp",
     "client":"10.0.0.2:5","server":"192.0.2.1:443","reason":"unreadable"}]})");
  EXPECT_EQ(report_of(Command::flows, flows),
            "t1  drop  10.0.0.1:5  192.0.2.1:443  tls  chat               a.example\n"
            "t2  drop  10.0.0.2:5  192.0.2.1:443  udp  cannot be judged:  unreadable\n");
  EXPECT_EQ(report_of(Command::flows, Json::parse(R"({"flows":[]})")),
            "nothing was blocked or logged yet\n");
  const Json clients = Json::parse(R"({"clients":[{"client":"p:0123","app":"chat","first_seen":"f",
    "last_seen":"l","count":1,"name":"a","policy":"office","action":"drop"}],
    "all":3,"forgotten":1})");
  EXPECT_EQ(report_of(Command::clients, clients),
            "p:0123  chat  drop  1 time  first f  last l  a\n"
            "… and 2 more (--limit)\n"
            "1 earlier row gave way to these\n");
}

TEST(ControlReport, ReloadSaysWhatIsInForce) {
  EXPECT_EQ(
      report_of(Command::reload, Json::parse(R"({"result":"in_force","generation":4,"rules":1})")),
      "in force: generation 4, 1 rule\n");
  EXPECT_EQ(report_of(Command::rollback, Json::parse(R"({"result":"nothing_new","generation":4,
                      "rules":10,"rolled_back":"dept: 3"})")),
            "dept: 3\nnothing new: generation 4, 10 rules\n");
  EXPECT_EQ(report_of(Command::log_level, Json::parse(R"({"level":"warn"})")), "warn\n");
}

// Names of lists may hold any bytes; a newer gateway may say other things.
TEST(ControlReport, ObeysNoControlSignsAndNeedsNoKey) {
  const Json reply = Json::parse(R"({"lists":[{"list":"a\u001b[2J","entries":"x"},7,[]],
    "reasons":{"a":1},"health":3,"clients":["x"],"flows":[null],"explanation":[],"notes":[1]})");
  EXPECT_THAT(report_of(Command::status, reply), Not(HasSubstr("\x1b")));
  for (const Command command : {Command::status, Command::explain, Command::flows, Command::clients,
                                Command::reload, Command::rollback, Command::log_level}) {
    for (const char* text : {"{}", "[]", "null", "7"}) {
      EXPECT_FALSE(report_of(command, Json::parse(text)).empty());
    }
    EXPECT_FALSE(report_of(command, reply).empty());
  }
}

}  // namespace
}  // namespace sluice::cli
