#include "filters/match/domain_set_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "tests/filters/match/name_of.h"

namespace sluice::match {
namespace {

using test::name_of;

void add_names(DomainSetBuilder& builder, std::size_t count) {
  const AppId app = *builder.app("app");
  const ListId list = *builder.list("list");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text =
        "n" + std::to_string(i * 7919) + (i % 3 == 0 ? ".sub.example" : ".com");
    builder.add(name_of(text), EntryKind::suffix, app, list, static_cast<std::uint32_t>(i + 1))
        .value();
  }
}

bool same_bytes(const DomainSet& a, const DomainSet& b) {
  return std::ranges::equal(a.image(), b.image());
}

TEST(DomainSetBuilder, BuildingTwiceGivesTheSameBytes) {
  DomainSetBuilder first({1, 2});
  DomainSetBuilder second({1, 2});
  DomainSetBuilder other_seed({1, 3});
  for (DomainSetBuilder* builder : {&first, &second, &other_seed}) add_names(*builder, 5000);
  const DomainSet built = first.build()->set;
  EXPECT_TRUE(same_bytes(built, first.build()->set));
  EXPECT_TRUE(same_bytes(built, second.build()->set));
  EXPECT_FALSE(same_bytes(built, other_seed.build()->set));
}

TEST(DomainSetBuilder, ThreadsDoNotChangeTheImage) {
  DomainSetBuilder builder({1, 2});
  add_names(builder, 200'000);
  const auto on_threads = [](std::size_t count, FunctionRef<void(std::size_t)> task) {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 3; ++t) {
      threads.emplace_back([=] {
        for (std::size_t i = t; i < count; i += 3) task(i);
      });
    }
  };
  EXPECT_TRUE(same_bytes(builder.build()->set, builder.build(on_threads)->set));
}

TEST(DomainSetBuilder, EveryNameOfALargeSetIsFoundWithItsOwnRule) {
  DomainSetBuilder builder({5, 6});
  add_names(builder, 200'000);
  const DomainSet set = builder.build()->set;
  EXPECT_EQ(set.size(), 200'000U);
  EXPECT_EQ(set.name_count(), 200'000U);
  for (std::size_t i = 0; i < 200'000; ++i) {
    const std::string text =
        "n" + std::to_string(i * 7919) + (i % 3 == 0 ? ".sub.example" : ".com");
    const Match match = set.find(HostName::from(text));
    ASSERT_TRUE(match.rule.valid()) << text;
    ASSERT_EQ(set.rule(match.rule).line, i + 1) << text;
    ASSERT_FALSE(set.find(HostName::from("x" + text)).rule.valid()) << text;
  }
}

TEST(DomainSetBuilder, ReportsDuplicateRangesAmongDuplicateNames) {
  DomainSetBuilder builder({1, 2});
  const AppId app = *builder.app("app");
  const AppId other = *builder.app("other");
  const ListId list = *builder.list("list");
  const IpPrefix range = *IpPrefix::parse("203.0.113.0/24");
  builder.add(range, EntryKind::exact, app, list, 1).value();
  builder.add(name_of("example.com"), EntryKind::exact, app, list, 2).value();
  builder.add(range, EntryKind::exact, other, list, 3).value();          // of another app
  builder.add(range, EntryKind::exact_exception, app, list, 4).value();  // of another kind
  builder.add(range, EntryKind::exact, app, list, 5).value();
  builder.add(name_of("example.com"), EntryKind::exact, app, list, 6).value();
  EXPECT_EQ(builder.size(), 6U);
  const Built built = *builder.build();
  EXPECT_EQ(built.set.size(), 4U);
  EXPECT_EQ(built.duplicates, std::vector<std::uint64_t>{2});
  ASSERT_EQ(built.shown_duplicates.size(), 2U);
  EXPECT_EQ(built.shown_duplicates[0].line, 5U);
  EXPECT_EQ(built.shown_duplicates[0].first_line, 1U);
  EXPECT_EQ(built.shown_duplicates[1].line, 6U);
}

TEST(DomainSetBuilder, ReportsDuplicatesAndKeepsTheFirst) {
  DomainSetBuilder builder({1, 2});
  const AppId app = *builder.app("app");
  const AppId other = *builder.app("other");
  const ListId first = *builder.list("first");
  const ListId second = *builder.list("second");
  const name::Name name = name_of("example.com");
  builder.add(name, EntryKind::suffix, app, first, 10).value();
  builder.add(name, EntryKind::suffix, app, second, 20).value();    // a duplicate
  builder.add(name, EntryKind::exact, app, second, 21).value();     // of another kind
  builder.add(name, EntryKind::suffix, other, second, 22).value();  // of another app
  builder.add(name, EntryKind::suffix, app, first, 30).value();     // a duplicate
  const Built built = *builder.build();
  EXPECT_EQ(built.set.size(), 3U);
  EXPECT_EQ(built.set.name_count(), 1U);
  EXPECT_EQ(built.duplicates, (std::vector<std::uint64_t>{1, 1}));
  ASSERT_EQ(built.shown_duplicates.size(), 2U);
  EXPECT_EQ(built.shown_duplicates[0].line, 30U);  // by list and line
  EXPECT_EQ(built.shown_duplicates[0].first_line, 10U);
  EXPECT_EQ(built.shown_duplicates[1].line, 20U);
  EXPECT_EQ(built.shown_duplicates[1].first_line, 10U);
  bool kept_first = false;
  built.set.find_all(name, [&](const Match& match) {
    kept_first |= built.set.rule(match.rule).line == 10;
    EXPECT_NE(built.set.rule(match.rule).line, 20U);
    return true;
  });
  EXPECT_TRUE(kept_first);
}

TEST(DomainSetBuilder, RefusesEntriesThatDoNotFit) {
  DomainSetBuilder builder({1, 2});
  for (std::size_t i = 0; i < kMaxApps; ++i) builder.app(std::to_string(i)).value();
  EXPECT_EQ(builder.app("one more").error(), BuildError::too_many_apps);
  EXPECT_EQ(builder.app("7")->index, 7);
  EXPECT_EQ(builder.app("*")->index, AppId::kAny);
  EXPECT_EQ(builder.list(std::string(256, 'x')).error(), BuildError::text_too_long);
  const ListId list = *builder.list("list");
  const name::Name starred = name_of("a.b*");
  EXPECT_EQ(builder.add({.name = starred.wire(), .is_glob = true, .list = list}).error(),
            BuildError::glob_at_top);
  const name::Name root;
  EXPECT_FALSE(builder.add({.name = root.wire(), .list = list}).has_value());
}

TEST(DomainSetBuilder, AStarOutsideAGlobIsAnOrdinaryByte) {
  DomainSetBuilder builder({1, 2});
  builder
      .add(name_of("\\*.example.com"), EntryKind::suffix, *builder.app("a"), *builder.list("l"), 1)
      .value();
  const DomainSet set = builder.build()->set;
  EXPECT_TRUE(set.find(name_of("\\*.example.com")).rule.valid());
  EXPECT_FALSE(set.find(name_of("x.example.com")).rule.valid());
}

// A look-up that misses reads at most 12 bytes for each rule.
TEST(DomainSetBuilder, TheHotPartIsSmall) {
  DomainSetBuilder builder({1, 2});
  add_names(builder, 100'000);
  EXPECT_LT(static_cast<double>(builder.build()->set.hot_bytes()), 12.0 * 100'000);
}

}  // namespace
}  // namespace sluice::match
