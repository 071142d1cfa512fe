// A list large enough to be cut into pieces: the outcome is the same whatever the number of
// threads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <random>
#include <string>

#include "lists/compile/image_memory.h"
#include "lists/compile/parallel.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::written;

class Threads : public test::ListFolder {};

// Some 6 MiB of names, duplicates, bad lines, globs and IDN; the file starts with a mark.
std::string large_list() {
  std::mt19937 random(3);
  std::string text = "\xef\xbb\xbf";
  for (int i = 0; i < 250'000; ++i) {
    const std::string number = std::to_string(random() % 200'000);
    switch (random() % 64) {
      case 0:
        text += "bad.." + number + ".example\n";
        break;
      case 1:
        text += "p" + number + "-*.glob.example\r\n";
        break;
      case 2:
        text += "@@b\xc3\xbc" + number + ".example # why\n";
        break;
      case 3:
        text += "co.uk\n\n";
        break;
      default:
        text += "host" + number + ".some-label.example\n";
    }
  }
  return text + "last.example";
}

TEST_F(Threads, ChangeNothing) {
  const std::vector<ListSpec> lists = {list("large", large_list()),
                                       list("small", "last.example\na.example\n")};
  CompileOptions options{.threads = 1, .seed = HashKey{1, 2}};
  const auto one = compile(lists, options);
  ASSERT_TRUE(one);
  EXPECT_GT(one->lists[0].entries, 100'000U);
  EXPECT_GT(one->lists[0].duplicates, 1'000U);
  EXPECT_EQ(one->lists[0].errors.size(), Notes::kMost);
  for (const unsigned threads : {2U, 3U, 8U}) {
    options.threads = threads;
    const auto many = compile(lists, options);
    ASSERT_TRUE(many);
    EXPECT_TRUE(std::ranges::equal(one->domains.image(), many->domains.image())) << threads;
    EXPECT_EQ(one->version, many->version);
    for (std::size_t i = 0; i < lists.size(); ++i) {
      EXPECT_EQ(one->lists[i].entries, many->lists[i].entries);
      EXPECT_EQ(one->lists[i].duplicates, many->lists[i].duplicates);
      EXPECT_EQ(one->lists[i].error_count, many->lists[i].error_count);
      EXPECT_EQ(one->lists[i].warning_count, many->lists[i].warning_count);
      EXPECT_EQ(written(one->lists[i].errors), written(many->lists[i].errors));
      EXPECT_EQ(written(one->lists[i].warnings), written(many->lists[i].warnings));
    }
  }
}

TEST_F(Threads, LinesAreCountedAcrossPieces) {
  const std::string text = large_list();
  const auto compiled = compile({list("large", text)}, {.threads = 2});
  ASSERT_TRUE(compiled);
  const match::Match match = compiled->domains.find(test::name_of("last.example"));
  ASSERT_TRUE(match.rule.valid());
  EXPECT_EQ(compiled->domains.rule(match.rule).line, std::ranges::count(text, '\n') + 1);
}

TEST_F(Threads, ALineLongerThanAPieceIsOneLine) {
  const std::string text = std::string(5 << 20, 'x') + "\na.example\n";
  const auto compiled = compile({list("long", text)}, {.threads = 2});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].error_count, 1U);
  EXPECT_EQ(compiled->lists[0].entries, 1U);
}

TEST_F(Threads, TheTimesAreMeasured) {
  const auto compiled = compile({list("a", "a.example\n")});
  ASSERT_TRUE(compiled);
  EXPECT_GT(compiled->reading.count(), 0);
  EXPECT_GT(compiled->building.count(), 0);
}

TEST(RunTasks, RunsEachOnce) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    std::vector<std::atomic<int>> runs(100);
    run_tasks(threads, runs.size(), [&](std::size_t i) { ++runs[i]; });
    EXPECT_TRUE(std::ranges::all_of(runs, [](const auto& count) { return count == 1; }));
    run_tasks(threads, 0, [](std::size_t) { FAIL(); });
  }
  EXPECT_GE(thread_count(0), 1U);
  EXPECT_EQ(thread_count(3), 3U);
}

// Bug: an exception in a helper (no memory) ended the process, and with it the forwarding.
TEST(RunTasks, AnExceptionOfATaskComesOutInTheCaller) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    std::atomic<int> runs = 0;
    EXPECT_THROW(run_tasks(threads, 1000,
                           [&](std::size_t i) {
                             ++runs;
                             if (i >= 1) throw std::bad_alloc();
                           }),
                 std::bad_alloc);
    EXPECT_LE(runs, 1 + static_cast<int>(threads));
  }
}

TEST(ImageMemory, IsZeroedAndAligned) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{4095}, std::size_t{9 << 20}}) {
    const auto memory = allocate_image(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % 64, 0U);
    EXPECT_TRUE(std::all_of(memory.get(), memory.get() + size,
                            [](std::byte byte) { return byte == std::byte{0}; }));
    std::fill_n(memory.get(), size, std::byte{1});
  }
}

}  // namespace
}  // namespace sluice::lists
