#include "gateway/control/line_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::control {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(LineBuffer& buffer) {
  std::vector<std::string> lines;
  while (auto line = buffer.next()) lines.push_back(std::move(*line));
  return lines;
}

TEST(LineBuffer, GivesWholeLinesOnly) {
  LineBuffer buffer(8);
  buffer.add("one\ntwo\n\nthr");
  EXPECT_THAT(lines_of(buffer), ElementsAre("one", "two", ""));
  EXPECT_EQ(buffer.size(), 3U);
  buffer.add("ee\n");
  EXPECT_THAT(lines_of(buffer), ElementsAre("three"));
  EXPECT_FALSE(buffer.is_overfull());
}

TEST(LineBuffer, ALineThatIsTooLongEndsIt) {
  for (const char* text : {"123456789", "123456789\n", "123456789\nnext\n"}) {
    LineBuffer buffer(8);
    buffer.add(text);
    EXPECT_EQ(buffer.next(), std::nullopt) << text;
    EXPECT_TRUE(buffer.is_overfull()) << text;
    buffer.add("good\n");
    EXPECT_EQ(buffer.next(), std::nullopt) << text;
    EXPECT_EQ(buffer.size(), 0U) << text;
  }
  LineBuffer buffer(8);
  buffer.add("12345678\n");
  EXPECT_THAT(lines_of(buffer), ElementsAre("12345678"));
}

// A property: lines are the same however the bytes are split.
TEST(LineBuffer, SplitsDoNotMatter) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::size_t i = 0; i < random() % 60; ++i) text += random() % 4 == 0 ? '\n' : 'x';
    LineBuffer whole(6), split(6);
    whole.add(text);
    const auto wanted = lines_of(whole);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 5;
      split.add(std::string_view(text).substr(at, size));
      for (std::string& line : lines_of(split)) got.push_back(std::move(line));
      at += size;
    }
    EXPECT_EQ(got, wanted) << testing::PrintToString(text);
    EXPECT_EQ(split.is_overfull(), whole.is_overfull());
  }
}

}  // namespace
}  // namespace sluice::control
