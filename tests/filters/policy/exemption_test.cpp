#include "filters/policy/exemption.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace sluice::policy {
namespace {

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}

AppMask apps(std::initializer_list<std::uint8_t> indices) {
  AppMask mask;
  for (const std::uint8_t index : indices) mask.add(match::AppId{index});
  return mask;
}

AppMask apps_for(const PolicySet& policies, std::string_view client) {
  const PolicyId id = policies.policy_for(IpAddress::parse(client).value());
  return id.valid() ? policies.all()[id.index].apps : AppMask{};
}

TEST(Exemption, TheHeadersPicture) {
  std::vector<Policy> policies = {
      {.name = "all", .clients = {prefix("10.0.0.0/8")}, .apps = apps({0, 1})},
      {.name = "few", .clients = {prefix("10.1.2.0/24")}, .apps = apps({0})}};
  exempt(policies, std::array{prefix("10.1.0.0/16")}, apps({0}));
  const PolicySet set(policies);
  EXPECT_EQ(apps_for(set, "10.2.0.1"), apps({0, 1}));
  EXPECT_EQ(apps_for(set, "10.1.0.1"), apps({1}));
  EXPECT_EQ(apps_for(set, "10.1.2.1"), apps({}));
  EXPECT_EQ(set.name_of(set.policy_for(IpAddress::parse("10.1.0.1").value())), "all");
  EXPECT_EQ(set.name_of(set.policy_for(IpAddress::parse("10.1.2.1").value())), "few");
}

TEST(Exemption, AGroupThatIsAllOfAPolicyLeavesItWithoutClients) {
  std::vector<Policy> policies = {{.name = "all", .apps = apps({0})}};
  exempt(policies, std::array{IpPrefix{}}, apps({0}));
  EXPECT_EQ(apps_for(PolicySet(policies), "10.1.0.1"), apps({}));
}

TEST(Exemption, ShadowsAreCountedWithWhatTheyAreMadeOf) {
  std::vector<Policy> policies = {{.name = "trial", .apps = apps({0, 1}), .shadow = true}};
  exempt(policies, std::array{prefix("10.1.0.0/16")}, apps({0}));
  const PolicySet set(policies);
  const PolicyId made = set.shadow_policy_for(IpAddress::parse("10.1.0.1").value());
  EXPECT_EQ(set.all()[made.index].apps, apps({1}));
  EXPECT_EQ(set.shadow_slot(made), set.shadow_slot(PolicyId{0}));
}

// Prefixes of few addresses, so that many hold each other.
IpPrefix any_prefix(std::mt19937& chance) {
  const std::array<std::byte, 4> bytes = {std::byte{10}, std::byte{0}, std::byte{0},
                                          static_cast<std::byte>(chance() % 16)};
  return IpPrefix::around(IpAddress::from_bytes(bytes), 124 + static_cast<unsigned>(chance() % 5));
}

AppMask any_apps(std::mt19937& chance) {
  AppMask mask;
  for (std::uint8_t i = 0; i < 4; ++i) {
    if (chance() % 2 == 0) mask.add(match::AppId{i});
  }
  return mask;
}

TEST(ExemptionProperties, EachClientHasItsPolicyWithoutTheAppsThatItIsExemptFrom) {
  std::mt19937 chance(1);
  for (int round = 0; round < 3000; ++round) {
    std::vector<Policy> policies(1 + chance() % 5);
    for (std::size_t i = 0; i < policies.size(); ++i) {
      policies[i] = {.name = std::to_string(i), .apps = any_apps(chance)};
      for (std::size_t n = chance() % 4; n > 0; --n) {
        policies[i].clients.push_back(any_prefix(chance));
      }
      policies[i].shadow = chance() % 4 == 0;
      policies[i].in_force = chance() % 5 != 0;
    }
    const PolicySet before(policies);
    struct Group {
      std::vector<IpPrefix> clients;
      AppMask apps;
    };
    std::vector<Group> groups(1 + chance() % 3);
    for (Group& group : groups) {
      group.apps = any_apps(chance);
      for (std::size_t n = 1 + chance() % 3; n > 0; --n) {
        group.clients.push_back(any_prefix(chance));
      }
      exempt(policies, group.clients, group.apps);
    }
    const PolicySet after(policies);
    for (unsigned last = 0; last < 20; ++last) {
      const std::array<std::byte, 4> bytes = {std::byte{10}, std::byte{0}, std::byte{0},
                                              static_cast<std::byte>(last)};
      const IpAddress client = IpAddress::from_bytes(bytes);
      const auto check = [&](PolicyId old, PolicyId now) {
        ASSERT_EQ(before.name_of(old), after.name_of(now)) << round << ' ' << last;
        if (!old.valid()) return;
        AppMask expected = before.all()[old.index].apps;
        for (const Group& group : groups) {
          const auto holds = [&](const IpPrefix& it) { return it.contains(client); };
          if (std::ranges::any_of(group.clients, holds)) expected.remove(group.apps);
        }
        ASSERT_EQ(after.all()[now.index].apps, expected) << round << ' ' << last;
      };
      check(before.policy_for(client), after.policy_for(client));
      check(before.shadow_policy_for(client), after.shadow_policy_for(client));
    }
  }
}

}  // namespace
}  // namespace sluice::policy
