// A ready image in place of lists: what the gateway knows of it, and the guards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lists/compile/image_file.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::found;
using test::written;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadImage : public test::ListFolder {
 protected:
  // The image of two lists and a list of exceptions.
  std::filesystem::path build() {
    ListSpec ranges = list("mail", "203.0.113.0/24\n192.0.2.7\n");
    ranges.format = Format::endpoints;
    ListSpec free = list("free", "open.example.com\n");
    free.app = "*";
    free.exceptions = true;
    built_ = compile({list("chat", "example.com\n"), ranges, free}).value();
    const auto file = folder() / "names.image";
    EXPECT_TRUE(write_image(built_.domains, file));
    return file;
  }

  Compiled built_;
};

TEST_F(LoadImage, KnowsTheListsThatItWasBuiltOf) {
  const auto file = build();
  const auto loaded = load_image(file);
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(found(*loaded, "www.example.com"), "example.com");
  EXPECT_EQ(found(*loaded, "open.example.com"), "@@open.example.com");
  EXPECT_EQ(loaded->version, built_.version);
  ASSERT_EQ(loaded->lists.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(loaded->lists[i].spec.name, built_.lists[i].spec.name);
    EXPECT_EQ(loaded->lists[i].spec.app, built_.lists[i].spec.app);
    EXPECT_EQ(loaded->lists[i].version, built_.lists[i].version);
    EXPECT_EQ(loaded->lists[i].entries, built_.lists[i].entries);
    EXPECT_GT(loaded->lists[i].modified.time_since_epoch().count(), 0);
  }
  EXPECT_EQ(loaded->lists[0].spec.source.name(), file.string() + ":chat");
}

TEST_F(LoadImage, IsRefusedIfItBlocksACriticalName) {
  const auto file = build();
  const CompileOptions options{.critical = write("critical.txt", "x.test\nlogin.example.com\n")};
  const auto loaded = load_image(file, options);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().to_string(), file.string() +
                                            ": it would block the critical name login.example.com: "
                                            "\"example.com\" of list chat, line 1");
}

TEST_F(LoadImage, MayLetACriticalNameThroughByAnException) {
  const auto file = build();
  EXPECT_TRUE(load_image(file, {.critical = write("critical.txt", "open.example.com\n")}));
}

TEST_F(LoadImage, ABadLineAmongCriticalNamesRefusesIt) {
  const auto file = build();
  const CompileOptions options{.critical = write("critical.txt", "a..test\n")};
  EXPECT_THAT(load_image(file, options).error().to_string(), HasSubstr("critical.txt: line 1: "));
}

TEST_F(LoadImage, WarnsOfPopularNames) {
  const auto file = build();
  const auto loaded = load_image(file, {.popular = write("popular.txt", "www.example.com\n")});
  ASSERT_TRUE(loaded);
  EXPECT_THAT(written(loaded->lists[0].warnings),
              ElementsAre("1: example.com: blocks the popular name www.example.com"));
  EXPECT_EQ(loaded->lists[0].warning_count, 1U);
  EXPECT_THAT(loaded->lists[1].warnings, IsEmpty());
}

TEST_F(LoadImage, SaysWhyAFileIsNoImage) {
  const auto file = write("names.image", std::string(1000, 'x'));
  EXPECT_EQ(load_image(file).error().to_string(), file.string() + ": not an image of a domain set");
  EXPECT_THAT(load_image(folder() / "gone").error().to_string(), HasSubstr("No such file"));
}

TEST_F(LoadImage, AListMayComeFromElsewhereThanAFile) {
  const Source memory("zone example", []() -> Result<ListText, std::string> {
    return ListText{std::pmr::string("example.com\na..b\n"), "serial 7", {}};
  });
  const auto compiled = compile({{.name = "zone", .source = memory, .app = "chat"}});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].version, "serial 7");
  EXPECT_EQ(compiled->lists[0].error_count, 1U);
  EXPECT_EQ(found(*compiled, "example.com"), "example.com");
  const Source broken("zone example", []() -> Result<ListText, std::string> {
    return fail(std::string("transfer refused"));
  });
  EXPECT_EQ(compile({{.name = "zone", .source = broken, .app = "chat"}}).error().to_string(),
            "zone example: transfer refused");
}

}  // namespace
}  // namespace sluice::lists
