// The lists that we ship: they load without a refusal, block what they should and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "filters/policy/policy.h"
#include "lists/compile/compile.h"
#include "tests/lists/shared_data.h"

namespace sluice::lists {
namespace {

constexpr std::string_view kApps[] = {"kaspersky", "tiktok", "wechat"};

class ShippedLists : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<ListSpec> specs;
    for (const std::string_view app : kApps) {
      const std::string name(app);
      specs.push_back({.name = name,
                       .source = Source::file(SLUICE_SOURCE_DIR "/lists/apps/" + name + ".list"),
                       .app = name});
    }
    auto compiled = compile(specs);
    ASSERT_TRUE(compiled) << compiled.error().to_string();
    compiled_ = std::move(*compiled);
    // One policy an app, and one of all.
    std::vector<policy::Policy> policies(std::size(kApps) + 1);
    for (std::size_t i = 0; i < std::size(kApps); ++i) {
      const match::AppId app{static_cast<std::uint8_t>(i)};
      policies[i].apps.add(app);
      policies.back().apps.add(app);
    }
    policies_ = policy::PolicySet(std::move(policies));
  }

  // The rule that blocks `host` under policy `index`, as traffic would meet it; empty: none.
  [[nodiscard]] std::string blocked(std::size_t index, std::string_view host) const {
    const policy::PolicyId id{static_cast<std::uint16_t>(index)};
    const auto decision = policies_.decide(compiled_.domains, id, name::Name::from_host(host));
    if (decision.action != policy::Action::drop) return {};
    return std::string(compiled_.domains.app_name(decision.app)) + ": " +
           match::rule_text(compiled_.domains, decision.rule);
  }
  [[nodiscard]] std::string blocked(std::string_view host) const {
    return blocked(std::size(kApps), host);
  }

  Compiled compiled_;
  policy::PolicySet policies_;
};

TEST_F(ShippedLists, LoadWithoutARefusalOrADuplicate) {
  for (const LoadedList& list : compiled_.lists) {
    EXPECT_EQ(list.error_count, 0U) << list.spec.name;
    EXPECT_EQ(list.duplicates, 0U) << list.spec.name;
    EXPECT_GT(list.entries, 20U) << list.spec.name;
    for (const LineError& error : list.errors) {
      ADD_FAILURE() << list.spec.source.name() << ':' << error.line << ": " << error.reason;
    }
  }
}

TEST_F(ShippedLists, BlockEachApp) {
  for (const char* host : {"wechat.com", "sgshort.wechat.com", "dns.weixin.qq.com"}) {
    EXPECT_THAT(blocked(host), testing::StartsWith("wechat: ")) << host;
  }
  for (const char* host : {"www.tiktok.com", "api16-normal-useast5.tiktokv.us"}) {
    EXPECT_THAT(blocked(host), testing::StartsWith("tiktok: ")) << host;
  }
  for (const char* host :
       {"kaspersky.com", "s00.upd.kaspersky.com", "dc1.ksn.kaspersky-labs.com"}) {
    EXPECT_THAT(blocked(host), testing::StartsWith("kaspersky: ")) << host;
  }
}

TEST_F(ShippedLists, LetOthersThrough) {
  for (const char* host :
       {"example.com", "notwechat.com", "wechat.com.example", "qq.com", "www.qq.com", "tencent.com",
        "tiktok.com.example", "bytedance.com", "mykaspersky-fans.example", "akamaized.net",
        "edgesuite.net", "com", ""}) {
    EXPECT_EQ(blocked(host), "") << host;
  }
}

// Known by name, and of no other list: what an app resolves with stays the app's.
TEST(EncryptedDnsList, HoldsCanariesAndServersAndNothingOfAnApp) {
  const auto compiled =
      compile({{.name = "encrypted-dns",
                .source = Source::file(SLUICE_SOURCE_DIR "/lists/apps/encrypted-dns.list"),
                .app = "encrypted-dns"}});
  ASSERT_TRUE(compiled) << compiled.error().to_string();
  EXPECT_EQ(compiled->lists[0].error_count, 0U);
  EXPECT_EQ(compiled->lists[0].duplicates, 0U);
  const auto has = [&](std::string_view host) {
    return compiled->domains.find(name::Name::from_host(host)).rule.valid();
  };
  for (const char* host : {"use-application-dns.net", "_dns.resolver.arpa", "mask.icloud.com",
                           "mask-h2.icloud.com", "mask-api.icloud.com", "dns.google",
                           "mozilla.cloudflare-dns.com", "abc123.dns.nextdns.io"}) {
    EXPECT_TRUE(has(host)) << host;
  }
  for (const char* host : {"dns.weixin.qq.com", "dns.wechat.com", "icloud.com", "www.icloud.com",
                           "google.com", "nextdns.io", "www.quad9.net", "resolver.arpa"}) {
    EXPECT_FALSE(has(host)) << host;
  }
}

// Rows of a table with a head, as maps of columns.
std::vector<std::map<std::string, std::string>> rows_of(const std::string& table) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> result;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, '\t');) result.push_back(cell);
    return result;
  };
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  const auto head = cells(line);
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(lines, line)) {
    const auto row = cells(line);
    for (std::size_t i = 0; i < std::min(head.size(), row.size()); ++i) {
      if (i == 0) rows.emplace_back();
      rows.back()[head[i]] = row[i];
    }
  }
  return rows;
}

TEST_F(ShippedLists, BlockEveryObservedHostByItsApp) {
  const auto table = test::shared_text("apps/observed-hosts.tsv");
  if (!table) GTEST_SKIP() << "apps/observed-hosts.tsv is not there";
  const auto rows = rows_of(*table);
  std::size_t hits = 0;
  for (const auto& row : rows) {
    const auto app = std::ranges::find(kApps, row.at("app"));
    ASSERT_NE(app, std::end(kApps)) << row.at("app");
    const bool hit = !blocked(static_cast<std::size_t>(app - kApps), row.at("host")).empty();
    EXPECT_TRUE(hit) << row.at("app") << ' ' << row.at("host");
    if (hit) ++hits;
  }
  std::printf("%zu of %zu observed hosts are blocked by their app\n", hits, rows.size());
  EXPECT_GT(rows.size(), 0U);
}

TEST_F(ShippedLists, BlockNoNeighbour) {
  const auto table = test::shared_text("apps/overblock-controls.tsv");
  if (!table) GTEST_SKIP() << "apps/overblock-controls.tsv is not there";
  const auto rows = rows_of(*table);
  std::size_t hits = 0;
  for (const auto& row : rows) {
    const std::string rule = blocked(row.at("host"));
    EXPECT_EQ(rule, "") << row.at("host");
    if (!rule.empty()) ++hits;
  }
  std::printf("%zu of %zu neighbours are blocked\n", hits, rows.size());
  EXPECT_GT(rows.size(), 0U);
}

// Endpoints stand beside the names of their app; only what serves the app alone is in force.
TEST(ShippedEndpoints, LoadWithoutARefusal) {
  const std::map<std::string, std::string> holds = {
      {"kaspersky", "77.74.176.0/21"},
      {"tiktok", ""},
      {"wechat", "signature:mmtls"},
      {"encrypted-dns", "signature:dot"},
  };
  for (const auto& [app, entry] : holds) {
    const std::string name = app + ".endpoints";
    const auto compiled = compile({{.name = name,
                                    .source = Source::file(SLUICE_SOURCE_DIR "/lists/apps/" + name),
                                    .format = Format::endpoints,
                                    .app = app}});
    ASSERT_TRUE(compiled) << compiled.error().to_string();
    EXPECT_EQ(compiled->lists[0].error_count, 0U) << name;
    std::vector<std::string> rules;
    compiled->domains.for_each_rule(
        [&](match::RuleId id) { rules.push_back(match::rule_text(compiled->domains, id)); });
    EXPECT_EQ(std::ranges::count(rules, entry), entry.empty() ? 0 : 1) << name;
  }
}

TEST(ShippedEndpoints, AreTheRowsWithoutCollateral) {
  const auto table = test::shared_text("apps/ip-ranges.tsv");
  if (!table) GTEST_SKIP() << "apps/ip-ranges.tsv is not there";
  for (const auto& row : rows_of(*table)) {
    const std::string file = SLUICE_SOURCE_DIR "/lists/apps/" + row.at("app") + ".endpoints";
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const bool in_force = text.contains("\n" + row.at("cidr") + "\n");
    EXPECT_EQ(in_force, row.at("collateral") == "none") << row.at("cidr");
  }
}

}  // namespace
}  // namespace sluice::lists
