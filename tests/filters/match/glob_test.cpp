#include "filters/match/glob.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/filters/match/naive_set.h"

namespace sluice::match {
namespace {

TEST(Glob, AStarStandsForAnyBytesOrNone) {
  EXPECT_TRUE(glob_matches("p16-*", "p16-"));
  EXPECT_TRUE(glob_matches("p16-*", "P16-Tiktok"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-b-b-"));
  EXPECT_FALSE(glob_matches("p16-*", "p1"));
  EXPECT_FALSE(glob_matches("abc", "abcd"));
}

TEST(Glob, AgreesWithANaiveOne) {
  std::mt19937 random(1);
  const auto text = [&](std::string_view letters, std::size_t most) {
    std::string made;
    for (std::size_t i = random() % (most + 1); i > 0; --i)
      made += letters[random() % letters.size()];
    return made;
  };
  for (int i = 0; i < 200'000; ++i) {
    const std::string pattern = text("ab*", 8);
    const std::string label = text("ab", 10);
    ASSERT_EQ(glob_matches(pattern, label), test::naive_glob(pattern, label))
        << pattern << ' ' << label;
  }
}

TEST(Glob, ManyStarsAreMatchedQuickly) {
  std::string pattern;
  for (int i = 0; i < 31; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(63, 'a')));
}

}  // namespace
}  // namespace sluice::match
