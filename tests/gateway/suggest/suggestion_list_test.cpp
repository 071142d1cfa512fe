#include "gateway/suggest/suggestion_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/parsed_list.h"

namespace sluice::suggest {
namespace {

using testing::HasSubstr;

Reviewed reviewed(std::string name) {
  Candidate one{.name = std::move(name), .app = "chat", .clients = 7};
  one.evidence = {12, 0, 0, 40, 0};
  one.first = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20);
  one.last = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28);
  return {one, {}};
}

TEST(SuggestionList, SaysTheEvidence) {
  EXPECT_EQ(evidence_text(reviewed("a.example").candidate),
            "12 answers for banned names lead to it, 40 hellos at addresses of the app; about 7 "
            "clients; 2026-11-20 to 2026-11-28");
  Candidate one = reviewed("a.example").candidate;
  one.clients = 1;
  EXPECT_THAT(evidence_text(one), HasSubstr("; about 1 client; "));
  one.clients = 0;
  EXPECT_THAT(evidence_text(one), HasSubstr("; no client; "));
}

TEST(SuggestionList, IsAListWhoseMarkedNamesAreComments) {
  Reviewed marked = reviewed("shared.example");
  marked.marks.push_back({"shared", "seen 4 times where names that are not banned lead"});
  const std::string text = list_text({reviewed("a_b-c.example"), marked}, "/var/lib/s.json");
  const auto parsed = test::parse(lists::Format::domains, text);
  ASSERT_EQ(parsed.entries.size(), 1U);
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_TRUE(parsed.warnings.empty());
  EXPECT_THAT(text, HasSubstr("\n# 12 answers"));
  EXPECT_THAT(text, HasSubstr("\na_b-c.example\n"));
  EXPECT_THAT(text, HasSubstr("\n# shared: seen 4 times where names that are not banned lead\n"
                              "# shared.example\n"));
}

TEST(SuggestionList, AFilesNameIsNoEntry) {
  const std::string text = list_text({reviewed("a.example")}, "x\nevil.example\n");
  EXPECT_EQ(test::parse(lists::Format::domains, text).entries.size(), 1U);
}

}  // namespace
}  // namespace sluice::suggest
