// Many globs below one name: what a lookup finds, what it costs, and what is left out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "filters/match/glob.h"
#include "filters/match/glob_keys.h"
#include "tests/filters/match/naive_set.h"
#include "tests/filters/match/name_of.h"

namespace sluice::match {
namespace {

using test::NaiveMatch;
using test::NaiveRule;
using test::name_of;

class Globs {
 public:
  void add(std::string_view pattern, EntryKind kind = EntryKind::suffix, AppId app = AppId{0}) {
    const name::Name name = name_of(pattern);
    ASSERT_TRUE(builder_.add({.name = name.wire(),
                              .kind = kind,
                              .is_glob = pattern.contains('*'),
                              .app = app,
                              .list = list_,
                              .line = ++line_}));
  }
  AppId app(std::string_view name) { return *builder_.app(name); }
  [[nodiscard]] Built build() const { return *builder_.build(); }

 private:
  DomainSetBuilder builder_{{1, 2}};
  AppId app_ = *builder_.app("chat");
  ListId list_ = *builder_.list("names");
  std::uint32_t line_ = 0;
};

std::string found(const DomainSet& set, std::string_view name) {
  const Match match = set.find(name_of(name));
  return match.rule.valid() ? rule_text(set, match.rule) : "";
}

// Letters from a small alphabet, so that prefixes and ends are shared.
std::string some_label(std::mt19937& random, std::size_t least, std::size_t most) {
  std::string label;
  for (std::size_t i = least + random() % (most - least + 1); i > 0; --i) {
    label += "ab1-"[random() % 4];
  }
  return label;
}

std::string some_pattern(std::mt19937& random) {
  std::string pattern;
  for (std::size_t labels = 1 + random() % 3; labels > 0; --labels) {
    std::string label = some_label(random, 1, 5);
    for (std::size_t stars = random() % 3; stars > 0; --stars) {
      const std::size_t at = random() % (label.size() + 1);
      const bool beside = (at > 0 && label[at - 1] == '*') || label.substr(at).starts_with('*');
      if (!beside) label.insert(at, "*");
    }
    pattern += label + ".";
  }
  if (!pattern.contains('*')) pattern.insert(0, "*");
  return pattern + (random() % 8 == 0 ? "sub.cdn.example" : "cdn.example");
}

TEST(ManyGlobs, AgreeWithANaiveSet) {
  std::mt19937 random(11);
  for (int round = 0; round < 30; ++round) {
    DomainSetBuilder builder({random(), random()});
    const AppId app = *builder.app("chat");
    const ListId list = *builder.list("names");
    std::vector<NaiveRule> rules;
    std::set<std::pair<std::string, EntryKind>> seen;
    const std::size_t most = std::size_t{1} << (random() % 10);
    for (std::uint32_t line = 1; line <= most; ++line) {
      const bool is_glob = random() % 8 != 0;
      const std::string text =
          is_glob ? some_pattern(random) : some_label(random, 1, 4) + ".cdn.example";
      const auto kind = static_cast<EntryKind>(random() % 4);
      if (!seen.insert({text, kind}).second) continue;
      const name::Name name = name_of(text);
      ASSERT_TRUE(builder.add({name.wire(), kind, is_glob, app, list, line, {}}));
      rules.push_back({name, kind, is_glob, app.index, line});
    }
    const Built built = *builder.build();
    for (const CrowdedGlob& crowded : built.crowded) {
      std::erase_if(rules, [&](const NaiveRule& rule) { return rule.line == crowded.line; });
    }
    for (int i = 0; i < 300; ++i) {
      std::string text =
          some_label(random, 1, 7) + (random() % 3 == 0 ? ".sub" : "") + ".cdn.example";
      for (std::size_t more = random() % 3; more > 0; --more) {
        text.insert(0, some_label(random, 1, 7) + ".");
      }
      const name::Name name = name_of(text);
      std::vector<NaiveMatch> matches;
      built.set.find_all(name, [&](const Match& match) {
        const Rule rule = built.set.rule(match.rule);
        matches.push_back({match.labels, match.kind, rule.app.index, rule.line});
        return true;
      });
      std::vector<NaiveMatch> expected = test::naive_find_all(rules, name);
      test::sort_matches(matches);
      test::sort_matches(expected);
      ASSERT_EQ(matches, expected) << text << " in round " << round;
    }
  }
}

// Bug: each question below the name tried them all, one by one.
TEST(ManyGlobs, TenThousandBelowOneNameAreFound) {
  Globs globs;
  for (int i = 0; i < 10'000; ++i) globs.add("x" + std::to_string(i) + "-*.cdn.example");
  for (int i = 0; i < 10'000; ++i) globs.add("img-*-" + std::to_string(i) + ".cdn.example");
  for (int i = 0; i < 10'000; ++i) globs.add("n" + std::to_string(i) + ".*.cdn.example");
  const Built built = globs.build();
  EXPECT_THAT(built.crowded, testing::IsEmpty());
  ASSERT_EQ(built.many_globs.size(), 1U);
  EXPECT_EQ(built.many_globs[0].count, 30'000U);
  EXPECT_EQ(built.many_globs[0].line, 1U);
  EXPECT_EQ(built.many_globs[0].below, name_of("cdn.example"));
  for (int i = 0; i < 10'000; i += 7) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(found(built.set, "a.X" + n + "-y.cdn.example"), "x" + n + "-*.cdn.example");
    ASSERT_EQ(found(built.set, "img-y-" + n + ".cdn.example"), "img-*-" + n + ".cdn.example");
    ASSERT_EQ(found(built.set, "n" + n + ".y.cdn.example"), "n" + n + ".*.cdn.example");
    ASSERT_EQ(found(built.set, "y" + n + "-y.cdn.example"), "");
  }
}

TEST(ManyGlobs, ThoseAlikeExceptBetweenStarsAreLeftOut) {
  Globs globs;
  for (int i = 0; i < 1000; ++i) globs.add("*-" + std::to_string(1000 + i) + "-*.cdn.example");
  globs.add("other.example");
  const Built built = globs.build();
  EXPECT_EQ(built.crowded.size(), 1000 - kMostMet);
  EXPECT_EQ(built.set.size(), kMostMet + 1);
  std::size_t covered = 0;
  for (int i = 0; i < 1000; ++i) {
    covered +=
        found(built.set, "a-" + std::to_string(1000 + i) + "-b.cdn.example").empty() ? 0U : 1U;
  }
  EXPECT_EQ(covered, kMostMet);
  EXPECT_EQ(found(built.set, "other.example"), "other.example");
}

// Every rule of all apps is met, so they count one by one.
TEST(ManyGlobs, OfManyAppsAreAllFound) {
  Globs globs;
  for (int i = 0; i < 60; ++i) {
    const AppId app = globs.app("app" + std::to_string(i));
    globs.add("a*.cdn.example", EntryKind::suffix, app);
    globs.add("b*.cdn.example", EntryKind::exact, app);
  }
  const Built built = globs.build();
  std::size_t count = 0;
  built.set.find_all(name_of("ax.cdn.example"), [&](const Match&) { return ++count > 0; });
  EXPECT_EQ(count, 60U);
}

TEST(GlobKeys, AreTextsThatFewOthersHave) {
  const auto keys_of = [](const std::vector<std::string>& patterns) {
    std::vector<name::Name> names;
    std::vector<Bytes> wires;
    for (const std::string& pattern : patterns) names.push_back(name_of(pattern));
    for (const name::Name& name : names) wires.push_back(name.wire());
    std::vector<std::string> keys;
    for (const GlobKey& key : glob_keys(wires)) {
      keys.push_back(std::to_string(key.position) + (key.at_end ? "$" : "^") +
                     std::string(key.text));
    }
    return keys;
  };
  EXPECT_THAT(keys_of({"a*.example.com"}), testing::ElementsAre("0^"));  // few are all tried
  std::vector<std::string> patterns = {"abc*.x.example", "*.x.example", "p.*.x.example"};
  for (int i = 0; i < 9; ++i) patterns.push_back("q*" + std::to_string(i) + ".x.example");
  const auto keys = keys_of(patterns);
  EXPECT_EQ(keys[0], "0^abc");
  EXPECT_EQ(keys[1], "0^");
  EXPECT_EQ(keys[2], "1^p");
  EXPECT_EQ(keys[3], "0$0");
}

// Whatever the list and the name are, a lookup meets a bounded number of globs.
TEST(GlobKeysProperty, ANameMeetsABoundedNumber) {
  std::mt19937 random(12);
  for (int round = 0; round < 20; ++round) {
    std::vector<name::Name> names;
    std::vector<Bytes> patterns;
    for (int i = 0; i < 2000; ++i) {
      // Texts within each other: `a*`, `aa*`, `aaa*`.
      std::string label = random() % 2 == 0 ? std::string(1 + random() % 20, 'a') + "*"
                                            : "*" + std::string(1 + random() % 20, 'a');
      if (random() % 2 == 0) label += some_label(random, 1, 2) + "*";
      if (random() % 4 == 0) label = "*" + std::to_string(random() % 5000) + "*";
      names.push_back(name_of(label + ".cdn.example"));
    }
    for (const name::Name& name : names) patterns.push_back(name.wire());
    const std::vector<GlobKey> keys = glob_keys(patterns);
    const std::vector<std::size_t> left_out = crowded(keys);
    for (const std::string& label : {std::string(63, 'a'), std::string(30, 'a') + "b",
                                     std::string("b"), some_label(random, 1, 63)}) {
      std::size_t starts = 0;
      std::size_t ends = 0;
      std::size_t loose = 0;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (std::ranges::binary_search(left_out, i)) continue;
        const GlobKey& key = keys[i];
        loose += key.text.empty() ? 1U : 0U;
        starts += !key.text.empty() && !key.at_end && label.starts_with(key.text) ? 1U : 0U;
        ends += !key.text.empty() && key.at_end && label.ends_with(key.text) ? 1U : 0U;
      }
      ASSERT_LE(loose, kMostMet);
      ASSERT_LE(starts, kMostMet);
      ASSERT_LE(ends, kMostMet);
    }
  }
}

}  // namespace
}  // namespace sluice::match
