#include "gateway/cli/suggest_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

suggest::Review one() {
  suggest::Candidate candidate{.name = "new.example", .app = "chat", .shared = 2, .clients = 7};
  candidate.evidence[1] = 12;
  candidate.first = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20);
  candidate.last = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28);
  return {.shown = {{candidate, {{"shared", "seen 2 times"}}}}, .below = 0};
}

TEST(SuggestReport, OfACandidate) {
  EXPECT_EQ(suggestions_report(one(), {}),
            "new.example app=chat\n"
            "  12 of its answers lead to banned names; about 7 clients; 2026-11-20 to 2026-11-28\n"
            "  ! shared: seen 2 times\n"
            "1 candidates\n");
}

TEST(SuggestReport, OfNone) {
  EXPECT_EQ(suggestions_report({.shown = {}, .below = 4}, {}),
            "0 candidates; 4 more were seen under 5 times, or with under about 3 clients\n");
  EXPECT_EQ(suggestions_json({}), "");
}

TEST(SuggestReport, ForMachines) {
  const auto object = nlohmann::json::parse(suggestions_json(one()));
  EXPECT_EQ(object.at("name"), "new.example");
  EXPECT_EQ(object.at("evidence").at("alias_to"), 12);
  EXPECT_EQ(object.at("clients"), 7);
  EXPECT_EQ(object.at("marks").at(0).at("code"), "shared");
}

}  // namespace
}  // namespace sluice::cli
