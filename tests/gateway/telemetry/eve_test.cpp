#include "gateway/telemetry/eve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "gateway/audit/trail.h"

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::ordered_json;

// The fields of Suricata 7.0 that our lines use: their names and types, as etc/schema.json of its
// sources has them. Suricata's schema admits no other field.
const std::map<std::string, std::string> kFields = {
    {"/timestamp", "string"},
    {"/event_type", "string"},
    {"/src_ip", "string"},
    {"/src_port", "integer"},
    {"/dest_ip", "string"},
    {"/dest_port", "integer"},
    {"/proto", "string"},
    {"/app_proto", "string"},
    {"/alert", "object"},
    {"/alert/action", "string"},
    {"/alert/gid", "integer"},
    {"/alert/signature_id", "integer"},
    {"/alert/rev", "integer"},
    {"/alert/signature", "string"},
    {"/alert/category", "string"},
    {"/alert/severity", "integer"},
    {"/dns", "object"},
    {"/dns/version", "integer"},
    {"/dns/type", "string"},
    {"/dns/rrname", "string"},
    {"/dns/query", "array"},
    {"/dns/query/*", "object"},
    {"/dns/query/*/type", "string"},
    {"/dns/query/*/rrname", "string"},
    {"/tls", "object"},
    {"/tls/sni", "string"},
    {"/quic", "object"},
    {"/quic/sni", "string"},
    {"/http", "object"},
    {"/http/hostname", "string"},
};
// Readers of EVE take no event without these.
constexpr const char* kRequired[] = {"timestamp", "event_type"};
constexpr const char* kTimestamp = R"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+)";

std::string type_of(const Json& value) {
  return value.is_number_integer() ? "integer" : value.type_name();
}

void check_fields(const Json& value, const std::string& path, std::vector<std::string>& wrong) {
  if (!path.empty()) {
    const auto field = kFields.find(path);
    if (field == kFields.end()) {
      wrong.push_back(path + " is no field");
    } else if (field->second != type_of(value)) {
      wrong.push_back(path + " is " + type_of(value) + ", not " + field->second);
    }
  }
  for (const auto& [key, below] : value.items()) {
    if (!value.is_structured()) return;
    check_fields(below, path + '/' + (value.is_array() ? "*" : key), wrong);
  }
}

// What is wrong with a line, but for our own object, which readers of EVE skip.
std::vector<std::string> wrong_in(Json line) {
  std::vector<std::string> wrong;
  line.erase("sluice");
  check_fields(line, "", wrong);
  for (const char* field : kRequired) {
    if (!line.contains(field)) wrong.push_back(std::string(field) + " is missing");
  }
  if (!std::regex_match(line.value("timestamp", ""), std::regex(kTimestamp))) {
    wrong.emplace_back("timestamp");
  }
  return wrong;
}

AuditRecord record(const char* protocol = "tls") {
  AuditRecord record;
  record.time = std::chrono::seconds(1'700'000'000) + Nanos{1'234'567};
  record.app.assign("wechat");
  record.rule.assign("wechat.com");
  record.list.assign("wechat");
  record.list_version.assign("0123456789abcdef");
  record.line = 21;
  record.name.assign("web.wechat.com");
  record.protocol.assign(protocol);
  record.action.assign("drop");
  record.policy.assign("default");
  record.client = {*IpAddress::parse("192.0.2.1"), Port{5000}};
  record.server = {*IpAddress::parse("2001:db8::2"), Port{443}};
  record.transport = "tcp";
  return record;
}

AuditRecord unjudged() {
  AuditRecord drop;
  drop.time = record().time;
  drop.action.assign("drop");
  drop.client = record().client;
  drop.server = record().server;
  drop.transport = "udp";
  drop.unjudged = "quic_unknown";
  drop.suppressed = 12;
  return drop;
}

Json line_of(const AuditRecord& record, AuditOptions options = {}) {
  options.format = AuditFormat::eve;
  return Json::parse(to_json(record, options));
}

TEST(Eve, HasTheFieldsThatSuricataHas) {
  for (const char* protocol : {"dns", "tls", "quic", "http", "mmtls", "ip"}) {
    for (const char* action : {"drop", "reject", "log"}) {
      AuditRecord one = record(protocol);
      one.action.assign(action);
      EXPECT_THAT(wrong_in(line_of(one)), IsEmpty()) << protocol << ' ' << action;
      one.is_shadow = true;
      EXPECT_THAT(wrong_in(line_of(one)), IsEmpty()) << protocol << " on trial";
    }
  }
  EXPECT_THAT(wrong_in(line_of(record(), {.pseudonymise = true, .key = "k"})), IsEmpty());
  EXPECT_THAT(wrong_in(line_of(unjudged())), IsEmpty());
  const Nanos now = record().time;
  for (const std::string& note :
       {start_json(now, AuditFormat::eve), lost_json(now, 7, AuditFormat::eve),
        update_json(now, {.result = "ok", .lists = {{"l", "a", "v", 1}}}, AuditFormat::eve)}) {
    EXPECT_THAT(wrong_in(Json::parse(note)), IsEmpty()) << note;
  }
}

TEST(Eve, TheCheckOfFieldsCanFail) {
  Json line = line_of(record());
  line["dest_port"] = "443";
  line["alert"]["verdict"] = "drop";
  line.erase("timestamp");
  EXPECT_THAT(wrong_in(line),
              ElementsAre("/dest_port is string, not integer", "/alert/verdict is no field",
                          "timestamp is missing", "timestamp"));
}

TEST(Eve, SaysWhoAskedForWhatAndWhatWasDone) {
  const Json line = line_of(record());
  EXPECT_EQ(line["timestamp"], "2023-11-14T22:13:20.001234+0000");
  EXPECT_EQ(line["event_type"], "alert");
  EXPECT_EQ(line["src_ip"], "192.0.2.1");
  EXPECT_EQ(line["src_port"], 5000);
  EXPECT_EQ(line["dest_ip"], "2001:db8::2");
  EXPECT_EQ(line["dest_port"], 443);
  EXPECT_EQ(line["proto"], "TCP");
  EXPECT_EQ(line["app_proto"], "tls");
  EXPECT_EQ(line["alert"]["action"], "blocked");
  EXPECT_EQ(line["alert"]["signature"], "Banned app: wechat");
  EXPECT_EQ(line["tls"]["sni"], "web.wechat.com");
}

TEST(Eve, WhatWasLetThroughIsAllowed) {
  AuditRecord one = record();
  EXPECT_EQ(line_of(one)["alert"]["severity"], 2);
  one.action.assign("reject");
  EXPECT_EQ(line_of(one)["alert"]["action"], "blocked");
  one.action.assign("log");
  EXPECT_EQ(line_of(one)["alert"]["action"], "allowed");
  EXPECT_EQ(line_of(one)["alert"]["severity"], 3);
  one.action.assign("drop");
  one.is_shadow = true;
  EXPECT_EQ(line_of(one)["alert"]["action"], "allowed");
  EXPECT_EQ(line_of(one)["alert"]["signature"], "Banned app on trial: wechat");
}

// The number was computed with another program. SIEMs keep it, so it must not change.
TEST(Eve, ASignatureHasANumberThatFollowsFromIt) {
  EXPECT_EQ(line_of(record())["alert"]["signature_id"], 192069060);
  AuditRecord other = record();
  other.app.assign("tiktok");
  EXPECT_NE(line_of(other)["alert"]["signature_id"], line_of(record())["alert"]["signature_id"]);
}

TEST(Eve, NamesStandWhereSuricataPutsThem) {
  const std::string name = "web.wechat.com";
  EXPECT_EQ(line_of(record("quic"))["quic"]["sni"], name);
  EXPECT_EQ(line_of(record("http"))["http"]["hostname"], name);
  const Json question = line_of(record("dns"))["dns"];
  EXPECT_EQ(question["type"], "query");
  EXPECT_EQ(question["rrname"], name);
  EXPECT_EQ(question["query"][0]["rrname"], name);
  AuditRecord answer = record("dns");
  answer.asked.assign("click.example");
  const Json line = line_of(answer);
  EXPECT_EQ(line["dns"]["type"], "answer");
  EXPECT_EQ(line["dns"]["rrname"], "click.example");
  EXPECT_EQ(line["sluice"]["name"], name);
  for (const char* ours : {"mmtls", "ip"}) {
    EXPECT_FALSE(line_of(record(ours)).contains("app_proto")) << "Suricata has no such protocol";
  }
}

// Fragments have no transport that could be told, and so no ports.
TEST(Eve, WhatHasNoTransportHasNoPorts) {
  AuditRecord drop = unjudged();
  EXPECT_EQ(line_of(drop)["proto"], "UDP");
  EXPECT_EQ(line_of(drop)["alert"]["signature"], "Cannot be judged: quic_unknown");
  drop.transport = "";
  const Json line = line_of(drop);
  for (const char* field : {"proto", "src_port", "dest_port"}) EXPECT_FALSE(line.contains(field));
  EXPECT_EQ(line["src_ip"], "192.0.2.1");
}

TEST(Eve, APseudonymTakesThePlaceOfTheClient) {
  const AuditOptions options{.pseudonymise = true, .key = "secret"};
  const Json line = line_of(record(), options);
  EXPECT_EQ(line["src_ip"], client_text(record().client.address, record().time, options));
  EXPECT_FALSE(line.contains("src_port"));
  EXPECT_THAT(line.dump(), Not(HasSubstr("192.0.2.1")));
}

// What EVE has no place for is there as well, so `sluice report` reads both formats.
TEST(Eve, IsReadBackAsOurOwnFormatIs) {
  AuditRecord shadow = record(), answer = record("dns");
  shadow.is_shadow = true;
  answer.asked.assign("click.example");
  AuditRecord over_v6 = record("quic");
  over_v6.client = {*IpAddress::parse("2001:db8::1"), Port{6000}};
  for (const AuditRecord& one : {record(), shadow, answer, over_v6, unjudged()}) {
    for (const bool hidden : {false, true}) {
      AuditOptions options{.pseudonymise = hidden, .key = "k"};
      const auto own = audit::parse_line(to_json(one, options));
      options.format = AuditFormat::eve;
      const auto eve = audit::parse_line(to_json(one, options));
      ASSERT_TRUE(own && eve);
      EXPECT_EQ(eve->kind, own->kind);
      EXPECT_EQ(eve->time, own->time);
      EXPECT_EQ(eve->client, own->client);
      EXPECT_EQ(eve->name, own->name);
      EXPECT_EQ(eve->action + eve->would, own->action + own->would);
      EXPECT_EQ(eve->list_version, own->list_version);
      EXPECT_EQ(eve->reason, own->reason);
      EXPECT_EQ(eve->suppressed, own->suppressed);
    }
  }
  const auto start = audit::parse_line(start_json(record().time, AuditFormat::eve));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->kind, audit::Line::Kind::start);
  EXPECT_FALSE(start->version.empty());
}

}  // namespace
}  // namespace sluice::telemetry
