#include "gateway/config/shape.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/config/config.h"

namespace sluice::config {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string problem(std::string_view text) {
  const auto found = shape_problem(text);
  return found ? std::to_string(found->line) + ": " + found->reason : "";
}

constexpr const char* kParts = "a key of more than 16 parts";
constexpr const char* kOpen = "more than 16 brackets are open";

// Bug: the TOML library calls itself for each part; 100,000 of them ended the process.
TEST(Shape, AKeyOfManyPartsNeverReachesTheLibrary) {
  EXPECT_EQ(problem("\n" + repeated("a.", 100'000) + "b = 1"), std::string("2: ") + kParts);
  EXPECT_EQ(problem("[" + repeated("a.", 100'000) + "b]"), std::string("1: ") + kParts);
  EXPECT_EQ(problem("[[" + repeated("a.", 100'000) + "b]]"), std::string("1: ") + kParts);
  EXPECT_EQ(problem(repeated("a . ", 100'000) + "b = 1"), std::string("1: ") + kParts);
  EXPECT_EQ(problem(repeated("\"a\".'b'.", 50'000) + "b = 1"), std::string("1: ") + kParts);
  EXPECT_EQ(problem("k = { " + repeated("a.", 100'000) + "b = 1 }"), std::string("1: ") + kParts);
  EXPECT_EQ(problem(repeated("a.", 15) + "b = 1"), "");
  const auto config = parse(repeated("a.", 100'000) + "b = 1", "sluice.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().at(0).to_string(), std::string("sluice.toml:1: ") + kParts);
}

TEST(Shape, BracketsWithinEachOtherAreBounded) {
  EXPECT_EQ(problem("k = " + repeated("[", 100'000)), std::string("1: ") + kOpen);
  EXPECT_EQ(problem("k = " + repeated("[\n", 100'000)), std::string("17: ") + kOpen);
  EXPECT_EQ(problem("k = " + repeated("{ a = ", 100'000)), std::string("1: ") + kOpen);
  EXPECT_EQ(problem("k = " + repeated("[{ a.b.c = ", 10'000)), std::string("1: ") + kOpen);
  EXPECT_EQ(problem(repeated("[[list]]\nk = [[1], [2]]\n", 10'000)), "");
}

TEST(Shape, ATextOverOneMebibyteIsRefused) {
  EXPECT_EQ(problem(std::string(kMaxConfigBytes + 1, '\n')), "0: larger than 1 MiB");
  EXPECT_EQ(problem(std::string(kMaxConfigBytes, '\n')), "");
}

TEST(Shape, WhatIsInStringsAndCommentsDoesNotCount) {
  const std::string dots(100, '.');
  const std::string brackets(100, '[');
  for (const std::string& text :
       {std::string("k = \"\"\nj = ''\n"), "k = \"" + dots + brackets + "\"",
        "k = '" + dots + brackets + "'", "# " + dots + brackets + "\nk = 1",
        "k = \"\\\"" + dots + "\"", "k = \"\"\"" + dots + "\n\"\"" + brackets + "\\\"\"\"\"",
        "k = '''" + dots + "\n''\\'''", "k = \"\"\"" + dots + "\"\"\"\"\"\nj = 1",
        std::string("clients = [\"10.0.0.0/8\", \"192.0.2.0/24\"]\n")}) {
    EXPECT_EQ(problem(text), "") << text;
  }
}

// Otherwise a quote would hide from us what the library sees.
TEST(Shape, StringsEndWhereTheLibraryEndsThem) {
  const std::string key = "\n" + repeated("a.", 1000) + "b = 1";
  for (const std::string& text :
       {std::string("k = \"x"), std::string("k = 'x"), std::string("k = \"x\\"),
        std::string("k = \"\"\"x\"\"\"\"\""), std::string("k = '''x'''''"),
        std::string("k = \"\"\"\"\"\""), std::string("k = \"\"\"\"\"\"\"\""),
        std::string("k = '\\'"), std::string("k = \"\\\\\""), std::string("k = '''\\'''"),
        std::string("k = \"\" # \""), std::string("k = 1 # '''")}) {
    EXPECT_EQ(problem(text + key), std::string("2: ") + kParts) << text;
  }
}

}  // namespace
}  // namespace sluice::config
