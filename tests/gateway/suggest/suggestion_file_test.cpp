#include "gateway/suggest/suggestion_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sluice::suggest {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::sys_seconds kTime = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28);

Candidate candidate(std::string name, std::string app = "chat") {
  return {.name = std::move(name),
          .app = std::move(app),
          .evidence = {1, 2, 3, 4, 5},
          .shared = 6,
          .clients = 7,
          .first = kTime - hours(50),
          .last = kTime};
}

TEST(SuggestionFile, WhatIsWrittenIsReadAgain) {
  const SuggestionFile file{
      kTime,
      {candidate("a.example"), candidate("a.example", "mail"), candidate("x_y-z.b.example")}};
  const auto again = parse_suggestions(suggestions_text(file));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, file);
  EXPECT_EQ(parse_suggestions(suggestions_text({kTime, {}}))->candidates.size(), 0U);
}

// As README.md has it.
TEST(SuggestionFile, IsAnObjectWithACandidateALine) {
  EXPECT_EQ(suggestions_text({kTime, {candidate("a.example")}}),
            "{\"v\":1,\"written\":\"2026-11-28T00:00:00Z\",\"candidates\":[\n"
            "{\"name\":\"a.example\",\"app\":\"chat\",\"clients\":7,"
            "\"first\":\"2026-11-25T22:00:00Z\",\"last\":\"2026-11-28T00:00:00Z\","
            "\"evidence\":{\"alias_of\":1,\"alias_to\":2,\"address\":3,\"hello\":4,\"resolved\":5},"
            "\"shared\":6}\n]}\n");
}

TEST(SuggestionFile, TellsNoMinute) {
  Candidate one = candidate("a.example");
  one.last += std::chrono::minutes(59) + std::chrono::seconds(59);
  const std::string text = suggestions_text({kTime, {one}});
  EXPECT_THAT(text, Not(HasSubstr(":59")));
  EXPECT_THAT(text, HasSubstr("\"last\":\"2026-11-28T00:00:00Z\""));
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = suggestions_text({kTime, {candidate("a.example"), candidate("b.example")}});
  const std::size_t at = text.rfind(from);
  if (at == std::string::npos) ADD_FAILURE() << from;
  return text.replace(at, from.size(), to);
}

TEST(SuggestionFile, ADamagedOneIsRefusedWithPlaceAndReason) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "not JSON, at byte"},
      {"[]", "not an object"},
      {"{}", "no \"v\""},
      {with("\"v\":1", "\"v\":2"), "\"v\" is not 1: another version"},
      {with("\"v\":1", "\"v\":\"1\""), "\"v\" is no whole number"},
      {with("\"v\":1", "\"v\":1e400"), "not JSON that can be read"},
      {with("T00:00:00Z\",\"candidates", "\",\"candidates"), "\"written\" is no time"},
      {with("\"candidates\":[", "\"candidates\":{\"a\":["), "nested too deep"},
      {with("b.example", "a.example"), "candidates[1]: \"a.example\" is there twice"},
      {with("b.example", "B.example"), "candidates[1]: \"name\" is no domain name"},
      {with("b.example", "b..example"), "candidates[1]: \"name\" is no domain name"},
      {with("b.example", "b.example\\n@@evil"), "candidates[1]: \"name\" is no domain name"},
      {with("b.example", "b"), "candidates[1]: \"name\" is no domain name"},
      {with("\"chat\"", "\"\""), "candidates[1]: \"app\" is no name"},
      {with("\"chat\"", "\"ch\\u0007at\""), "candidates[1]: \"app\" is no name"},
      {with("\"chat\"", "5"), "candidates[1]: \"app\" is no text"},
      {with("\"clients\":7", "\"clients\":-7"), "candidates[1]: \"clients\" is no whole number"},
      {with("\"clients\":7", "\"clients\":7.5"), "candidates[1]: \"clients\" is no whole number"},
      {with("\"clients\":7,", ""), "candidates[1]: no \"clients\""},
      {with("\"clients\":7", "\"clients\":7,\"who\":1"), "candidates[1]: a key too many"},
      {with("2026-11-25", "2026-12-25"), "candidates[1]: \"last\" is before \"first\""},
      {with("\"hello\":4", "\"hello\":null"), "candidates[1]: evidence: \"hello\" is no whole"},
      {with("\"hello\":4,", ""), "candidates[1]: evidence: no \"hello\""},
      {with("\"hello\":4", "\"hello\":[[[[4]]]]"), "nested too deep"},
      {with("{\"alias_of\"", "[{\"alias_of\""), "nested too deep"},
  };
  for (const auto& [text, reason] : cases) {
    const auto parsed = parse_suggestions(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), HasSubstr(reason)) << text;
  }
  std::string deep = "{\"v\":1,\"written\":\"2026-11-28T00:00:00Z\",\"candidates\":";
  deep += std::string(100'000, '[');
  EXPECT_THAT(parse_suggestions(deep).error(), HasSubstr("nested too deep"));
}

TEST(SuggestionFile, HasABound) {
  SuggestionFile file{kTime, {}};
  for (std::size_t i = 0; i <= kMostCandidates; ++i) {
    file.candidates.push_back(candidate("n" + std::to_string(i) + ".example"));
  }
  const std::string text = suggestions_text(file);
  EXPECT_LT(text.size(), kMostFileBytes);
  const auto parsed = parse_suggestions(text);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error(), HasSubstr("over 65536 candidates"));
}

// Whatever happens to the bytes: a reason, or candidates that are written and read as they are.
TEST(SuggestionFile, AnyDamageIsRefusedOrHarmless) {
  std::mt19937 random(11);
  const std::string whole =
      suggestions_text({kTime, {candidate("a.example"), candidate("b.example", "mail")}});
  for (int i = 0; i < 20'000; ++i) {
    std::string text = whole;
    for (std::size_t damage = 1 + random() % 3; damage > 0; --damage) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
        default:
          text.resize(at);
          break;
      }
      if (text.empty()) break;
    }
    const auto parsed = parse_suggestions(text);
    if (!parsed) {
      ASSERT_FALSE(parsed.error().empty());
      continue;
    }
    // But for the minutes, which a writer cuts off.
    const auto again = parse_suggestions(suggestions_text(*parsed));
    ASSERT_TRUE(again) << text << again.error();
    ASSERT_EQ(again->candidates.size(), parsed->candidates.size());
    for (std::size_t j = 0; j < parsed->candidates.size(); ++j) {
      ASSERT_EQ(again->candidates[j].name, parsed->candidates[j].name);
      ASSERT_EQ(again->candidates[j].evidence, parsed->candidates[j].evidence);
    }
  }
}

}  // namespace
}  // namespace sluice::suggest
