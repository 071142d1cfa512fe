// Amending a set gives what compiling everything again gives.

#include "lists/compile/amend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "filters/match/address_set.h"
#include "lists/compile/compile.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::found;
using test::name_of;

// A list as its lines; several may be alike.
struct Lines {
  std::string name;
  std::string app;
  bool exceptions = false;
  Format format = Format::domains;
  std::multiset<std::string> lines = {};
  bool apart = false;

  [[nodiscard]] ListSpec spec() const {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return {.name = name,
            .source = Source(name,
                             [text]() -> Result<ListText, std::string> {
                               return ListText{std::pmr::string(text), "1", {}};
                             }),
            .format = format,
            .app = app,
            .exceptions = exceptions,
            .apart = apart};
  }
};

Compiled compile_all(const std::vector<Lines>& lists) {
  std::vector<ListSpec> specs;
  for (const Lines& list : lists) specs.push_back(list.spec());
  auto compiled = compile(specs, {.threads = 1, .seed = HashKey{1, 2}, .amendable = true});
  EXPECT_TRUE(compiled);
  return std::move(*compiled);
}

class Generator {
 public:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string line(Format format) {
    if (format == Format::endpoints) {
      return std::string(below(4) == 0 ? "@@" : "") + "198." + std::to_string(51 + below(2)) + '.' +
             std::to_string(below(3)) + ".0/" + std::to_string(22 + below(3));
    }
    static constexpr std::array<const char*, 4> kMarks = {"", "=", "@@", "@@="};
    std::string name;
    for (std::size_t i = 0; i <= below(3); ++i) {
      name += std::string(1, static_cast<char>('a' + below(4))) + (below(9) == 0 ? "*z." : ".");
    }
    static constexpr std::array<const char*, 3> kTops = {"example.com", "cdn.example", "co.uk"};
    return kMarks[below(8) < 4 ? 0 : below(4)] + name + kTops[below(3)];
  }
  std::string name() {
    std::string name;
    for (std::size_t i = 0; i < below(4); ++i) {
      name += std::string(1, static_cast<char>('a' + below(4))) + (below(9) == 0 ? "yz." : ".");
    }
    static constexpr std::array<const char*, 3> kTops = {"example.com", "cdn.example", "co.uk"};
    return name + kTops[below(3)];
  }

 private:
  std::mt19937 random_{7};
};

// Some lines less, some more; most of these are in other lists too.
ListChanges change(Generator& generator, Lines& list) {
  ListChanges changes{
      .list = list.name, .from = "1", .version = "1", .modified = {}, .removed = {}, .added = {}};
  for (std::size_t i = generator.below(6); i > 0 && !list.lines.empty(); --i) {
    const auto line = std::next(list.lines.begin(),
                                static_cast<std::ptrdiff_t>(generator.below(list.lines.size())));
    changes.removed += *line + '\n';
    list.lines.erase(line);
  }
  for (std::size_t i = generator.below(6); i > 0; --i) {
    const std::string line = generator.line(list.format);
    changes.added += line + '\n';
    list.lines.insert(line);
  }
  return changes;
}

// The rules that cover a name, each with its app and its list; order within one length is free.
std::vector<std::string> covering(const Compiled& compiled, const name::Name& name) {
  const match::DomainSet& set = compiled.domains;
  std::vector<std::string> rules;
  set.find_all(name, [&](const match::Match& match) {
    const match::Rule rule = set.rule(match.rule);
    rules.push_back(std::to_string(match.labels) + ' ' + match::rule_text(set, match.rule) + ' ' +
                    std::string(set.app_name(rule.app)) + ' ' +
                    std::string(set.list_name(rule.list)));
    return true;
  });
  std::ranges::sort(rules);
  return rules;
}

std::vector<std::string> all_rules(const Compiled& compiled) {
  const match::DomainSet& set = compiled.domains;
  std::vector<std::string> rules;
  set.for_each_rule([&](match::RuleId id) {
    rules.push_back(match::rule_text(set, id) + ' ' +
                    std::string(set.list_name(set.rule(id).list)));
  });
  std::ranges::sort(rules);
  return rules;
}

std::vector<std::string> ranges_in_order(const Compiled& compiled) {
  std::vector<std::string> ranges;
  compiled.domains.for_each_address_rule([&](const SluiceAddressRule&, match::RuleId id) {
    ranges.push_back(match::rule_text(compiled.domains, id));
  });
  return ranges;
}

TEST(Amend, GivesWhatCompilingEverythingGives) {
  Generator generator;
  std::vector<Lines> lists = {{"one", "app"},
                              {"two", "app"},
                              {"free", "*", true},
                              {"other", "other"},
                              {"ranges", "app", false, Format::endpoints},
                              {"more", "app", false, Format::endpoints}};
  // Lists of which each keeps entries of its own: on trial, or for a time.
  lists.push_back({.name = "trial", .app = "app", .apart = true});
  lists.push_back({.name = "campaign", .app = "app", .apart = true});
  lists.push_back(
      {.name = "ranges on trial", .app = "app", .format = Format::endpoints, .apart = true});
  for (int base = 0; base < 20; ++base) {
    Amendments amendments(compile_all(lists));
    for (int round = 0; round < 20; ++round) {
      const auto amended =
          amendments.amend(change(generator, lists[generator.below(lists.size())]));
      ASSERT_TRUE(amended);
      if (round == 10) {
        const auto folded = amendments.fold(1);
        ASSERT_TRUE(folded);
        ASSERT_FALSE(folded->domains.has_overlay());
        ASSERT_EQ(all_rules(*folded), all_rules(*amended));
        amendments = Amendments(*folded);
      }
      const Compiled anew = compile_all(lists);
      ASSERT_EQ(all_rules(*amended), all_rules(anew));
      ASSERT_EQ(ranges_in_order(*amended), ranges_in_order(anew));
      ASSERT_EQ(amended->domains.size(), anew.domains.size());
      ASSERT_EQ(amended->version, anew.version);
      for (std::size_t i = 0; i < lists.size(); ++i) {
        ASSERT_EQ(amended->lists[i].entries, anew.lists[i].entries) << lists[i].name;
        ASSERT_EQ(amended->lists[i].duplicates, anew.lists[i].duplicates) << lists[i].name;
      }
      for (int i = 0; i < 50; ++i) {
        const name::Name name = name_of(generator.name());
        ASSERT_EQ(covering(*amended, name), covering(anew, name));
      }
    }
  }
}

TEST(Amend, SharesTheImage) {
  const Compiled compiled =
      compile_all({{"one", "app", false, Format::domains, {"a.example.com"}}});
  Amendments amendments(compiled);
  const auto amended =
      amendments.amend({"one", "1", "2", {}, "a.example.com\n", "b.example.com\n"});
  ASSERT_TRUE(amended);
  EXPECT_EQ(amended->domains.image().data(), compiled.domains.image().data());
  EXPECT_EQ(found(*amended, "a.example.com"), "");
  EXPECT_EQ(found(*amended, "b.example.com"), "b.example.com");
  EXPECT_EQ(amended->lists[0].version, "2");
  EXPECT_EQ(amended->domains.list_version(match::ListId{0}), "2");
}

TEST(Amend, AnEntryThatTwoListsHoldStaysUntilBothLoseIt) {
  Amendments amendments(compile_all({{"one", "app", false, Format::domains, {"a.example.com"}},
                                     {"two", "app", false, Format::domains, {"a.example.com"}}}));
  const auto first = amendments.amend({"one", "1", "2", {}, "a.example.com\n", ""});
  ASSERT_TRUE(first);
  EXPECT_EQ(found(*first, "a.example.com"), "a.example.com");
  const auto second = amendments.amend({"two", "1", "2", {}, "a.example.com\n", ""});
  ASSERT_TRUE(second);
  EXPECT_EQ(found(*second, "a.example.com"), "");
}

// A zone of the name alone, and of what is below it, is one entry. Changes know only records.
// Bug: while there was a list on trial, every change compiled all lists.
TEST(Amend, AnEntryOfAListOnTrialIsItsOwn) {
  Lines one{"one", "app", false, Format::domains, {"a.example.com"}};
  Lines trial{"trial", "app", false, Format::domains, {"a.example.com"}, true};
  Amendments amendments(compile_all({one, trial}));
  const auto gone = amendments.amend({.list = "one",
                                      .from = "1",
                                      .version = "2",
                                      .modified = {},
                                      .removed = "a.example.com\n",
                                      .added = {}});
  EXPECT_EQ(all_rules(*gone), (std::vector<std::string>{"a.example.com trial"}));
  const auto both = amendments.amend({.list = "one",
                                      .from = "2",
                                      .version = "3",
                                      .modified = {},
                                      .removed = {},
                                      .added = "a.example.com\n"});
  EXPECT_EQ(all_rules(*both),
            (std::vector<std::string>{"a.example.com one", "a.example.com trial"}));
  EXPECT_EQ(both->lists[0].duplicates + both->lists[1].duplicates, 0U);
}

TEST(Amend, HalfOfAnEntryOfAZoneMayGo) {
  const std::string origin = "$ORIGIN rpz.test.\n";
  const std::string itself = "bad.com CNAME .\n";
  const std::string below = "*.bad.com CNAME .\n";
  const Lines zone{"zone", "app", false, Format::rpz, {origin, itself, below}};
  Amendments amendments(compile_all({zone}));
  const auto blocked = [&](std::string_view removed, std::string_view added) {
    const auto amended = amendments.amend(
        {"zone", "1", "1", {}, origin + std::string(removed), origin + std::string(added)});
    EXPECT_TRUE(amended);
    return std::pair(!found(*amended, "bad.com").empty(), !found(*amended, "x.bad.com").empty());
  };
  EXPECT_EQ(blocked("", ""), std::pair(true, true));
  EXPECT_EQ(blocked(below, ""), std::pair(true, false));
  EXPECT_EQ(blocked(itself, below), std::pair(false, true));
  EXPECT_EQ(blocked("", itself), std::pair(true, true));
  EXPECT_EQ(blocked(itself + below, ""), std::pair(false, false));
  EXPECT_EQ(blocked("", itself + below), std::pair(true, true));
  EXPECT_EQ(blocked(itself, ""), std::pair(false, true));
}

// The answers of a zone's records go with them, one by one.
TEST(Amend, RecordsOfOneNameGoOneByOne) {
  const std::string origin = "$ORIGIN rpz.test.\n";
  const std::string first = "bad.com 60 A 192.0.2.1\n";
  const std::string second = "bad.com 60 AAAA 2001:db8::1\n";
  const std::string sinkhole = "bad.com 60 A 0.0.0.0\n";
  const Lines zone{"zone", "app", false, Format::rpz, {origin, sinkhole, second}};
  const Compiled compiled = compile_all({zone});
  Amendments amendments(compiled);
  const auto answers = [](const Compiled& now, std::uint16_t type) {
    const match::Match match = now.domains.find(name_of("bad.com"));
    return match.rule.valid() ? to_string(now.domains.rule_answer(match.rule, type).kind) : "none";
  };
  const auto amended = [&](std::string_view removed, std::string_view added) {
    return *amendments.amend(
        {"zone", "1", "1", {}, origin + std::string(removed), origin + std::string(added)});
  };
  constexpr std::uint16_t kA = 1;
  constexpr std::uint16_t kAaaa = 28;
  EXPECT_EQ(answers(compiled, kAaaa), "record");
  const Compiled without = amended(second, "");
  EXPECT_EQ(answers(without, kAaaa), "policy") << "the sinkhole is still there";
  EXPECT_EQ(without.lists[0].entries, 1U);
  const Compiled replaced = amended(sinkhole, first + second);
  EXPECT_EQ(answers(replaced, kA), "record");
  EXPECT_EQ(answers(replaced, kAaaa), "record");
  EXPECT_EQ(replaced.lists[0].entries, 2U);
  EXPECT_EQ(answers(*amendments.fold(1), kA), "record");
  EXPECT_EQ(answers(amended(first, ""), kA), "NODATA");
  EXPECT_EQ(answers(amended(second, "bad.com CNAME .\n"), kA), "NXDOMAIN");
  EXPECT_EQ(answers(amended("bad.com CNAME .\n", ""), kA), "none");
}

TEST(Amend, ADuplicateOfAnotherListGoesTooThoughItsRecordIsNotKept) {
  const std::string origin = "$ORIGIN rpz.test.\n";
  const Lines zone{"zone", "app", false, Format::rpz, {origin, "bad.com 60 A 192.0.2.1"}};
  Amendments amendments(compile_all({{"one", "app", false, Format::domains, {"=bad.com"}}, zone}));
  ASSERT_TRUE(
      amendments.amend({"zone", "1", "2", {}, origin + "bad.com 60 A 192.0.2.1\n", origin}));
  const auto last = amendments.amend({"one", "1", "2", {}, "=bad.com\n", ""});
  ASSERT_TRUE(last);
  EXPECT_EQ(found(*last, "bad.com"), "");
}

TEST(Amend, IsGuardedAsCompilingIs) {
  Amendments amendments(compile_all({{"one", "app", false, Format::domains, {"a.example.com"}}}));
  const auto amended =
      amendments.amend({"one", "1", "2", {}, "", "com\nbad..name\nb.example.com\n"});
  ASSERT_TRUE(amended);
  EXPECT_EQ(found(*amended, "x.com"), "");
  EXPECT_EQ(found(*amended, "b.example.com"), "b.example.com");
  EXPECT_EQ(amended->lists[0].error_count, 2U);
}

TEST(Amend, OfAnotherVersionFails) {
  Amendments amendments(compile_all({{"one", "app", false, Format::domains, {"a.example.com"}}}));
  const auto amended = amendments.amend({"one", "2", "3", {}, "a.example.com\n", ""});
  ASSERT_FALSE(amended);
  EXPECT_EQ(amended.error().reason, "the changes are of version 2, in force is 1");
}

TEST(Amend, ForAListThatIsNotLoadedFails) {
  Amendments amendments(compile_all({{"one", "app", false, Format::domains, {"a.example.com"}}}));
  EXPECT_FALSE(amendments.amend({"two", "1", "2", {}, "", "b.example.com\n"}));
  EXPECT_EQ(amendments.size(), 0U);
}

}  // namespace
}  // namespace sluice::lists
