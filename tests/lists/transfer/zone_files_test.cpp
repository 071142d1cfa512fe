// Zones on disk: whole or not there, whatever happened to the files.

#include "lists/transfer/zone_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>

#include "lists/transfer/zone_records.h"

namespace sluice::lists {
namespace {

class ZoneFilesTest : public testing::Test {
 protected:
  ZoneFilesTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ZoneFilesTest() override { std::filesystem::remove_all(folder_); }
  ZoneFilesTest(const ZoneFilesTest&) = delete;
  ZoneFilesTest& operator=(const ZoneFilesTest&) = delete;

  void write(std::uint32_t serial, const std::set<std::string>& lines) {
    const auto writer = files_.write({serial, 300, 60, 86400});
    for (const std::string& line : lines) writer->add(line);
    ASSERT_TRUE(writer->finish());
  }
  std::set<std::string> lines() const {
    const auto stored = files_.load();
    if (!stored) return {"error: " + stored.error()};
    std::set<std::string> lines;
    std::string_view rest = stored->records();
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n') + 1;
      lines.emplace(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    return lines;
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  ("sluice_zone_files_" + std::to_string(::getpid()));
  ZoneFiles files_{folder_ / "zone", "rpz.test."};
};

const std::string kA = "a.rpz.test.\t60\tCNAME\t.\n";
const std::string kB = "b.rpz.test.\t60\tCNAME\t.\n";
const std::string kC = "c.rpz.test.\t60\tCNAME\t.\n";

TEST_F(ZoneFilesTest, KeepZoneAndChanges) {
  write(5, {kA, kB});
  ASSERT_TRUE(files_.append(5, {6, 1, 2, 3}, kA, kC));
  ASSERT_TRUE(files_.append(6, {7, 1, 2, 3}, kC, kA));
  const auto stored = files_.load();
  ASSERT_TRUE(stored) << stored.error();
  EXPECT_EQ(stored->soa, (Soa{7, 1, 2, 3}));
  EXPECT_TRUE(stored->whole);
  EXPECT_EQ(lines(), (std::set{kA, kB}));
  EXPECT_TRUE(stored->text.starts_with("; sluice zone 1\n$ORIGIN rpz.test.\n"));
}

TEST_F(ZoneFilesTest, BlocksThatDoNotFollowAreIgnored) {
  write(5, {kA});
  ASSERT_TRUE(files_.append(4, {5, 1, 2, 3}, kA, kB));
  ASSERT_TRUE(files_.append(5, {6, 1, 2, 3}, "", kC));
  EXPECT_EQ(lines(), (std::set{kA, kC}));
}

TEST_F(ZoneFilesTest, ANewTtlIsNoOtherRecord) {
  write(5, {kA});
  const std::string longer = "a.rpz.test.\t90\tCNAME\t.\n";
  ASSERT_TRUE(files_.append(5, {6, 1, 2, 3}, kA, longer));
  EXPECT_EQ(lines(), (std::set{longer}));
}

TEST_F(ZoneFilesTest, AFileThatWasCutIsRefusedAndAJournalCountsUpToItsLastWholeBlock) {
  write(5, {kA, kB});
  ASSERT_TRUE(files_.append(5, {6, 1, 2, 3}, kA, ""));
  const auto journal = files_.file().string() + ".journal";
  const auto first_block = std::filesystem::file_size(journal);
  ASSERT_TRUE(files_.append(6, {7, 1, 2, 3}, "", kC));
  const auto size = std::filesystem::file_size(journal);
  for (auto cut = size - 1; cut > first_block; --cut) {
    std::filesystem::resize_file(journal, cut);
    const auto stored = files_.load();
    ASSERT_TRUE(stored);
    ASSERT_EQ(stored->soa.serial, 6U);
    ASSERT_FALSE(stored->whole);
    ASSERT_EQ(lines(), std::set{kB});
  }
  const auto zone_size = std::filesystem::file_size(files_.file());
  for (auto cut = zone_size - 1; cut > 0; --cut) {
    std::filesystem::resize_file(files_.file(), cut);
    ASSERT_FALSE(files_.load()) << cut;
  }
}

TEST_F(ZoneFilesTest, AWriterThatDoesNotFinishLeavesNothing) {
  write(5, {kA});
  {
    files_.write({6, 1, 2, 3})->add(kB);
  }
  EXPECT_EQ(lines(), std::set{kA});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(ZoneFilesTest, AnotherZoneIsRefused) {
  write(5, {kA});
  const ZoneFiles other(files_.file(), "other.test.");
  const auto stored = other.load();
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error(), "not the zone other.test.");
}

TEST(ZoneRecords, AgreeWithASet) {
  std::mt19937_64 random(1);
  ZoneRecords records(7);
  std::set<std::uint64_t> model;
  for (int i = 0; i < 200'000; ++i) {
    // Neighbours, so that erasing has to move others up.
    const std::uint64_t hash = 1 + random() % 3000 + ((random() % 3) << 40);
    if (random() % 2 == 0) {
      ASSERT_EQ(records.insert(hash), model.insert(hash).second);
    } else {
      ASSERT_EQ(records.erase(hash), model.erase(hash) == 1);
    }
    const std::uint64_t other = 1 + random() % 3000;
    ASSERT_EQ(records.contains(other), model.contains(other));
    ASSERT_EQ(records.size(), model.size());
  }
}

}  // namespace
}  // namespace sluice::lists
