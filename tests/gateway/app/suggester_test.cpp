#include "gateway/app/suggester.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "gateway/suggest/suggestion_file.h"
#include "tests/gateway/endpoints/ban.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
using engine::TieKind;
using engine::TieTable;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr HashKey kKey{1, 2};
constexpr Nanos kNow = std::chrono::hours(500'000);

class TheSuggester : public testing::Test {
 protected:
  TheSuggester() : folder(fs::temp_directory_path() / ("suggester." + std::to_string(getpid()))) {
    fs::create_directory(folder);
    file = folder / "suggestions.json";
  }
  ~TheSuggester() override { fs::remove_all(folder); }

  void open(std::size_t most = 100) {
    notes.clear();
    auto opened = Suggester::open(file, most, notes);
    ASSERT_TRUE(opened) << opened.error();
    suggester = std::make_unique<Suggester>(std::move(*opened));
    suggester->watch(one);
    suggester->watch(other);
  }
  static void note(TieTable& table, std::string_view name, int client,
                   TieKind kind = TieKind::hello, std::string_view app = "chat", Nanos now = kNow) {
    const name::Name parsed = *name::Name::from_text(name);
    const IpAddress address = *IpAddress::parse("192.0.2." + std::to_string(client));
    table.note(
        {.name = parsed, .app = engine::tag_of(app), .kind = kind, .client = &address, .now = now});
  }
  void gather() { suggester->gather(*ban); }
  [[nodiscard]] suggest::Candidate only() const {
    const auto all = suggester->candidates();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? suggest::Candidate{} : all[0];
  }
  [[nodiscard]] std::string contents() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(std::string_view text) const { std::ofstream(file, std::ios::binary) << text; }

  fs::path folder, file;
  std::vector<std::string> notes;
  std::shared_ptr<engine::Snapshot> ban =
      test::ban_of_apps({{"chat", "chat.example"}, {"mail", "mail.example"}});
  TieTable one{64, kKey}, other{64, kKey};
  std::unique_ptr<Suggester> suggester;
};

TEST_F(TheSuggester, SumsWhatWorkersSawAndCountsNothingTwice) {
  open();
  note(one, "new.example", 1, TieKind::alias_to);
  note(one, "new.example", 2);
  note(other, "new.example", 2, TieKind::hello, "chat", kNow + std::chrono::hours(3));
  for (int i = 0; i < 3; ++i) gather();
  EXPECT_EQ(only().evidence, (std::array<std::uint64_t, 5>{0, 1, 0, 2, 0}));
  EXPECT_EQ(only().clients, 2U) << "client 2 went through both workers";
  EXPECT_EQ(only().last - only().first, std::chrono::hours(3));
  note(one, "new.example", 3);
  one.note_shared(*name::Name::from_text("new.example"));
  gather();
  EXPECT_EQ(only().count(), 4U);
  EXPECT_EQ(only().clients, 3U);
  EXPECT_EQ(only().shared, 1U);
}

TEST_F(TheSuggester, GoesOnWhereItWasAtTheNextStart) {
  open();
  for (int client = 1; client <= 3; ++client) note(one, "new.example", client);
  gather();
  ASSERT_TRUE(suggester->write());
  const suggest::Candidate before = only();
  open();  // tables of the same process: the new start reads them from their beginning
  EXPECT_EQ(only().name, "new.example");
  EXPECT_EQ(only().count(), before.count());
  EXPECT_EQ(only().clients, 3U);
  gather();
  EXPECT_EQ(only().count(), 2 * before.count());
  EXPECT_EQ(only().clients, 3U) << "a lower bound: the same may have come again";
}

TEST_F(TheSuggester, TheFileHoldsNoClientAndIsForItsOwner) {
  open();
  note(one, "new.example", 123);
  gather();
  ASSERT_TRUE(suggester->write());
  EXPECT_THAT(contents(), HasSubstr("new.example"));
  EXPECT_THAT(contents(), Not(HasSubstr("192.0.2")));
  EXPECT_THAT(contents(), Not(HasSubstr("123")));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(TheSuggester, WhatAListHasByNowGoes) {
  open();
  note(one, "new.example", 1);
  note(one, "other.example", 1, TieKind::hello, "mail");
  gather();
  EXPECT_EQ(suggester->candidates().size(), 2U);
  ban = test::ban_of_apps({{"chat", "new.example"}, {"mail", "mail.example"}});
  gather();
  EXPECT_EQ(only().name, "other.example");
  ban = test::ban_of_apps({{"chat", "new.example"}});
  gather();
  EXPECT_THAT(suggester->candidates(), IsEmpty()) << "no list is of mail any more";
  ASSERT_TRUE(suggester->write());
  EXPECT_THAT(contents(), Not(HasSubstr("example")));
}

TEST_F(TheSuggester, HasABoundAndTheWeakestGo) {
  open(2);
  for (int client = 1; client <= 4; ++client) note(one, "strong.example", client);
  note(one, "strong.example", 1, TieKind::hello, "mail");
  note(one, "strong.example", 2, TieKind::hello, "mail");
  for (int i = 0; i < 20; ++i) note(one, "weak" + std::to_string(i) + ".weak", 10 + i);
  gather();
  const auto all = suggester->candidates();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name + all[1].name, "strong.examplestrong.example");
}

TEST_F(TheSuggester, ADamagedFileIsSetAside) {
  write("{\"v\":1,\"cand");
  open();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr(file.string() + ": not JSON, at byte"));
  EXPECT_THAT(notes[0], HasSubstr("set aside as " + file.string() + ".damaged"));
  EXPECT_TRUE(fs::exists(file.string() + ".damaged"));
  EXPECT_THAT(suggester->candidates(), IsEmpty());
  EXPECT_TRUE(suggest::parse_suggestions(contents()));
}

TEST_F(TheSuggester, WhatCannotBeReadOrWrittenIsAnErrorAtTheStart) {
  for (const fs::path& path : {folder, folder / "no" / "file"}) {
    const auto opened = Suggester::open(path, 10, notes);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error(), HasSubstr(path.string() + ": "));
  }
}

TEST_F(TheSuggester, AFileThatCannotBeWrittenStaysAndIsTriedAgain) {
  open();
  const std::string before = contents();
  note(one, "new.example", 1);
  gather();
  fs::rename(folder, folder.string() + ".away");
  const auto written = suggester->write();
  fs::rename(folder.string() + ".away", folder);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error(), HasSubstr(file.string() + ": "));
  EXPECT_EQ(contents(), before);
  ASSERT_TRUE(suggester->write());
  EXPECT_THAT(contents(), HasSubstr("new.example"));
}

TEST_F(TheSuggester, WritesOnlyNews) {
  open();
  fs::remove(file);
  gather();
  ASSERT_TRUE(suggester->write());
  EXPECT_FALSE(fs::exists(file));
}

}  // namespace
}  // namespace sluice::app
