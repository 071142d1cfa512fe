// What is said of entries that are taken: duplicates, popular names, doubtful A-labels.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::written;
using testing::ElementsAre;
using testing::IsEmpty;

class Warnings : public test::ListFolder {};

TEST_F(Warnings, ADuplicateNamesBothPlaces) {
  ListSpec second = list("second", "weixin.com\nwechat.com\n");
  second.app = "wechat";
  const auto compiled = compile({list("wechat", "# head\nwechat.com\n\nWeChat.com.\n"), second});
  ASSERT_TRUE(compiled);
  EXPECT_THAT(written(compiled->lists[0].warnings),
              ElementsAre("4: wechat.com: is already in line 2"));
  EXPECT_THAT(written(compiled->lists[1].warnings),
              ElementsAre("2: wechat.com: is already in list wechat, line 2"));
  EXPECT_EQ(compiled->lists[1].warning_count, 1U);
}

TEST_F(Warnings, AreBoundedAndCounted) {
  std::string text = "0.0.0.0";
  for (int i = 0; i < 2500; ++i) text += " a.example";
  ListSpec hosts = list("hosts", text + "\n");
  hosts.format = Format::hosts;
  const auto compiled = compile({hosts});
  ASSERT_TRUE(compiled);
  const LoadedList& loaded = compiled->lists[0];
  EXPECT_EQ(loaded.entries, 1U);
  EXPECT_EQ(loaded.duplicates, 2499U);
  EXPECT_EQ(loaded.warning_count, 2499U);
  EXPECT_EQ(loaded.warnings.size(), Notes::kMost);
}

TEST_F(Warnings, TellWhichEntryBlocksPopularNames) {
  const CompileOptions options{.popular = write("popular.txt",
                                                "www.popular.example\nb..ad\na1.glob.example\n"
                                                "popular.example\nsaved.example\nother.example\n")};
  ListSpec free = list("free", "saved.example\n");
  free.app = "*";
  free.exceptions = true;
  const auto compiled = compile({list("list",
                                      "unknown.example\n"
                                      "popular.example\n"
                                      "=saved.example\n"
                                      "a*.glob.example\n"
                                      "=www.popular.example\n"),
                                 free},
                                options);
  ASSERT_TRUE(compiled);
  EXPECT_THAT(
      written(compiled->lists[0].warnings),
      ElementsAre("2: popular.example: blocks the popular name www.popular.example and 1 more",
                  "4: a*.glob.example: blocks the popular name a1.glob.example",
                  "5: =www.popular.example: blocks the popular name www.popular.example"));
  EXPECT_EQ(compiled->lists[0].warning_count, 3U);
  EXPECT_THAT(compiled->lists[1].warnings, IsEmpty());
}

// An exception of one app does not save a name from another.
TEST_F(Warnings, ExceptionsSaveFromTheirAppOnly) {
  const CompileOptions options{.popular = write("popular.txt", "www.a.example\n")};
  const auto compiled =
      compile({list("one", "a.example\n@@www.a.example\n"), list("two", "a.example\n")}, options);
  ASSERT_TRUE(compiled);
  EXPECT_THAT(compiled->lists[0].warnings, IsEmpty());
  EXPECT_THAT(written(compiled->lists[1].warnings),
              ElementsAre("1: a.example: blocks the popular name www.a.example"));
}

TEST_F(Warnings, OfOneListComeByLine) {
  const CompileOptions options{.popular = write("popular.txt", "a.example\n")};
  const auto compiled = compile({list("list",
                                      "a.example\n"
                                      "xn--pypal-4ve.example\n"
                                      "b.example\n"
                                      "b.example\n"
                                      "xn--a.example\n")},
                                options);
  ASSERT_TRUE(compiled);
  std::vector<std::uint32_t> lines;
  for (const LineWarning& warning : compiled->lists[0].warnings) lines.push_back(warning.line);
  EXPECT_THAT(lines, ElementsAre(1, 2, 4, 5));
}

}  // namespace
}  // namespace sluice::lists
