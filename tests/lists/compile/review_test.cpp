#include "lists/compile/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Reviews : public test::ListFolder {
 protected:
  void look_at(const std::vector<ListSpec>& lists) {
    auto compiled = compile(lists);
    ASSERT_TRUE(compiled);
    compiled_ = std::move(*compiled);
    review_ = review(compiled_.domains);
    ASSERT_EQ(review_.redundant.size(), review_.redundant_count);
    ASSERT_EQ(review_.idle_exceptions.size(), review_.idle_exception_count);
  }
  ListSpec free_for_all(std::string_view text) {
    ListSpec free = list("free", text);
    free.app = "*";
    free.exceptions = true;
    return free;
  }
  // `list:line rule < covering rule`
  [[nodiscard]] std::vector<std::string> said(const std::vector<Reviewed>& some) const {
    const match::DomainSet& set = compiled_.domains;
    std::vector<std::string> lines;
    for (const Reviewed& it : some) {
      lines.push_back(std::string(set.list_name(it.list)) + ':' + std::to_string(it.line) + ' ' +
                      match::rule_text(set, it.rule));
      if (it.covered_by.valid()) lines.back() += " < " + match::rule_text(set, it.covered_by);
    }
    return lines;
  }
  [[nodiscard]] std::vector<std::string> redundant() const { return said(review_.redundant); }
  [[nodiscard]] std::vector<std::string> idle() const { return said(review_.idle_exceptions); }

 private:
  Compiled compiled_;
  Review review_;
};

TEST_F(Reviews, AnEntryBelowAnotherIsRedundant) {
  look_at({list("a",
                "www.example.com\nexample.com\n=example.com\n=deep.www.example.com\n"
                "other.example\n")});
  EXPECT_THAT(redundant(),
              ElementsAre("a:1 www.example.com < example.com", "a:3 =example.com < example.com",
                          "a:4 =deep.www.example.com < www.example.com"));
  EXPECT_THAT(idle(), IsEmpty());
}

TEST_F(Reviews, AnExactEntryCoversNothingBelow) {
  look_at({list("a", "=example.com\nwww.example.com\n")});
  EXPECT_THAT(redundant(), IsEmpty());
}

TEST_F(Reviews, AppsAreJudgedApart) {
  look_at({list("a", "www.example.com\n"), list("b", "example.com\n")});
  EXPECT_THAT(redundant(), IsEmpty());
}

TEST_F(Reviews, ListsOfOneAppAreJudgedTogether) {
  ListSpec second = list("second", "example.com\n");
  second.app = "a";
  look_at({list("a", "www.example.com\n"), second});
  EXPECT_THAT(redundant(), ElementsAre("a:1 www.example.com < example.com"));
}

TEST_F(Reviews, WhatStandsBelowAnExceptionIsNotRedundant) {
  look_at({list("a", "example.com\n@@free.example.com\nads.free.example.com\n")});
  EXPECT_THAT(redundant(), IsEmpty());
  EXPECT_THAT(idle(), IsEmpty());
  look_at({list("a", "example.com\nads.free.example.com\n"), free_for_all("free.example.com\n")});
  EXPECT_THAT(redundant(), IsEmpty());
  EXPECT_THAT(idle(), IsEmpty());
}

TEST_F(Reviews, GlobsCoverAndAreCovered) {
  look_at({list("a",
                "p16-*.img.example\np16-va.img.example\nimg2.example\nq*.img2.example\n"
                "p1*.img.example\n")});
  EXPECT_THAT(redundant(),
              testing::UnorderedElementsAre("a:1 p16-*.img.example < p1*.img.example",
                                            testing::StartsWith("a:2 p16-va.img.example < p1"),
                                            "a:4 q*.img2.example < img2.example"));
}

TEST_F(Reviews, AnExceptionThatNothingBlocksIsIdle) {
  look_at({list("a",
                "@@nothing.example\n@@=ok.example.com\nexample.com\n@@above.example\n"
                "below.above.example\n@@same.example\n=same.example\n@@*x.glob.example\n"),
           list("b", "@@example.com\n"), free_for_all("www.example.com\nnowhere.example\n")});
  EXPECT_THAT(idle(), ElementsAre("a:1 @@nothing.example", "a:4 @@above.example",
                                  "b:1 @@example.com", "free:2 @@nowhere.example"));
}

TEST_F(Reviews, AnExceptionBelowAnotherIsRedundantUnlessABlockLiesBetween) {
  look_at({list("a", "@@example.com\n@@www.example.com\ncom.example\n"), list("b", "mid.example\n"),
           free_for_all("example\na.mid.example\n")});
  EXPECT_THAT(redundant(), ElementsAre("a:2 @@www.example.com < @@example.com"));
}

TEST_F(Reviews, ARangeInsideAnotherIsRedundantUnlessAnExceptionLiesBetween) {
  ListSpec ranges = list("a",
                         "203.0.113.0/24\n203.0.113.0/25\n203.0.113.7\n@@203.0.113.64/26\n"
                         "203.0.113.65\n@@198.51.100.1\n");
  ranges.format = Format::endpoints;
  ListSpec other = list("b", "203.0.0.0/16\n");
  other.format = Format::endpoints;
  look_at({ranges, other});
  EXPECT_THAT(redundant(), ElementsAre("a:2 203.0.113.0/25 < 203.0.113.0/24",
                                       "a:3 203.0.113.7/32 < 203.0.113.0/25"));
  EXPECT_THAT(idle(), IsEmpty());  // an exception also prevails over learned addresses
}

TEST_F(Reviews, AreBoundedByListAndLine) {
  std::string text = "example.com\n";
  for (int i = 0; i < 1500; ++i) text += "h" + std::to_string(i) + ".example.com\n";
  const auto compiled = compile({list("a", text)});
  ASSERT_TRUE(compiled);
  const Review result = review(compiled->domains);
  EXPECT_EQ(result.redundant_count, 1500U);
  ASSERT_EQ(result.redundant.size(), Review::kMostShown);
  for (std::size_t i = 0; i < result.redundant.size(); ++i) {
    ASSERT_EQ(result.redundant[i].line, i + 2);
  }
}

TEST_F(Reviews, AnEmptySetIsInOrder) {
  look_at({});
  EXPECT_THAT(redundant(), IsEmpty());
  EXPECT_THAT(idle(), IsEmpty());
}

}  // namespace
}  // namespace sluice::lists
