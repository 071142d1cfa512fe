#include "gateway/engine/tie_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sluice::engine {
namespace {

constexpr AppTag kChat = 11, kVideo = 22;
constexpr Nanos kStart = std::chrono::hours(500'000);

name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

IpAddress client(std::uint32_t number) {
  return *IpAddress::parse("10." + std::to_string(number >> 16 & 255) + "." +
                           std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255));
}

class TheTieTable : public testing::Test {
 protected:
  void note(std::string_view name, std::uint32_t from, TieKind kind = TieKind::hello,
            AppTag app = kChat) {
    const name::Name parsed = name_of(name);
    const IpAddress address = client(from);
    table.note({.name = parsed, .app = app, .kind = kind, .client = &address, .now = now});
  }
  [[nodiscard]] std::map<std::string, TieTable::Kept> kept() const {
    std::map<std::string, TieTable::Kept> all;
    for (std::size_t i = 0; i < table.places(); ++i) {
      const auto one = table.read(i);
      if (!one) continue;
      std::array<char, name::kMaxTextBytes> text;
      all.emplace(std::string(name::to_text(one->name, text)) + (one->app == kChat ? "" : "+"),
                  *one);
    }
    return all;
  }

  TieTable table{256, HashKey{1, 2}};
  Nanos now = kStart;
};

TEST_F(TheTieTable, KeepsTheEvidenceOfANameAndAnApp) {
  note("a.example", 1, TieKind::alias_to);
  now += std::chrono::minutes(5);
  note("A.Example.", 1);
  note("a.example", 2);
  note("a.example", 3, TieKind::address, kVideo);
  const auto all = kept();
  ASSERT_EQ(all.size(), 2U);
  const TieTable::Kept& chat = all.at("a.example");
  EXPECT_EQ(chat.counts, (std::array<std::uint64_t, kTieKinds>{0, 1, 0, 2, 0}));
  EXPECT_EQ(chat.clients.estimate(), 2U);
  EXPECT_EQ(chat.first, kStart);
  EXPECT_EQ(chat.last, now);
  EXPECT_EQ(chat.shared, 0U);
  EXPECT_EQ(all.at("a.example+").clients.estimate(), 1U);
  EXPECT_EQ(table.noted(), 4U);
  EXPECT_EQ(table.refused(), 0U);
}

TEST_F(TheTieTable, ANameWithoutATieIsNotKept) {
  table.note_shared(name_of("innocent.example"));
  EXPECT_TRUE(kept().empty());
  note("a.example", 1);
  table.note_shared(name_of("a.example"));
  table.note_shared(name_of("b.example"));
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept().at("a.example").shared, 1U);
}

TEST_F(TheTieTable, TheGatewaysOwnResolverIsNoClient) {
  const name::Name name = name_of("edge.example");
  table.note({.name = name, .app = kChat, .kind = TieKind::resolved, .now = now});
  EXPECT_EQ(kept().at("edge.example").clients.estimate(), 0U);
}

TEST_F(TheTieTable, TheLongestNameIsKeptWhole) {
  const std::string label(63, 'x');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'y');
  note(longest, 1);
  EXPECT_TRUE(kept().contains(longest));
}

// A flood of made-up names: of one client, below one domain, of as many clients as it likes.

TEST_F(TheTieTable, AClientBringsAFewNewNamesAnHour) {
  for (int i = 0; i < 1000; ++i) note("n." + std::to_string(i) + ".example" + std::to_string(i), 1);
  EXPECT_EQ(kept().size(), TieTable::kNewOfClient);
  EXPECT_EQ(table.refused(), 1000 - TieTable::kNewOfClient);
  note("another.example", 2);
  EXPECT_TRUE(kept().contains("another.example"));
  now += std::chrono::hours(1);
  note("later.example", 1);
  EXPECT_TRUE(kept().contains("later.example"));
}

TEST_F(TheTieTable, NamesOfOneOwnerFillASixteenth) {
  for (std::uint32_t i = 0; i < 5000; ++i) note("n" + std::to_string(i) + ".owner.example", i);
  EXPECT_LE(kept().size(), 256U / 16);
  note("new.chat.example", 1);
  EXPECT_TRUE(kept().contains("new.chat.example"));
}

TEST_F(TheTieTable, AFloodPushesOutNothingThatTwoClientsShowed) {
  std::vector<std::string> genuine;
  for (std::uint32_t i = 0; i < 20; ++i) {
    genuine.push_back("api.chat" + std::to_string(i) + ".example" + std::to_string(i));
    note(genuine.back(), 1 + i);
    note(genuine.back(), 100 + i);
  }
  const auto before = kept();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    note("n.flood" + std::to_string(i) + ".tld" + std::to_string(i), 1000 + i);
  }
  const auto after = kept();
  for (const std::string& name : genuine) {
    ASSERT_EQ(before.contains(name), after.contains(name)) << name;
  }
  EXPECT_GE(before.size(), 18U) << "sets of 8 places rarely overflow";
  EXPECT_LE(after.size(), table.places());
  EXPECT_GT(table.refused() + after.size(), 256U);
}

TEST_F(TheTieTable, WhatNobodyShowsForAWeekGivesWay) {
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::string name = "n.old" + std::to_string(i) + ".tld" + std::to_string(i);
    note(name, 2 * i);
    note(name, 2 * i + 1);
  }
  const auto is_old = [](const auto& one) { return one.first.starts_with("n.old"); };
  EXPECT_GT(std::ranges::count_if(kept(), is_old), 250);
  now += TieTable::kStale + std::chrono::hours(1);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    note("n.new" + std::to_string(i) + ".tld" + std::to_string(i), 10'000 + i);
  }
  EXPECT_LT(std::ranges::count_if(kept(), is_old), 5);
}

// Whatever comes: no more than its places, each name at most once for an app, only what had a tie.
TEST_F(TheTieTable, KeepsItsBoundsUnderAnything) {
  std::mt19937 random(7);
  std::map<std::string, std::uint64_t> noted;
  for (int i = 0; i < 200'000; ++i) {
    const std::string name =
        "n" + std::to_string(random() % 50) + ".o" + std::to_string(random() % 40) + ".example";
    if (random() % 3 == 0) {
      table.note_shared(name_of(name));
      continue;
    }
    note(name, static_cast<std::uint32_t>(random() % 500),
         static_cast<TieKind>(random() % kTieKinds), random() % 2 == 0 ? kChat : kVideo);
    ++noted[name];
    if (random() % 100 == 0) now += std::chrono::minutes(random() % 600);
  }
  std::size_t places = 0;
  for (std::size_t i = 0; i < table.places(); ++i) places += table.read(i).has_value();
  const auto all = kept();
  EXPECT_EQ(places, all.size()) << "a name is there twice";
  for (const auto& [name, one] : all) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : one.counts) sum += count;
    const std::string plain = name.ends_with('+') ? name.substr(0, name.size() - 1) : name;
    ASSERT_GT(sum, 0U);
    ASSERT_LE(sum, noted[plain]);
    ASSERT_LE(one.first, one.last);
  }
}

}  // namespace
}  // namespace sluice::engine
