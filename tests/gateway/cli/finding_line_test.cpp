#include "gateway/cli/finding_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "tests/support/packet_builder.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using Json = nlohmann::ordered_json;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  return names;
}

inspect::Finding dns_finding(Bytes wire, std::uint16_t qtype = 1) {
  inspect::Finding finding;
  finding.protocol = inspect::Protocol::dns;
  finding.name = *name::Name::from_wire(wire);
  finding.qtype = qtype;
  return finding;
}

inspect::Finding dns_finding(std::string_view name, std::uint16_t qtype = 1) {
  return dns_finding(name::Name::from_text(name)->wire(), qtype);
}

inspect::Finding host_finding(std::string_view raw,
                              inspect::Protocol protocol = inspect::Protocol::tls) {
  inspect::Finding finding;
  finding.protocol = protocol;
  finding.source = inspect::Source::server_name;
  finding.name = name::Name::from_host(raw);
  finding.raw = raw;
  return finding;
}

// App `wechat` is banned by wechat.com, but for open.wechat.com; its list and policy have names
// that need escapes.
class Lines : public testing::Test {
 protected:
  Lines() {
    match::DomainSetBuilder builder({1, 2});
    const match::AppId app = *builder.app("wechat");
    const match::ListId list = *builder.list(kList);
    builder.add(*name::Name::from_text("wechat.com"), match::EntryKind::suffix, app, list, 12)
        .value();
    builder
        .add(*name::Name::from_text("open.wechat.com"), match::EntryKind::exception, app, list, 13)
        .value();
    domains_ = builder.build()->set;
    set_action(policy::Action::drop);
  }

  void set_action(policy::Action action) {
    policy::Policy policy{.name = kPolicy, .action = action};
    policy.apps.add(match::AppId{0});
    policies_ = policy::PolicySet({policy});
  }
  [[nodiscard]] policy::Decision decide(const name::Name& name) const {
    return policies_.decide(domains_, policy::PolicyId{0}, name);
  }
  [[nodiscard]] Json line_of(const inspect::Finding& finding, const char* transport = "tcp",
                             const char* client = "192.0.2.1:5000",
                             const char* server = "198.51.100.2:443") const {
    test::FrameBuilder builder(client, server);
    if (std::string_view(transport) == "tcp") builder.tcp(1, 1, "A");
    const test::ByteVector frame = builder.build();
    const auto packet = packet::decode(frame, LinkType::ethernet);
    EXPECT_TRUE(packet);
    const std::string text = finding_fields(*packet, finding, decide(finding.name), domains_);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    return Json::parse(text);  // throws, and so fails, where it is no JSON
  }
  static constexpr const char* kList = "we\"chat\\\u00e9";
  static constexpr const char* kPolicy = "caf\u00e9 \"upstairs\"";
  match::DomainSet domains_;
  policy::PolicySet policies_;
};

TEST(PrintableName, IsAsSentInLowerCaseWithoutFinalDot) {
  EXPECT_EQ(printable_name(host_finding("WWW.Example.COM.")), "www.example.com");
  EXPECT_EQ(printable_name(host_finding(" \twww.example.com ")), "www.example.com");
  EXPECT_EQ(printable_name(host_finding("example.com:8080", inspect::Protocol::http)),
            "example.com:8080");
  EXPECT_EQ(printable_name(dns_finding("WWW.Example.COM.")), "www.example.com");
  EXPECT_EQ(printable_name(dns_finding(".")), "");
}

TEST(PrintableName, EscapesBytesOutsidePrintableAscii) {
  using namespace std::string_view_literals;
  EXPECT_EQ(printable_name(host_finding("a\0b\x01\x7f\xff c.example"sv)),
            "a\\000b\\001\\127\\255\\032c.example");
  EXPECT_EQ(printable_name(host_finding("caf\u00e9.example")), "caf\\195\\169.example");
  EXPECT_EQ(printable_name(host_finding("back\\slash")), "back\\\\slash");
  EXPECT_EQ(printable_name(dns_finding(as_bytes("\4a\0\xff.\0"sv))), "a\\000\\255\\.");
  EXPECT_EQ(printable_name(dns_finding(as_bytes("\3\n \\\0"sv))), "\\010\\032\\\\");
}

TEST(PrintableName, HasNoEscapeForAnyPrintableByteButTheBackslash) {
  for (char c = 0x21; c < 0x7f; ++c) {
    const std::string raw = std::string("x") + c + "y";
    const std::string lower = std::string("x") + to_lower_ascii(c) + "y";
    EXPECT_EQ(printable_name(host_finding(raw)), c == '\\' ? "x\\\\y" : lower);
  }
}

TEST(QtypeText, IsTheMnemonicOrTheNumber) {
  EXPECT_EQ(qtype_text(1), "A");
  EXPECT_EQ(qtype_text(28), "AAAA");
  EXPECT_EQ(qtype_text(65), "HTTPS");
  EXPECT_EQ(qtype_text(64), "SVCB");
  EXPECT_EQ(qtype_text(0), "TYPE0");
  EXPECT_EQ(qtype_text(65535), "TYPE65535");
}

TEST_F(Lines, AFindingHasTheseFieldsInThisOrder) {
  const Json line = line_of(host_finding("Web.WeChat.com"));
  EXPECT_THAT(keys(line), ElementsAre("proto", "name", "client", "server", "transport", "ech",
                                      "verdict", "app", "rule"));
  EXPECT_EQ(line["proto"], "tls");
  EXPECT_EQ(line["name"], "web.wechat.com");
  EXPECT_EQ(line["client"], "192.0.2.1:5000");
  EXPECT_EQ(line["server"], "198.51.100.2:443");
  EXPECT_EQ(line["transport"], "tcp");
  EXPECT_EQ(line["ech"], false);
  EXPECT_EQ(line["verdict"], "drop");
  EXPECT_EQ(line["app"], "wechat");
  EXPECT_EQ(line["rule"], "wechat.com");
}

TEST_F(Lines, ADnsFindingHasAQtypeToo) {
  const Json line =
      line_of(dns_finding("example.com", 65), "udp", "[2001:db8::1]:5000", "[2001:db8::53]:53");
  EXPECT_THAT(keys(line), ElementsAre("proto", "name", "client", "server", "transport", "ech",
                                      "verdict", "app", "rule", "qtype"));
  EXPECT_EQ(line["proto"], "dns");
  EXPECT_EQ(line["transport"], "udp");
  EXPECT_EQ(line["client"], "[2001:db8::1]:5000");
  EXPECT_EQ(line["qtype"], "HTTPS");
}

TEST_F(Lines, AnAnswerSaysSoAndItsClientIsWhoGetsIt) {
  inspect::Finding finding = dns_finding("web.wechat.com", 65);
  const Json question = line_of(finding);
  finding.source = inspect::Source::answer;
  const Json answer = line_of(finding);
  EXPECT_FALSE(question.contains("from"));
  EXPECT_EQ(answer["from"], "answer");
  EXPECT_EQ(answer["client"], question["server"]);
  EXPECT_EQ(answer["server"], question["client"]);
}

TEST_F(Lines, WhatPassesHasNoAppAndNoRule) {
  for (const char* name : {"example.com", "open.wechat.com"}) {
    const Json line = line_of(host_finding(name));
    EXPECT_EQ(line["verdict"], "pass");
    EXPECT_TRUE(line["app"].is_null());
    EXPECT_TRUE(line["rule"].is_null());
  }
}

TEST_F(Lines, VerdictsAreThreeWords) {
  for (const auto& [action, word] :
       {std::pair{policy::Action::drop, "drop"}, std::pair{policy::Action::reject, "drop"},
        std::pair{policy::Action::log, "log"}, std::pair{policy::Action::allow, "pass"}}) {
    set_action(action);
    EXPECT_EQ(line_of(host_finding("wechat.com"))["verdict"], word);
  }
}

TEST_F(Lines, SaysWhatAHelloCarries) {
  inspect::Finding finding = host_finding("example.com");
  finding.has_ech = true;
  EXPECT_EQ(line_of(finding)["ech"], true);
  EXPECT_EQ(line_of(host_finding("example.com", inspect::Protocol::http))["proto"], "http");
}

// Whatever bytes a client sends, the line is ASCII and one JSON object whose name reads back.
TEST_F(Lines, AnyBytesGiveOneLineOfJson) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string raw = std::string("a") + static_cast<char>(byte) + "\".example";
    const inspect::Finding finding = host_finding(raw);
    EXPECT_EQ(line_of(finding)["name"], printable_name(finding)) << byte;
  }
}

}  // namespace
}  // namespace sluice::cli
