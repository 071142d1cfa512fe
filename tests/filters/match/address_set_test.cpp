#include "filters/match/address_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"

namespace sluice::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

// Each word is a prefix, with `@@` in front of exceptions; other words are names.
DomainSet rules_of(const std::vector<std::string>& words) {
  DomainSetBuilder builder({1, 2});
  const AppId app = *builder.app("a");
  const ListId list = *builder.list("l");
  std::uint32_t line = 0;
  for (std::string_view word : words) {
    const bool exception = word.starts_with("@@");
    if (exception) word.remove_prefix(2);
    const auto prefix = IpPrefix::parse(word);
    const auto kind = exception ? EntryKind::exact_exception : EntryKind::exact;
    ++line;
    if (prefix) {
      builder.add(*prefix, kind, app, list, line).value();
    } else {
      builder.add(*name::Name::from_text(word), kind, app, list, line).value();
    }
  }
  return builder.build()->set;
}

std::vector<std::string> found(const DomainSet& rules, const AddressSet& set,
                               const IpAddress& address) {
  std::vector<std::string> texts;
  set.find_all(address, [&](const Match& match) {
    EXPECT_EQ(match.kind, rules.rule(match.rule).kind);
    texts.push_back(rule_text(rules, match.rule));
    return true;
  });
  return texts;
}

TEST(AddressSet, FindsTheLongestFirst) {
  const DomainSet rules = rules_of({"198.51.100.0/24", "198.51.0.0/16", "@@198.51.100.7",
                                    "198.51.100.7", "2001:db8::/32", "example.com"});
  const AddressSet set(rules);
  EXPECT_EQ(set.size(), 4U);
  EXPECT_THAT(
      found(rules, set, address("198.51.100.7")),
      ElementsAre("@@198.51.100.7/32", "198.51.100.7/32", "198.51.100.0/24", "198.51.0.0/16"));
  EXPECT_THAT(found(rules, set, address("198.51.100.8")),
              ElementsAre("198.51.100.0/24", "198.51.0.0/16"));
  EXPECT_THAT(found(rules, set, address("198.51.101.0")), ElementsAre("198.51.0.0/16"));
  EXPECT_THAT(found(rules, set, address("2001:db8:ffff::")), ElementsAre("2001:db8::/32"));
  for (const char* other : {"198.50.255.255", "198.52.0.0", "2001:db9::", "::", "0.0.0.0"}) {
    EXPECT_THAT(found(rules, set, address(other)), IsEmpty()) << other;
  }
}

// Bug: a client behind NAT64 reached a listed range.
TEST(AddressSet, RulesForIpv4HoldBehindNat64) {
  const DomainSet rules =
      rules_of({"198.51.100.0/24", "@@198.51.100.7", "64:ff9b::/96", "@@2001:db8:64:ff00::/56"});
  Nat64 nat64;
  ASSERT_TRUE(nat64.add(*IpPrefix::parse("2001:db8:64::/48")));
  const AddressSet set(rules, nat64);
  // What is listed for the address itself comes first.
  EXPECT_THAT(found(rules, set, address("64:ff9b::198.51.100.8")),
              ElementsAre("64:ff9b::/96", "198.51.100.0/24"));
  EXPECT_THAT(found(rules, set, address("64:ff9b::192.0.2.8")), ElementsAre("64:ff9b::/96"));
  EXPECT_THAT(found(rules, set, address("2001:db8:64:c633:64:700::")),
              ElementsAre("@@198.51.100.7/32", "198.51.100.0/24"));
  EXPECT_THAT(found(rules, set, address("2001:db8:65:c633:64:700::")), IsEmpty());
  EXPECT_THAT(found(rules, AddressSet(rules, Nat64::none()), address("64:ff9b::198.51.100.8")),
              ElementsAre("64:ff9b::/96"));
  int calls = 0;
  set.find_all(address("64:ff9b::198.51.100.8"), [&](const Match&) { return ++calls < 1; });
  EXPECT_EQ(calls, 1);
}

TEST(AddressSet, StopsWhenTheCallerSaysSo) {
  const DomainSet rules = rules_of({"198.51.100.0/24", "198.51.0.0/16"});
  int calls = 0;
  AddressSet(rules).find_all(address("198.51.100.1"), [&](const Match&) {
    ++calls;
    return false;
  });
  EXPECT_EQ(calls, 1);
}

TEST(AddressSet, CoversBothEndsOfTheAddressSpace) {
  const DomainSet rules = rules_of({"::/1", "8000::/1", "255.255.255.255", "0.0.0.0/0",
                                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  const AddressSet set(rules);
  EXPECT_THAT(found(rules, set, address("255.255.255.255")),
              ElementsAre("255.255.255.255/32", "0.0.0.0/0", "::/1"));
  EXPECT_THAT(found(rules, set, address("::")), ElementsAre("::/1"));
  EXPECT_THAT(found(rules, set, address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
              ElementsAre("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "8000::/1"));
}

TEST(AddressSet, TheEmptySetFindsNothing) {
  EXPECT_TRUE(AddressSet().empty());
  EXPECT_TRUE(AddressSet(rules_of({"example.com", "mmtls._signature"})).empty());
  AddressSet().find_all(address("192.0.2.1"), [](const Match&) {
    ADD_FAILURE();
    return true;
  });
}

// Prefixes from few bits, so that many nest and adjoin.
class AddressGenerator {
 public:
  explicit AddressGenerator(std::uint32_t seed) : random_(seed) {}

  IpAddress address() {
    std::array<std::byte, IpAddress::kBytes> bytes{};
    for (std::byte& byte : bytes) byte = kBytes[below(kBytes.size())];
    return IpAddress::from_bytes(Bytes(bytes).first(below(2) == 0 ? 4 : IpAddress::kBytes));
  }
  IpPrefix prefix() {
    const IpAddress inside = address();
    return IpPrefix::around(inside, static_cast<unsigned>(below(129)));
  }
  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

 private:
  static constexpr std::array kBytes = {std::byte{0}, std::byte{1}, std::byte{0x80},
                                        std::byte{0xff}};
  std::mt19937 random_;
};

TEST(AddressSet, AgreesWithANaiveSearch) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    AddressGenerator generator(seed);
    DomainSetBuilder builder({1, 2});
    const AppId app = *builder.app("a");
    const ListId list = *builder.list("l");
    std::vector<IpPrefix> prefixes;
    for (std::size_t i = 0, count = generator.below(60); i < count; ++i) {
      prefixes.push_back(generator.prefix());
      builder.add(prefixes.back(), EntryKind::exact, app, list, 1).value();
    }
    const DomainSet rules = builder.build()->set;
    const AddressSet set(rules);
    std::ranges::sort(prefixes, std::ranges::greater{}, &IpPrefix::length);
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    for (int i = 0; i < 200; ++i) {
      const IpAddress probe = i % 2 == 0 && !prefixes.empty()
                                  ? prefixes[generator.below(prefixes.size())].last()
                                  : generator.address();
      std::vector<std::string> naive;
      for (const IpPrefix& prefix : prefixes) {
        const std::string text = prefix.to_string();
        const bool said = std::ranges::find(naive, text) != naive.end();
        if (prefix.contains(probe) && !said) naive.push_back(text);
      }
      ASSERT_EQ(found(rules, set, probe), naive) << "seed " << seed << ' ' << probe.to_string();
    }
  }
}

}  // namespace
}  // namespace sluice::match
