// Overlays: what a set answers whose rules changed beside its image.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "filters/match/address_set.h"
#include "filters/match/domain_set_builder.h"
#include "tests/filters/match/name_of.h"

namespace sluice::match {
namespace {

using test::name_of;

struct Word {
  std::string_view text;  // `a.com`, `=a.com`, `@@a.com`, a prefix
  std::string_view app = "app";
};

// A range if it is one; else a name.
struct Parsed {
  name::Name name;
  std::optional<IpPrefix> range;
  EntryKind kind = EntryKind::suffix;
};

Parsed parse(std::string_view text) {
  Parsed parsed;
  const bool exception = text.starts_with("@@");
  if (exception) text.remove_prefix(2);
  const bool exact = text.starts_with('=');
  if (exact) text.remove_prefix(1);
  parsed.range = IpPrefix::parse(text);
  if (!parsed.range) parsed.name = name_of(text);
  parsed.kind = static_cast<EntryKind>((exception ? 2 : 0) + (exact || parsed.range ? 1 : 0));
  return parsed;
}

void add(DomainSetBuilder& builder, const Word& word, std::uint32_t line) {
  const Parsed parsed = parse(word.text);
  const AppId app = builder.app(word.app).value();
  const ListId list = builder.list("list", "1").value();
  if (parsed.range) {
    builder.add(*parsed.range, parsed.kind, app, list, line).value();
  } else {
    builder
        .add({.name = parsed.name.wire(),
              .kind = parsed.kind,
              .is_glob = word.text.contains('*'),
              .app = app,
              .list = list,
              .line = line})
        .value();
  }
}

DomainSet image_of(std::initializer_list<Word> words) {
  DomainSetBuilder builder(HashKey{1, 2});
  std::uint32_t line = 0;
  for (const Word& word : words) add(builder, word, ++line);
  return builder.build()->set;
}

RuleId find_rule(const DomainSet& set, std::string_view text) {
  const Parsed parsed = parse(text);
  RuleKey key{.kind = parsed.kind, .is_glob = text.contains('*'), .app = AppId{0}};
  parsed.range ? static_cast<void>(key.range = *parsed.range)
               : static_cast<void>(key.name = parsed.name.wire());
  return set.find_rule(key, [](ListId) { return true; });
}

DomainSet changed(const DomainSet& base, std::initializer_list<Word> added,
                  std::initializer_list<std::string_view> removed) {
  DomainSetBuilder builder = DomainSetBuilder::beside(base);
  std::uint32_t line = 100;
  for (const Word& word : added) add(builder, word, ++line);
  std::vector<RuleId> ids;
  for (const std::string_view text : removed) {
    ids.push_back(find_rule(base, text));
    EXPECT_TRUE(ids.back().valid()) << text;
  }
  return base.with(builder.build()->set, ids);
}

std::string found(const DomainSet& set, std::string_view name) {
  const Match match = set.find(name_of(name));
  return match.rule.valid() ? rule_text(set, match.rule) : "";
}

std::vector<std::string> all(const DomainSet& set, std::string_view name) {
  std::vector<std::string> texts;
  set.find_all(name_of(name), [&](const Match& match) {
    texts.push_back(rule_text(set, match.rule));
    return true;
  });
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Overlay, AddsAndTakesAway) {
  const DomainSet base = image_of({{"a.com"}, {"b.com"}});
  const DomainSet set = changed(base, {{"c.com"}, {"zip"}}, {"b.com"});
  EXPECT_EQ(found(set, "x.a.com"), "a.com");
  EXPECT_EQ(found(set, "b.com"), "");
  EXPECT_EQ(found(set, "x.y.z.c.com"), "c.com");
  EXPECT_EQ(found(set, "q.zip"), "zip");
  EXPECT_EQ(set.size(), 3U);
  EXPECT_EQ(found(base, "b.com"), "b.com") << "the set before is as it was";
}

TEST(Overlay, TheLongestWinsAndAtEqualLengthTheExceptionWhereverTheyAre) {
  const DomainSet base = image_of({{"a.com"}, {"@@x.a.com"}, {"=exact.com"}, {"p.q.r.s.com"}});
  const DomainSet set =
      changed(base, {{"@@a.com"}, {"x.a.com"}, {"y.x.a.com"}, {"exact.com"}, {"@@q.r.s.com"}}, {});
  EXPECT_EQ(all(set, "y.x.a.com"),
            (Texts{"y.x.a.com", "@@x.a.com", "x.a.com", "@@a.com", "a.com"}));
  EXPECT_EQ(all(set, "exact.com"), (Texts{"=exact.com", "exact.com"}));
  EXPECT_EQ(all(set, "o.p.q.r.s.com"), (Texts{"p.q.r.s.com", "@@q.r.s.com"}));
  EXPECT_EQ(found(set, "o.q.r.s.com"), "@@q.r.s.com");
}

TEST(Overlay, GlobsOfBothAreOrderedByLength) {
  const DomainSet base = image_of({{"a*.cdn.com"}, {"=x*z.cdn.com"}});
  const DomainSet set = changed(base, {{"cdn.com"}, {"@@ab*.cdn.com"}, {"*c.cdn.com"}}, {});
  EXPECT_EQ(all(set, "abc.cdn.com"),
            (Texts{"@@ab*.cdn.com", "a*.cdn.com", "*c.cdn.com", "cdn.com"}));
  const DomainSet less = changed(set, {}, {"a*.cdn.com"});
  EXPECT_EQ(found(less, "abc.cdn.com"), "");
  EXPECT_EQ(found(less, "xyz.cdn.com"), "=x*z.cdn.com");
}

TEST(Overlay, MoreMatchesThanAreTakenAtATime) {
  std::string deep = "com";
  DomainSetBuilder builder(HashKey{1, 2});
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back(deep = "l." + deep);
  for (std::size_t i = 0; i < names.size(); i += 2) add(builder, {names[i]}, 1);
  const DomainSet base = builder.build()->set;
  DomainSetBuilder beside = DomainSetBuilder::beside(base);
  for (std::size_t i = 1; i < names.size(); i += 2) add(beside, {names[i]}, 1);
  const DomainSet set = base.with(beside.build()->set, {});
  Texts wanted(names.rbegin(), names.rend());
  EXPECT_EQ(all(set, deep), wanted);
}

TEST(Overlay, AppsAndListsOfBoth) {
  const DomainSet base = image_of({{"a.com", "one"}});
  DomainSetBuilder builder = DomainSetBuilder::beside(base);
  builder.set_version(ListId{0}, "2");
  add(builder, {"b.com", "two"}, 7);
  const DomainSet set = base.with(builder.build()->set, {});
  EXPECT_EQ(set.app_count(), 2U);
  const Rule old_rule = set.rule(set.find(name_of("a.com")).rule);
  const Rule new_rule = set.rule(set.find(name_of("b.com")).rule);
  EXPECT_EQ(set.app_name(old_rule.app), "one");
  EXPECT_EQ(set.app_name(new_rule.app), "two");
  EXPECT_EQ(new_rule.line, 7U);
  EXPECT_EQ(set.list_version(new_rule.list), "2");
  EXPECT_EQ(set.find(name_of("a.com")).rule, base.find(name_of("a.com")).rule) << "ids stay";
}

TEST(Overlay, AddressRangesOfBoth) {
  const DomainSet base = image_of({{"198.51.100.0/24"}, {"203.0.113.0/24"}, {"a.com"}});
  const DomainSet set = changed(base, {{"198.51.0.0/16"}, {"@@198.51.100.7/32"}, {"2001:db8::/32"}},
                                {"203.0.113.0/24"});
  const AddressSet addresses(set);
  const auto found_at = [&](std::string_view text) {
    Texts texts;
    addresses.find_all(*IpAddress::parse(text), [&](const Match& match) {
      texts.push_back(rule_text(set, match.rule));
      return true;
    });
    return texts;
  };
  EXPECT_EQ(found_at("198.51.100.7"),
            (Texts{"@@198.51.100.7/32", "198.51.100.0/24", "198.51.0.0/16"}));
  EXPECT_EQ(found_at("203.0.113.9"), Texts{});
  EXPECT_EQ(found_at("2001:db8::1"), Texts{"2001:db8::/32"});
  EXPECT_EQ(AddressSet(base).size(), 2U);
}

TEST(Overlay, ARuleIsFoundByWhatItIs) {
  const DomainSet base =
      image_of({{"a.com"}, {"=a.com"}, {"@@a.com"}, {"x*.a.com"}, {"b.c.d.e.com"}, {"zip"}});
  for (const char* text : {"a.com", "=a.com", "@@a.com", "x*.a.com", "b.c.d.e.com", "zip"}) {
    const RuleId id = find_rule(base, text);
    ASSERT_TRUE(id.valid()) << text;
    EXPECT_EQ(rule_text(base, id), text);
  }
  for (const char* text : {"com", "@@=a.com", "x.a.com", "d.e.com", "y*.a.com", "1.2.3.0/24"}) {
    EXPECT_FALSE(find_rule(base, text).valid()) << text;
  }
}

TEST(Overlay, WhatIsLeftOutIsToldByTheRuleThatStays) {
  DomainSetBuilder builder(HashKey{3, 4});
  builder.tell_left_out();
  const AppId app = *builder.app("app");
  const ListId one = *builder.list("one");
  const ListId two = *builder.list("two");
  const IpPrefix range = *IpPrefix::parse("192.0.2.0/24");
  builder.add(name_of("a.com"), EntryKind::suffix, app, one, 1).value();
  builder.add(range, EntryKind::exact, app, one, 2).value();
  builder.add(name_of("a.com"), EntryKind::exact, app, two, 3).value();
  builder.add(name_of("a.com"), EntryKind::suffix, app, two, 4).value();
  builder.add(range, EntryKind::exact, app, two, 5).value();
  const Built built = *builder.build();
  ASSERT_EQ(built.left_out.size(), 2U);
  EXPECT_EQ(rule_text(built.set, built.left_out[0].stays), "a.com");
  EXPECT_EQ(built.left_out[0].list, two);
  EXPECT_EQ(built.left_out[0].line, 4U);
  EXPECT_EQ(built.set.rule_range(built.left_out[1].stays), range);
  EXPECT_EQ(built.left_out[1].line, 5U);
}

}  // namespace
}  // namespace sluice::match
