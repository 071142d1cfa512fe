// Every case against both families; and that the scorecard can fail.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/evasion/answers.h"
#include "tests/evasion/course.h"

namespace sluice::evasion {
namespace {

std::string first_of(const std::vector<std::string>& texts) {
  return texts.empty() ? "none" : std::to_string(texts.size()) + ", first: " + texts.front();
}

void expect_right(const Result& result) {
  EXPECT_GT(result.shown, 0U) << "without a gateway no banned name is read";
  EXPECT_TRUE(result.passed.empty()) << "passed: " << first_of(result.passed);
  EXPECT_TRUE(result.collateral.empty()) << "collateral: " << first_of(result.collateral);
}

class Evasion : public testing::TestWithParam<std::size_t> {};

TEST_P(Evasion, BannedIsBlockedAndOrdinaryComesThrough) {
  const Case entry = all_cases()[GetParam()];
  for (const Family family : {Family::v4, Family::v6}) expect_right(run_case(entry, family));
}

INSTANTIATE_TEST_SUITE_P(All, Evasion, testing::Range<std::size_t>(0, all_cases().size()),
                         [](const auto& parameter) {
                           return std::string(all_cases()[parameter.param].name);
                         });

class AnswerEvasion : public testing::TestWithParam<std::size_t> {};

TEST_P(AnswerEvasion, BannedIsBlockedAndOrdinaryComesThrough) {
  const AnswerCase& entry = answer_cases()[GetParam()];
  for (const Family family : {Family::v4, Family::v6}) expect_right(run_answer_case(entry, family));
}

INSTANTIATE_TEST_SUITE_P(All, AnswerEvasion, testing::Range<std::size_t>(0, answer_cases().size()),
                         [](const auto& parameter) {
                           return std::string(answer_cases()[parameter.param].name);
                         });

// A gateway that blocks nothing fails every case.
TEST(Scorecard, CanFail) {
  for (const AnswerCase& entry : answer_cases()) {
    const Result result = run_answer_case(entry, Family::v4, false);
    EXPECT_FALSE(result.passed.empty()) << entry.name;
    EXPECT_TRUE(result.collateral.empty()) << entry.name << ": " << result.collateral.front();
  }
  for (const Case& entry : all_cases()) {
    const Result result = run_case(entry, entry.kinds.front(), Family::v4, false);
    EXPECT_FALSE(result.passed.empty()) << entry.name;
    EXPECT_TRUE(result.collateral.empty()) << entry.name << ": " << result.collateral.front();
  }
}

TEST(Scorecard, NamesAreDistinct) {
  std::vector<std::string_view> names;
  for (const Case& entry : all_cases()) names.push_back(entry.name);
  for (const AnswerCase& entry : answer_cases()) names.push_back(entry.name);
  std::ranges::sort(names);
  EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

}  // namespace
}  // namespace sluice::evasion
