#include "lists/compile/read_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::lists {
namespace {

using testing::ElementsAre;

// A format like that of zone files: a line that starts with `$` counts, and all others are entries
// at the number of `$` lines before them.
void parse_with_state(TextPart text, const Sink& sink) {
  std::uint32_t state = 0;
  const std::string_view name("\1a\4test\0", 8);
  for (std::uint32_t line = text.first_line; !text.bytes.empty(); ++line) {
    const std::size_t end = text.bytes.find('\n');
    if (text.bytes.starts_with('$')) {
      ++state;
    } else {
      sink.entry({.line = state * 10'000'000 + line, .name = as_bytes(name)});
    }
    text.bytes.remove_prefix(end == std::string_view::npos ? text.bytes.size() : end + 1);
  }
}
constexpr FormatInfo kStateful{
    .name = "stateful", .splits_at_lines = false, .parse = parse_with_state};

class ReadList : public testing::Test {
 protected:
  std::vector<Entry> read(std::string_view text, const FormatInfo& format, unsigned threads) {
    std::vector<Entry> entries;
    const ReadOptions options{.threads = threads};
    const auto outcome = read_list(text, format, options, guard_, [&](const Entry& entry) {
      entries.push_back(entry);  // its views die
      entries.back().name = {};
      return Result<void, match::BuildError>{};
    });
    EXPECT_TRUE(outcome);
    EXPECT_EQ(outcome->entries, entries.size());
    return entries;
  }

 private:
  Guard guard_{CriticalNames{}};
};

// Cut into parts, the state of the lines before would be lost.
TEST_F(ReadList, AFormatThatKeepsStateGetsTheWholeText) {
  std::string text = "$ state\n";
  while (text.size() < std::size_t{5} << 20) text += "an entry of some bytes\n";
  text += "$ more\nthe last\n";
  for (const unsigned threads : {1U, 4U}) {
    const auto entries = read(text, kStateful, threads);
    ASSERT_GT(entries.size(), 200'000U);
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
      ASSERT_EQ(entries[i].line, 10'000'000U + i + 2) << threads;
    }
    EXPECT_EQ(entries.back().line, 20'000'000U + entries.size() + 2);
  }
}

TEST_F(ReadList, AnEntryArrivesAsItsFormatGaveIt) {
  const auto entries =
      read("203.0.113.0/24\n@@2001:db8::1\nsignature:dot\n", info_of(Format::endpoints), 1);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].kind, Kind::addresses);
  EXPECT_EQ(entries[0].range, *IpPrefix::parse("203.0.113.0/24"));
  EXPECT_EQ(entries[1].action, Action::allow);
  EXPECT_EQ(entries[1].range, *IpPrefix::parse("2001:db8::1"));
  EXPECT_EQ(entries[2].kind, Kind::name);
  EXPECT_EQ(entries[2].scope, Scope::itself);
  EXPECT_EQ(entries[2].line, 3U);
}

}  // namespace
}  // namespace sluice::lists
