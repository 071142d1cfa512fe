// Runs every case over IPv4 and IPv6, with each variant of the gateway, and checks that the
// scorecard can fail.

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "tests/evasion/answers.h"
#include "tests/evasion/course.h"
#include "tests/evasion/evidence_cases.h"

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

// Both, but where scripts are sampled (kEvery) each case takes turns over the variants of the
// gateway.
std::vector<Family> families_of(std::size_t index, std::size_t variant) {
  if constexpr (kEvery == 1) return {Family::v4, Family::v6};
  return {(index + variant) % 2 == 0 ? Family::v4 : Family::v6};
}

struct Variant {
  std::string_view name;
  Gateway gateway;
};
constexpr Variant kVariants[] = {{"", {}},
                                 {"_offload", {.offload = true}},
                                 {"_two_workers", {.workers = 2}},
                                 {"_asymmetric", {.asymmetric = true}},
                                 {"_one_way", {.one_way = true}}};
// Where servers are not heard, none of their words is there to be judged: all but the last.
constexpr std::size_t kVariantsWithServers = std::size(kVariants) - 1;
static_assert(kVariants[kVariantsWithServers].gateway.one_way);

// The index of a case, and of a variant of the gateway.
using Parameter = std::tuple<std::size_t, std::size_t>;

template <typename Cases>
std::string name_in(const Cases& cases, const Parameter& parameter) {
  const auto [index, variant] = parameter;
  return std::string(cases[index].name) + std::string(kVariants[variant].name);
}

class Evasion : public testing::TestWithParam<Parameter> {};

TEST_P(Evasion, BannedIsBlockedAndOrdinaryPasses) {
  const auto [index, variant] = GetParam();
  const Case entry = all_cases()[index];
  for (const Family family : families_of(index, variant)) {
    expect_right(run_case(entry, family, kVariants[variant].gateway));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Evasion,
                         testing::Combine(testing::Range<std::size_t>(0, all_cases().size()),
                                          testing::Range<std::size_t>(0, std::size(kVariants))),
                         [](const auto& parameter) {
                           return name_in(all_cases(), parameter.param);
                         });

class AnswerEvasion : public testing::TestWithParam<Parameter> {};

TEST_P(AnswerEvasion, BannedIsBlockedAndOrdinaryPasses) {
  const auto [index, variant] = GetParam();
  const AnswerCase& entry = answer_cases()[index];
  for (const Family family : families_of(index, variant)) {
    expect_right(run_answer_case(entry, family, kVariants[variant].gateway));
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnswerEvasion,
                         testing::Combine(testing::Range<std::size_t>(0, answer_cases().size()),
                                          testing::Range<std::size_t>(0, kVariantsWithServers)),
                         [](const auto& parameter) {
                           return name_in(answer_cases(), parameter.param);
                         });

class EvidenceEvasion : public testing::TestWithParam<Parameter> {};

TEST_P(EvidenceEvasion, BannedIsBlockedAndOrdinaryPasses) {
  const auto [index, variant] = GetParam();
  const EvidenceCase& entry = evidence_cases()[index];
  for (const Family family : families_of(index, variant)) {
    expect_right(run_evidence_case(entry, family, kVariants[variant].gateway));
  }
}

INSTANTIATE_TEST_SUITE_P(All, EvidenceEvasion,
                         testing::Combine(testing::Range<std::size_t>(0, evidence_cases().size()),
                                          testing::Range<std::size_t>(0, kVariantsWithServers)),
                         [](const auto& parameter) {
                           return name_in(evidence_cases(), parameter.param);
                         });

// A gateway that blocks nothing fails every case, and so does one that hears no server.
TEST(Scorecard, CanFail) {
  for (const EvidenceCase& entry : evidence_cases()) {
    const Result result = run_evidence_case(entry, Family::v4, {.enforce = false});
    EXPECT_FALSE(result.passed.empty()) << entry.name;
    EXPECT_TRUE(result.collateral.empty()) << entry.name << ": " << result.collateral.front();
  }
  for (const AnswerCase& entry : answer_cases()) {
    const Result result = run_answer_case(entry, Family::v4, {.enforce = false});
    EXPECT_FALSE(result.passed.empty()) << entry.name;
    EXPECT_TRUE(result.collateral.empty()) << entry.name << ": " << result.collateral.front();
  }
  for (const Case& entry : all_cases()) {
    const Result result = run_case(entry, entry.kinds.front(), Family::v4, {.enforce = false});
    EXPECT_FALSE(result.passed.empty()) << entry.name;
    EXPECT_TRUE(result.collateral.empty()) << entry.name << ": " << result.collateral.front();
    const Result one_way =
        run_case(entry, entry.kinds.front(), Family::v4, {.enforce = false, .one_way = true});
    EXPECT_FALSE(one_way.passed.empty()) << entry.name;
  }
}

TEST(Scorecard, NamesAreDistinct) {
  std::vector<std::string_view> names;
  for (const Case& entry : all_cases()) names.push_back(entry.name);
  for (const AnswerCase& entry : answer_cases()) names.push_back(entry.name);
  for (const EvidenceCase& entry : evidence_cases()) names.push_back(entry.name);
  std::ranges::sort(names);
  EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

}  // namespace
}  // namespace sluice::evasion
