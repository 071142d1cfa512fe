#include "lists/folder/folder_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class FolderFeedTest : public test::ListFolder {
 protected:
  // Why it is refused; `storage`, which no feed says: it was taken.
  RefusalReason refused() {
    const auto outcome = feed_.fetch({}, bell_);
    return outcome ? RefusalReason::storage : outcome.error().reason;
  }
  FolderSettings settings_{.folder = folder(),
                           .most_bytes = 1000,
                           .interval = milliseconds(60'000),
                           .quiet = milliseconds(50)};
  FolderFeed feed_{settings_};
  Bell bell_;
};

TEST_F(FolderFeedTest, EachFileIsAListByItsStem) {
  write("chat.list", "chat.example\n");
  write("ads.endpoints", "192.0.2.0/24\n");
  for (const char* name : {".hidden", "chat.list~", "chat.swp", "chat.tmp", "chat.new", "x.part"}) {
    write(name, "left.out.example\n");
  }
  const auto got = feed_.fetch({}, bell_);
  ASSERT_TRUE(got && *got);
  ASSERT_EQ((*got)->lists.size(), 2U);
  EXPECT_EQ((*got)->lists[0].name, "ads.endpoints");
  EXPECT_EQ((*got)->lists[0].format, Format::endpoints);
  EXPECT_EQ((*got)->lists[1].name, "chat");
  EXPECT_EQ((*got)->lists[1].text, "chat.example\n");
  const auto again = feed_.fetch({.digest = {}, .validator = (*got)->validator, .file = {}}, bell_);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again) << "nothing has changed";
}

TEST_F(FolderFeedTest, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(refused(), RefusalReason::unreachable) << "empty";
  write("chat.list", "a.example\n");
  write("chat.hosts", "0.0.0.0 a.example\n");
  EXPECT_EQ(refused(), RefusalReason::unusable) << "two files of one name";
  std::filesystem::remove(folder() / "chat.hosts");
  write("large.list", std::string(1000, '#'));
  EXPECT_EQ(refused(), RefusalReason::too_large);
  std::filesystem::remove_all(folder());
  EXPECT_EQ(refused(), RefusalReason::unreachable) << "gone";
}

TEST_F(FolderFeedTest, OfBundlesTheOneThatWasWrittenLast) {
  settings_.bundles = true;
  FolderFeed feed(settings_);
  write("b.bundle", "older");
  std::filesystem::last_write_time(
      folder() / "b.bundle", std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  write("a.bundle", "newer");
  write("chat.list", "no bundle");
  const auto got = feed.fetch({}, bell_);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->bytes, "newer");
}

// An editor writes beside it, renames, and touches: one change, and a whole one.
TEST_F(FolderFeedTest, WakesOnceTheFolderIsQuiet) {
  write("chat.list", "a.example\n");
  const auto first = feed_.fetch({}, bell_);
  ASSERT_TRUE(first && *first);
  std::thread editor([&] {
    std::this_thread::sleep_for(milliseconds(30));
    for (int i = 0; i < 5; ++i) {
      write(".chat.list.swp", "half");
      std::this_thread::sleep_for(milliseconds(20));
    }
    write("chat.list.new", "b.example\n");
    std::filesystem::rename(folder() / "chat.list.new", folder() / "chat.list");
  });
  const auto start = Clock::now();
  feed_.wait(bell_);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(20));
  editor.join();
  const auto second =
      feed_.fetch({.digest = {}, .validator = (*first)->validator, .file = {}}, bell_);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->lists[0].text, "b.example\n");
}

TEST_F(FolderFeedTest, LooksAgainWithoutAnEvent) {
  settings_.interval = milliseconds(50);
  FolderFeed feed(settings_);
  write("chat.list", "a.example\n");
  ASSERT_TRUE(feed.fetch({}, bell_));
  feed.wait(bell_);  // ctest ends it if it does not return
}

}  // namespace
}  // namespace sluice::lists
