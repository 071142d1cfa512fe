#include "gateway/telemetry/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::ordered_json;

// False: the ring is full.
bool push(AuditRing& ring, std::uint32_t number) {
  AuditRecord* const record = ring.reserve();
  if (record == nullptr) return false;
  record->line = number;
  ring.commit();
  return true;
}

AuditRecord record() {
  AuditRecord record;
  record.time = std::chrono::seconds(1'700'000'000) + Nanos{1'234'567};
  record.app.assign("wechat");
  record.rule.assign("wechat.com");
  record.list.assign("wechat");
  record.list_version.assign("0123456789abcdef");
  record.line = 21;
  record.name.assign("web.wechat.com");
  record.protocol.assign("tls");
  record.action.assign("drop");
  record.policy.assign("default");
  record.client = {*IpAddress::parse("192.0.2.1"), Port{5000}};
  record.server = {*IpAddress::parse("198.51.100.2"), Port{443}};
  record.transport = "tcp";
  return record;
}

std::string client_of(const AuditRecord& record, const AuditOptions& options) {
  return Json::parse(to_json(record, options))["client"];
}

// Whoever counts what was dropped must not count it.
TEST(AuditJson, SaysWhatAShadowWouldHaveDone) {
  AuditRecord shadow = record();
  shadow.is_shadow = true;
  const Json line = Json::parse(to_json(shadow, {}));
  EXPECT_EQ(line["action"], "shadow");
  EXPECT_EQ(line["would"], "drop");
  EXPECT_FALSE(Json::parse(to_json(record(), {})).contains("would"));
}

TEST(AuditJson, SaysWhyWhatCannotBeJudgedWasDropped) {
  EXPECT_FALSE(Json::parse(to_json(record(), {})).contains("kind"));
  AuditRecord drop;
  drop.action.assign("drop");
  drop.client = record().client;
  drop.server = record().server;
  drop.transport = "tcp";
  drop.unjudged = "unreadable";
  drop.suppressed = 12;
  const Json line = Json::parse(to_json(drop, {}));
  EXPECT_EQ(line["kind"], "unjudged");
  EXPECT_EQ(line["reason"], "unreadable");
  EXPECT_EQ(line["suppressed"], 12);
  EXPECT_EQ(line["client"], "192.0.2.1:5000");
  EXPECT_EQ(line["server"], "198.51.100.2:443");
  EXPECT_EQ(line["name"], "");
}

TEST(FixedText, CutsWhatIsTooLong) {
  FixedText<4> text;
  EXPECT_EQ(text.view(), "");
  text.assign("abc");
  EXPECT_EQ(text.view(), "abc");
  text.assign("abcdef");
  EXPECT_EQ(text.view(), "abcd");
  text.assign("");
  EXPECT_EQ(text.view(), "");
}

TEST(AuditRing, KeepsTheOrder) {
  AuditRing ring(8);
  EXPECT_EQ(ring.front(), nullptr);
  // Often enough to wrap around.
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(push(ring, 2 * i));
    ASSERT_TRUE(push(ring, 2 * i + 1));
    for (const std::uint32_t wanted : {2 * i, 2 * i + 1}) {
      ASSERT_NE(ring.front(), nullptr);
      EXPECT_EQ(ring.front()->line, wanted);
      ring.release();
    }
    EXPECT_EQ(ring.front(), nullptr);
  }
}

TEST(AuditRing, RoundsUpToAPowerOfTwo) {
  EXPECT_EQ(AuditRing(1).capacity(), 1U);
  EXPECT_EQ(AuditRing(5).capacity(), 8U);
  EXPECT_EQ(AuditRing(64).capacity(), 64U);
}

TEST(AuditRing, FullLosesTheNewRecordNotAnOldOne) {
  AuditRing ring(4);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(push(ring, i));
  EXPECT_FALSE(push(ring, 4));
  EXPECT_EQ(ring.front()->line, 0U);
  ring.release();
  EXPECT_TRUE(push(ring, 5));
  std::vector<std::uint32_t> lines;
  for (; ring.front() != nullptr; ring.release()) lines.push_back(ring.front()->line);
  EXPECT_THAT(lines, ElementsAre(1, 2, 3, 5));
}

TEST(AuditRing, AReservedRecordIsNotSeenBeforeItsCommit) {
  AuditRing ring(4);
  ASSERT_NE(ring.reserve(), nullptr);
  EXPECT_EQ(ring.front(), nullptr);
  ring.commit();
  EXPECT_NE(ring.front(), nullptr);
}

// The producer never waits. What the consumer gets is in order and whole, and arrived plus lost
// records are all records.
TEST(AuditRing, TwoThreads) {
  constexpr std::uint32_t kRecords = 200'000;
  AuditRing ring(64);
  std::uint32_t lost = 0;
  std::atomic<bool> finished = false;
  std::jthread producer([&] {
    for (std::uint32_t i = 1; i <= kRecords; ++i) {
      AuditRecord* const record = ring.reserve();
      if (record == nullptr) {
        ++lost;
        continue;
      }
      record->line = i;
      record->name.assign(std::to_string(i));
      ring.commit();
    }
    finished = true;
  });
  std::uint32_t seen = 0;
  std::uint32_t last = 0;
  for (bool more = true; more;) {
    more = !finished;  // read once more after the producer has ended
    while (const AuditRecord* record = ring.front()) {
      ASSERT_GT(record->line, last);
      last = record->line;
      ASSERT_EQ(record->name.view(), std::to_string(last));
      ring.release();
      ++seen;
    }
  }
  producer.join();
  EXPECT_EQ(seen + lost, kRecords);
  EXPECT_GT(seen, 0U);
}

// gateway/telemetry/README.md documents these keys in this order.
TEST(AuditJson, HasAllKeysInOrder) {
  const Json line = Json::parse(to_json(record(), {}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : line.items()) keys.push_back(key);
  EXPECT_THAT(
      keys, ElementsAre("v", "time", "action", "app", "name", "protocol", "transport", "rule",
                        "list", "list_version", "line", "policy", "client", "server", "evidence"));
  EXPECT_EQ(line["v"], 1);
  EXPECT_EQ(line["time"], "2023-11-14T22:13:20.001234Z");
  EXPECT_EQ(line["action"], "drop");
  EXPECT_EQ(line["app"], "wechat");
  EXPECT_EQ(line["name"], "web.wechat.com");
  EXPECT_EQ(line["protocol"], "tls");
  EXPECT_EQ(line["transport"], "tcp");
  EXPECT_EQ(line["rule"], "wechat.com");
  EXPECT_EQ(line["list"], "wechat");
  EXPECT_EQ(line["list_version"], "0123456789abcdef");
  EXPECT_EQ(line["line"], 21);
  EXPECT_EQ(line["policy"], "default");
  EXPECT_EQ(line["client"], "192.0.2.1:5000");
  EXPECT_EQ(line["server"], "198.51.100.2:443");
}

TEST(AuditJson, AnAnswerAlsoHasWhatWasAsked) {
  AuditRecord answer = record();
  EXPECT_FALSE(Json::parse(to_json(answer, {})).contains("asked"));
  answer.asked.assign("click.example");
  EXPECT_EQ(Json::parse(to_json(answer, {}))["asked"], "click.example");
}

TEST(AuditJson, IsOneLineOfAscii) {
  AuditRecord odd = record();
  odd.policy.assign("caf\u00e9 \"upstairs\"\n\x01");
  odd.list.assign("cut in a letter: \xc3");
  odd.name.assign("a\\000b.wechat.com");
  const std::string text = to_json(odd, {});
  for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << text;
  const Json line = Json::parse(text);
  EXPECT_EQ(line["policy"], "caf\u00e9 \"upstairs\"\n\x01");
  EXPECT_EQ(line["list"], "cut in a letter: \ufffd");
  EXPECT_EQ(line["name"], "a\\000b.wechat.com");
}

TEST(AuditJson, APseudonymIsTheSameForTheSameClient) {
  const AuditOptions options{.pseudonymise = true, .key = "secret"};
  AuditRecord later = record();
  later.client.port = Port{6000};
  later.time += std::chrono::hours(24);
  EXPECT_THAT(client_of(record(), options), testing::MatchesRegex("p:[0-9a-f]{16}"));
  EXPECT_EQ(client_of(record(), options), client_of(later, options));

  AuditRecord other = record();
  other.client.address = *IpAddress::parse("192.0.2.2");
  EXPECT_NE(client_of(record(), options), client_of(other, options));
}

TEST(AuditJson, AnotherKeyGivesAnotherPseudonym) {
  EXPECT_NE(client_of(record(), {.pseudonymise = true, .key = "secret"}),
            client_of(record(), {.pseudonymise = true, .key = "other"}));
}

TEST(AuditJson, APseudonymHidesTheAddress) {
  for (const char* address : {"192.0.2.1", "2001:db8::1"}) {
    AuditRecord hidden = record();
    hidden.client.address = *IpAddress::parse(address);
    const std::string text = to_json(hidden, {.pseudonymise = true, .key = "secret"});
    EXPECT_THAT(text, Not(HasSubstr(address)));
    EXPECT_THAT(text, Not(HasSubstr("5000")));
    EXPECT_THAT(text, HasSubstr("198.51.100.2:443"));
  }
}

std::string client_on(int day, unsigned rotate_days) {
  AuditRecord one = record();
  one.time = std::chrono::days(day) + std::chrono::hours(23);
  return client_of(one, {.pseudonymise = true, .key = "secret", .rotate_days = rotate_days});
}

TEST(AuditJson, APseudonymChangesWithItsPeriod) {
  EXPECT_EQ(client_on(20'006, 7), client_on(20'012, 7)) << "days 20006 to 20012 are one period";
  EXPECT_NE(client_on(20'005, 7), client_on(20'006, 7));
  EXPECT_NE(client_on(20'012, 7), client_on(20'013, 7));
  EXPECT_NE(client_on(20'006, 1), client_on(20'007, 1));
  EXPECT_NE(client_on(20'006, 7), client_on(20'006, 0)) << "the master key is used for itself only";
  EXPECT_EQ(client_on(20'005, 0), client_on(20'013, 0));
  AuditRecord other = record();
  other.client.address = *IpAddress::parse("192.0.2.2");
  const AuditOptions options{.pseudonymise = true, .key = "secret", .rotate_days = 7};
  EXPECT_NE(client_of(record(), options), client_of(other, options));
}

// As the next one. deploy/PRIVACY.md says how to compute it.
TEST(AuditJson, APseudonymOfAPeriodIsTheDocumentedHash) {
  EXPECT_EQ(client_on(20'012, 7), "p:6e58e52ed0e60cb0");
}

// The expected pseudonym was computed with another program. It must not change between versions, so
// that archives of audit lines stay comparable.
TEST(AuditJson, APseudonymIsTheDocumentedHash) {
  EXPECT_EQ(client_of(record(), {.pseudonymise = true, .key = "secret"}), "p:421aa26f28ab6c0d");
}

}  // namespace
}  // namespace sluice::telemetry
