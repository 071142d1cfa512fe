#include "filters/policy/policy.h"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"

namespace sluice::policy {
namespace {

using match::AppId;
using enum match::EntryKind;

name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

IpAddress client(std::string_view text) {
  return *IpAddress::parse(text);
}

// A set of domains in the tests' notation. The first entry of an app creates it.
class Lists {
 public:
  Lists& add(std::string_view app, match::EntryKind kind, std::string_view name) {
    builder_.add(name_of(name), kind, *builder_.app(app), list_, ++line_).value();
    return *this;
  }
  AppMask apps(std::initializer_list<std::string_view> names) {
    AppMask mask;
    for (const std::string_view name : names) mask.add(*builder_.app(name));
    return mask;
  }
  match::DomainSet build() { return builder_.build()->set; }

 private:
  match::DomainSetBuilder builder_{HashKey{1, 2}};
  match::ListId list_ = *builder_.list("test");
  std::uint32_t line_ = 0;
};

Policy policy_of(std::string name, std::initializer_list<std::string_view> prefixes,
                 AppMask apps = {}, Action action = Action::drop) {
  Policy policy{.name = std::move(name), .apps = apps, .action = action};
  for (const std::string_view text : prefixes) policy.clients.push_back(*IpPrefix::parse(text));
  return policy;
}

std::string_view policy_name(const PolicySet& policies, std::string_view address) {
  return policies.name_of(policies.policy_for(client(address)));
}

TEST(Action, NameRoundTrips) {
  for (const Action action : {Action::allow, Action::log, Action::drop, Action::reject}) {
    EXPECT_EQ(parse_action(to_string(action)), action);
  }
  EXPECT_EQ(parse_action("Drop"), std::nullopt);
  EXPECT_EQ(parse_action(""), std::nullopt);
}

TEST(AppMask, HoldsTheLastAppAndNeverAny) {
  AppMask mask;
  EXPECT_TRUE(mask.empty());
  mask.add(AppId{63});
  EXPECT_FALSE(mask.empty());
  EXPECT_TRUE(mask.has(AppId{63}));
  EXPECT_FALSE(mask.has(AppId{62}));
  EXPECT_FALSE(mask.has(AppId{}));
}

TEST(PolicyForClient, LongestPrefixDecidesInAnyOrder) {
  const PolicySet policies({policy_of("site", {"10.0.0.0/8"}),
                            policy_of("guest", {"10.1.2.3", "192.0.2.0/24"}),
                            policy_of("floor", {"10.1.0.0/16"})});
  EXPECT_EQ(policy_name(policies, "10.9.9.9"), "site");
  EXPECT_EQ(policy_name(policies, "10.1.9.9"), "floor");
  EXPECT_EQ(policy_name(policies, "10.1.2.3"), "guest");
  EXPECT_EQ(policy_name(policies, "10.1.2.4"), "floor");
  EXPECT_EQ(policy_name(policies, "192.0.2.77"), "guest");
}

TEST(PolicyForClient, FirstOfEqualPrefixesDecides) {
  const PolicySet policies(
      {policy_of("first", {"10.0.0.0/8"}), policy_of("second", {"10.0.0.0/8"})});
  EXPECT_EQ(policy_name(policies, "10.1.1.1"), "first");
}

TEST(PolicyForClient, FamiliesAreSeparate) {
  const PolicySet policies({policy_of("v4", {"0.0.0.0/0"}), policy_of("v6", {"2001:db8::/32"}),
                            policy_of("host", {"2001:db8::5"})});
  EXPECT_EQ(policy_name(policies, "255.255.255.255"), "v4");
  EXPECT_EQ(policy_name(policies, "2001:db8:ffff::1"), "v6");
  EXPECT_EQ(policy_name(policies, "2001:db8::5"), "host");
  EXPECT_EQ(policy_name(policies, "2001:db9::1"), "");
}

TEST(PolicyForClient, APolicyWithoutClientsIsForAllOthers) {
  const PolicySet policies({policy_of("rest", {}), policy_of("site", {"10.0.0.0/8"})});
  EXPECT_EQ(policy_name(policies, "10.0.0.1"), "site");
  EXPECT_EQ(policy_name(policies, "192.0.2.1"), "rest");
  EXPECT_EQ(policy_name(policies, "2001:db8::1"), "rest");
}

TEST(Decide, PassesClientsWithoutAPolicy) {
  Lists lists;
  lists.add("wechat", suffix, "wechat.com");
  const PolicySet policies({policy_of("site", {"10.0.0.0/8"}, lists.apps({"wechat"}))});
  const match::DomainSet domains = lists.build();
  const Decision outside = policies.decide(domains, client("192.0.2.1"), name_of("wechat.com"));
  EXPECT_EQ(outside.action, Action::allow);
  EXPECT_FALSE(outside.policy.valid());
  EXPECT_FALSE(outside.rule.valid());
  const PolicySet none;
  EXPECT_EQ(none.decide(domains, client("10.0.0.1"), name_of("wechat.com")).action, Action::allow);
}

TEST(Decide, GivesThePolicysActionAndTheBlockingRule) {
  Lists lists;
  lists.add("wechat", suffix, "wechat.com");
  const AppMask apps = lists.apps({"wechat"});
  const match::DomainSet domains = lists.build();
  for (const Action action : {Action::allow, Action::log, Action::drop, Action::reject}) {
    const PolicySet policies({policy_of("other", {"192.0.2.0/24"}, apps),
                              policy_of("site", {"10.0.0.0/8"}, apps, action)});
    const Decision decision =
        policies.decide(domains, client("10.0.0.1"), name_of("web.wechat.com"));
    EXPECT_EQ(decision.action, action);
    EXPECT_EQ(policies.name_of(decision.policy), "site");
    EXPECT_EQ(domains.app_name(decision.app), "wechat");
    EXPECT_EQ(match::rule_text(domains, decision.rule), "wechat.com");
    EXPECT_EQ(policies.decide(domains, client("10.0.0.1"), name_of("notwechat.com")).action,
              Action::allow);
  }
}

// What a policy for `apps` does with a name: the blocking rule, or the exception in brackets.
class Decides : public testing::Test {
 protected:
  std::string decide(std::initializer_list<std::string_view> apps, std::string_view name) {
    const PolicySet policies({policy_of("test", {}, lists.apps(apps))});
    const match::DomainSet domains = lists.build();
    const Decision decision = policies.decide(domains, PolicyId{0}, name_of(name));
    if (decision.action == Action::drop) {
      return std::string(domains.app_name(decision.app)) + " " +
             match::rule_text(domains, decision.rule);
    }
    EXPECT_FALSE(decision.rule.valid());
    return decision.exception.valid() ? "(" + match::rule_text(domains, decision.exception) + ")"
                                      : "";
  }

  Lists lists;
};

TEST_F(Decides, OnlyAppsOfThePolicyBlock) {
  lists.add("wechat", suffix, "qq.example").add("tiktok", suffix, "video.qq.example");
  EXPECT_EQ(decide({}, "video.qq.example"), "");
  EXPECT_EQ(decide({"wechat"}, "a.video.qq.example"), "wechat qq.example");
  EXPECT_EQ(decide({"tiktok"}, "a.video.qq.example"), "tiktok video.qq.example");
  EXPECT_EQ(decide({"wechat", "tiktok"}, "a.video.qq.example"), "tiktok video.qq.example");
  EXPECT_EQ(decide({"tiktok"}, "qq.example"), "");
}

TEST_F(Decides, LongestEntryOfAnAppWins) {
  lists.add("wechat", suffix, "wechat.com")
      .add("wechat", exception, "open.wechat.com")
      .add("wechat", suffix, "pay.open.wechat.com");
  EXPECT_EQ(decide({"wechat"}, "wechat.com"), "wechat wechat.com");
  EXPECT_EQ(decide({"wechat"}, "a.open.wechat.com"), "(@@open.wechat.com)");
  EXPECT_EQ(decide({"wechat"}, "x.pay.open.wechat.com"), "wechat pay.open.wechat.com");
}

TEST_F(Decides, AtEqualLengthTheExceptionWins) {
  lists.add("wechat", suffix, "wechat.com")
      .add("wechat", exact_exception, "wechat.com")
      .add("wechat", exact, "pay.wechat.com")
      .add("wechat", exception, "pay.wechat.com");
  EXPECT_EQ(decide({"wechat"}, "wechat.com"), "(@@=wechat.com)");
  EXPECT_EQ(decide({"wechat"}, "a.wechat.com"), "wechat wechat.com");
  EXPECT_EQ(decide({"wechat"}, "pay.wechat.com"), "(@@pay.wechat.com)");
}

TEST_F(Decides, ExactEntriesCoverNoSubdomains) {
  lists.add("wechat", exact, "wechat.com").add("wechat", exact, "pay.wechat.com");
  EXPECT_EQ(decide({"wechat"}, "pay.wechat.com"), "wechat =pay.wechat.com");
  EXPECT_EQ(decide({"wechat"}, "a.pay.wechat.com"), "");
}

TEST_F(Decides, AnExceptionOfOneAppHoldsForNoOther) {
  lists.add("wechat", suffix, "cdn.example")
      .add("tiktok", suffix, "cdn.example")
      .add("wechat", exception, "a.cdn.example");
  EXPECT_EQ(decide({"wechat"}, "a.cdn.example"), "(@@a.cdn.example)");
  EXPECT_EQ(decide({"tiktok"}, "a.cdn.example"), "tiktok cdn.example");
  EXPECT_EQ(decide({"wechat", "tiktok"}, "a.cdn.example"), "tiktok cdn.example");
}

TEST_F(Decides, AnExceptionOfTheOperatorHoldsForEveryAppButNotAgainstLongerEntries) {
  lists.add("wechat", suffix, "wechat.com")
      .add("tiktok", suffix, "wechat.com")
      .add("*", exception, "pay.wechat.com")
      .add("tiktok", suffix, "bad.pay.wechat.com");
  EXPECT_EQ(decide({"wechat", "tiktok"}, "pay.wechat.com"), "(@@pay.wechat.com)");
  EXPECT_EQ(decide({"wechat"}, "bad.pay.wechat.com"), "(@@pay.wechat.com)");
  EXPECT_EQ(decide({"tiktok"}, "bad.pay.wechat.com"), "tiktok bad.pay.wechat.com");
  EXPECT_EQ(decide({"wechat"}, "wechat.com"), "wechat wechat.com");
}

// The rule as policy.h states it, entry by entry: slow, but obviously correct.
struct NaiveEntry {
  std::string_view app;
  match::EntryKind kind;
  std::string name;
};

bool covers(const NaiveEntry& entry, std::string_view name) {
  if (entry.name == name) return true;
  return (entry.kind == suffix || entry.kind == exception) && name.ends_with("." + entry.name);
}

bool naive_blocks(const std::vector<NaiveEntry>& entries, std::string_view app,
                  std::string_view name) {
  const NaiveEntry* best = nullptr;
  for (const NaiveEntry& entry : entries) {
    if ((entry.app != app && entry.app != "*") || !covers(entry, name)) continue;
    if (best == nullptr || entry.name.size() > best->name.size() ||
        (entry.name.size() == best->name.size() && match::is_exception(entry.kind))) {
      best = &entry;
    }
  }
  return best != nullptr && !match::is_exception(best->kind);
}

TEST(DecideProperty, AgreesWithANaiveImplementation) {
  constexpr std::array<std::string_view, 3> kApps = {"a", "b", "c"};
  constexpr std::array kKinds = {suffix, exact, exception, exact_exception};
  std::mt19937 random(20261123);
  const auto some_name = [&] {
    std::string name = "x";
    for (auto more = random() % 4; more > 0; --more) {
      name.insert(0, random() % 2 == 0 ? "y." : "z.");
    }
    return name;
  };
  for (int round = 0; round < 2000; ++round) {
    Lists lists;
    std::vector<NaiveEntry> entries;
    for (auto count = random() % 10; count > 0; --count) {
      const bool of_operator = random() % 5 == 0;
      const auto kind = kKinds[of_operator ? 2 + random() % 2 : random() % 4];
      entries.push_back({of_operator ? "*" : kApps[random() % 3], kind, some_name()});
      lists.add(entries.back().app, kind, entries.back().name);
    }
    const PolicySet policies({policy_of("two", {}, lists.apps({"a", "b"}))});
    const match::DomainSet domains = lists.build();
    const std::string name = some_name();
    const Decision decision = policies.decide(domains, PolicyId{0}, name_of(name));
    const bool expected = naive_blocks(entries, "a", name) || naive_blocks(entries, "b", name);
    ASSERT_EQ(decision.action == Action::drop, expected) << round << ' ' << name;
    ASSERT_EQ(decision.rule.valid(), expected);
    if (expected) {
      ASSERT_TRUE(naive_blocks(entries, domains.app_name(decision.app), name)) << round;
      ASSERT_EQ(domains.rule(decision.rule).app, decision.app);
    }
  }
}

}  // namespace
}  // namespace sluice::policy
