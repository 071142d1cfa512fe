#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "lists/format/format.h"
#include "tests/lists/format/written.h"
#include "tests/lists/shared_data.h"

namespace sluice::lists {
namespace {

using test::entries_of;
using test::errors_of;
using test::parse_domains;
using test::parse_hosts;
using test::Parsed;
using test::ParsedEntry;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Hosts, EachNameStandsForItselfAlone) {
  const Parsed parsed = parse_hosts(
      "# a list\n"
      "0.0.0.0 a.example\n"
      "127.0.0.1\tB.Example.  c.example # why\n"
      "::1 d.example\r\n"
      "\n"
      "fe80::1%lo0 e.example\n"
      "  192.0.2.7 f.example  ");
  EXPECT_THAT(entries_of(parsed), ElementsAre("2: =a.example", "3: =b.example", "3: =c.example",
                                              "4: =d.example", "6: =e.example", "7: =f.example"));
  EXPECT_THAT(errors_of(parsed), IsEmpty());
}

TEST(Hosts, ACommentNeedsNoBlankButAnAdBlockRuleIsRefused) {
  const Parsed parsed = parse_hosts(
      "0.0.0.0 a.example#why b.example\n"
      "0.0.0.0 news.example##.banner\n"
      "news.example##.banner\n"
      "0.0.0.0 video.example c.example#@#.ad\n"
      "0.0.0.0 d.example ## why\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: =a.example", "5: =d.example"));
  EXPECT_EQ(parsed.error_count, 3U);
}

TEST(Hosts, IgnoresAByteOrderMark) {
  EXPECT_THAT(entries_of(parse_hosts("\xef\xbb\xbf"
                                     "0.0.0.0 a.example\r\n")),
              ElementsAre("1: =a.example"));
}

TEST(Hosts, LeavesOutTheNamesOfTheMachineItself) {
  const Parsed parsed = parse_hosts(
      "127.0.0.1 localhost localhost.localdomain local a.example\n"
      "255.255.255.255 broadcasthost\n"
      "::1 localhost ip6-localhost ip6-loopback\n"
      "fe00::0 ip6-localnet\n"
      "ff00::0 ip6-mcastprefix\n"
      "ff02::1 ip6-allnodes\n"
      "ff02::2 ip6-allrouters\n"
      "ff02::3 ip6-allhosts\n"
      "0.0.0.0 0.0.0.0\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: =a.example"));
  EXPECT_THAT(errors_of(parsed), IsEmpty());
}

// Names are compared as DNS compares them, these too: nobody means to ban them.
TEST(Hosts, LeavesThemOutInAnyCaseAndWithAFinalDot) {
  EXPECT_THAT(entries_of(parse_hosts("127.0.0.1 LocalHost localhost. Localhost.Localdomain")),
              IsEmpty());
}

TEST(Hosts, RefusesALineThatStartsWithNoAddress) {
  const Parsed parsed = parse_hosts("a.example\n0.0.0.0 b.example\n300.0.0.1 c.example\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("2: =b.example"));
  EXPECT_THAT(
      errors_of(parsed),
      ElementsAre("1: a.example: a line of a hosts file starts with an IP address",
                  "3: 300.0.0.1 c.example: a line of a hosts file starts with an IP address"));
}

TEST(Hosts, AnAddressDoesNotEndAtANul) {
  using namespace std::string_view_literals;
  const Parsed parsed = parse_hosts("0.0.0.0\0junk a.example"sv);
  EXPECT_THAT(entries_of(parsed), IsEmpty());
  EXPECT_EQ(parsed.error_count, 1U);
}

TEST(Hosts, RefusesAnAddressWithoutAName) {
  EXPECT_THAT(errors_of(parse_hosts("0.0.0.0\n127.0.0.1 # a.example")),
              ElementsAre("1: 0.0.0.0: no name behind the address",
                          "2: 127.0.0.1: no name behind the address"));
}

TEST(Hosts, OneBadNameDropsNeitherLineNorRest) {
  using namespace std::string_view_literals;
  const Parsed parsed = parse_hosts(
      "0.0.0.0 a.example b..example =c.example d.example\n"
      "0.0.0.0 *.e.example 192.0.2.1 .\n"
      "0.0.0.0 x\0y.example \xe4.example\n"
      "0.0.0.0 f.example\n"sv);
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: =a.example", "1: =d.example", "4: =f.example"));
  EXPECT_THAT(errors_of(parsed), ElementsAre("1: b..example: empty label",
                                             "1: =c.example: '=' cannot be part of a name",
                                             "2: *.e.example: a glob; this format takes names only",
                                             "2: 192.0.2.1: an IP address, not a name",
                                             "2: .: the root; it would cover every name",
                                             "3: x?y.example: control characters inside a name",
                                             "3: ?.example: neither ASCII nor UTF-8"));
}

TEST(Hosts, ReadsALineOfAnyLength) {
  std::string text = "0.0.0.0";
  for (int i = 0; i < 100'000; ++i) text += " a" + std::to_string(i) + ".example";
  const Parsed parsed =
      parse_hosts(text + "\n0.0.0.0 " + std::string(1'000'000, 'x') + "\n0.0.0.0 last.example\n");
  EXPECT_EQ(parsed.entries.size(), 100'001U);
  EXPECT_EQ(parsed.entries.back().line, 3U);
  EXPECT_THAT(errors_of(parsed),
              ElementsAre("2: " + std::string(80, 'x') + "…: a label is longer than 63 bytes"));
}

TEST(Hosts, CountsErrorsThatItDoesNotKeep) {
  std::string text = "0.0.0.0";
  for (int i = 0; i < 1500; ++i) text += " a..example";
  const Parsed parsed = parse_hosts(text + " good.example\n");
  EXPECT_EQ(parsed.errors.size(), Notes::kMost);
  EXPECT_EQ(parsed.error_count, 1500U);
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: =good.example"));
}

// Mostly what hosts files have in them, and now and then any byte.
std::string some_hosts(std::mt19937& random) {
  constexpr std::string_view kUsual = "ab.:1 \t#\n\r";
  std::string text;
  for (auto parts = random() % 12; parts > 0; --parts) {
    if (random() % 2 == 0) text += "0.0.0.0 ";
    for (auto bytes = random() % 8; bytes > 0; --bytes) {
      text += random() % 16 == 0 ? static_cast<char>(random()) : kUsual[random() % kUsual.size()];
    }
    if (random() % 2 == 0) text += '\n';
  }
  return text;
}

TEST(HostsProperty, EveryEntryNamesALineThatExists) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    const std::string text = some_hosts(random);
    const auto lines = std::ranges::count(text, '\n') + 1;
    const Parsed parsed = parse_hosts(text);
    std::uint32_t last = 1;
    for (const ParsedEntry& entry : parsed.entries) {
      ASSERT_TRUE(entry.is_exact() && !entry.is_exception());
      ASSERT_GE(entry.line, last);
      last = entry.line;
    }
    ASSERT_LE(last, lines);
    for (const LineError& error : parsed.errors) {
      ASSERT_TRUE(error.line >= 1 && error.line <= lines);
      ASSERT_FALSE(error.reason.empty());
    }
  }
}

TEST(HostsProperty, JoinedListsGiveJoinedEntries) {
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    const std::string first = some_hosts(random) + '\n';
    const std::string second = some_hosts(random);
    const auto shift = static_cast<std::uint32_t>(std::ranges::count(first, '\n'));
    Parsed expected = parse_hosts(first);
    Parsed behind = parse_hosts(second);
    for (ParsedEntry& entry : behind.entries) {
      entry.line += shift;
      expected.entries.push_back(entry);
    }
    ASSERT_EQ(entries_of(parse_hosts(first + second)), entries_of(expected)) << round;
  }
}

// The publisher's `domains` and `hosts` files hold the same names.
TEST(RealHosts, HoldTheNamesOfTheirTwinInDomains) {
  const auto hosts = test::shared_text("lists/formats/doh.hosts.txt");
  const auto domains = test::shared_text("lists/formats/doh.domains.txt");
  if (!hosts || !domains) GTEST_SKIP() << "lists/formats/doh.* are not there";
  const Parsed parsed = parse_hosts(*hosts);
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  std::set<std::string> of_hosts, of_domains;
  for (const ParsedEntry& entry : parsed.entries) of_hosts.emplace(as_text(entry.name.wire()));
  for (const ParsedEntry& entry : parse_domains(*domains).entries) {
    of_domains.emplace(as_text(entry.name.wire()));
  }
  EXPECT_EQ(of_hosts.size(), 3778U);
  EXPECT_EQ(of_hosts, of_domains);
}

TEST(RealHosts, KeptByHandIsReadWithoutARefusal) {
  const auto text = test::shared_text("lists/formats/hosts-adaway.txt");
  if (!text) GTEST_SKIP() << "lists/formats/hosts-adaway.txt is not there";
  const Parsed parsed = parse_hosts(*text);
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_EQ(parsed.entries.size(), 6540U);  // 6542 lines, two of which say localhost
}

}  // namespace
}  // namespace sluice::lists
