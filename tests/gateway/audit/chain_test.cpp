#include "gateway/audit/chain.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace sluice::audit {
namespace {

using Finding = ChainCheck::Finding;
using Lines = std::vector<std::string>;

Lines chained(std::size_t count, const std::string& key = {}, const ChainValue& before = {}) {
  Chain chain(key, before);
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) {
    lines.push_back(i == 0 && before == ChainValue{}
                        ? R"({"v":1,"kind":"start"})"
                        : R"({"v":1,"line":)" + std::to_string(i) + '}');
    chain.add(lines.back());
  }
  return lines;
}

std::size_t wrong_in(const Lines& lines, const std::string& key = {}) {
  ChainCheck check(key);
  std::size_t wrong = 0;
  for (const std::string& line : lines) {
    const Finding finding = check.take(line);
    if (finding == Finding::broken || finding == Finding::not_chained) ++wrong;
  }
  return wrong;
}

// The first 16 bytes of what `printf '\0…\0{"v":1}' | sha256sum` prints, and of `openssl dgst -hmac
// k`.
TEST(Chain, IsSha256OfTheValueBeforeAndTheLine) {
  std::string line = R"({"v":1})";
  Chain chain({});
  chain.add(line);
  EXPECT_EQ(line, R"({"v":1,"chain":"e0ec5855cfe5d37fc2b33f9690239dfe"})");
  EXPECT_EQ(to_text(chain.value()), "e0ec5855cfe5d37fc2b33f9690239dfe");
  line = R"({"v":1})";
  Chain("k").add(line);
  EXPECT_EQ(line, R"({"v":1,"chain":"bdfa3b78990b49af3a2fa406049e2204"})");
}

TEST(Chain, OfUnchangedLinesIsWhole) {
  EXPECT_EQ(wrong_in(chained(20)), 0U);
  EXPECT_EQ(wrong_in(chained(20, "key"), "key"), 0U);
  EXPECT_GT(wrong_in(chained(20, "key"), "other"), 0U);
  EXPECT_GT(wrong_in(chained(20), "key"), 0U);
}

// Whatever byte of whatever line is changed, and whichever line is taken out, put in twice or
// moved.
TEST(Chain, ShowsEveryChange) {
  const Lines lines = chained(6);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t at = 0; at < lines[i].size(); ++at) {
      for (const char flip : {'\x01', '\x20', '\x80'}) {
        Lines changed = lines;
        changed[i][at] = static_cast<char>(changed[i][at] ^ flip);
        ChainCheck check({});
        std::size_t good = 0;
        for (const std::string& line : changed) {
          const Finding finding = check.take(line);
          if (finding == Finding::follows || finding == Finding::begins) ++good;
        }
        EXPECT_LT(good, lines.size()) << i << ' ' << at;
      }
    }
  }
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
    Lines without = lines;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(wrong_in(without), 1U);
    Lines twice = lines;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    EXPECT_GE(wrong_in(twice), 1U);
    Lines moved = lines;
    std::swap(moved[i], moved[i + 1]);
    EXPECT_GE(wrong_in(moved), 1U);
  }
}

TEST(Chain, TellsHowALineStands) {
  Lines lines = chained(3);
  const Lines others = chained(2);
  ChainCheck check({});
  EXPECT_EQ(check.last(), std::nullopt);
  EXPECT_EQ(check.take(lines[0]), Finding::begins);
  EXPECT_EQ(check.take(lines[1]), Finding::follows);
  EXPECT_EQ(check.take("half a li"), Finding::not_chained);
  EXPECT_EQ(check.take(lines[2]), Finding::follows);
  EXPECT_EQ(check.take(lines[1]), Finding::broken);
  EXPECT_EQ(check.take(others[0]), Finding::begins) << "a process that found nothing to go on with";
  EXPECT_EQ(check.take(others[1]), Finding::follows);
  EXPECT_EQ(check.last(), split_chained(others[1])->value);
  ChainCheck later({});
  EXPECT_EQ(later.take(lines[1]), Finding::within);
  EXPECT_EQ(later.take(lines[2]), Finding::follows);
}

TEST(Chain, LinesThatHaveNoValueAreToldApart) {
  for (const char* line :
       {"", "{}", "\"}", R"({"chain":"00"})", R"(x,"chain":"00000000000000000000000000000000"})",
        R"({"v":1,"chain":"0000000000000000000000000000000G"})",
        R"({"v":1,"chain":"00000000000000000000000000000000")"}) {
    EXPECT_FALSE(split_chained(line)) << line;
  }
  EXPECT_FALSE(parse_chain_value("00"));
  EXPECT_FALSE(parse_chain_value(std::string(32, 'A')));
  EXPECT_TRUE(parse_chain_value(std::string(32, 'a')));
}

TEST(Chain, GoesOnWithTheLastWholeLineOfAFile) {
  const auto file =
      std::filesystem::temp_directory_path() / ("sluice_chain_" + std::to_string(::getpid()));
  const auto write = [&](const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  };
  EXPECT_EQ(last_value_of(file), std::nullopt);
  write("");
  EXPECT_EQ(last_value_of(file), std::nullopt);
  const Lines lines = chained(200);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  write(text);
  EXPECT_EQ(last_value_of(file), split_chained(lines.back())->value);
  write(text + "{\"half\":");
  EXPECT_EQ(last_value_of(file), split_chained(lines.back())->value);
  write(text + "no record\n\n");
  EXPECT_EQ(last_value_of(file), split_chained(lines.back())->value);
  write(std::string(100'000, 'x'));
  EXPECT_EQ(last_value_of(file), std::nullopt);
  std::filesystem::remove(file);
  EXPECT_EQ(wrong_in([&] {
              Lines both = chained(3);
              for (const auto& line : chained(3, {}, split_chained(both.back())->value)) {
                both.push_back(line);
              }
              return both;
            }()),
            0U);
}

}  // namespace
}  // namespace sluice::audit
