#include "gateway/suggest/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::suggest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Candidate candidate(std::string name, std::uint64_t hellos, std::uint32_t clients,
                    std::string app = "chat") {
  Candidate one{.name = std::move(name), .app = std::move(app), .clients = clients};
  one.evidence[3] = hellos;
  return one;
}

class TheReview : public testing::Test {
 protected:
  [[nodiscard]] Review of(const std::vector<Candidate>& candidates,
                          const ReviewOptions& options = {}, std::string_view popular = {}) const {
    return review(candidates, options, guard, popular);
  }
  static std::vector<std::string> names(const Review& review) {
    std::vector<std::string> names;
    for (const Reviewed& it : review.shown) names.push_back(it.candidate.name);
    return names;
  }
  static std::vector<std::string> codes(const Reviewed& it) {
    std::vector<std::string> codes;
    for (const Mark& mark : it.marks) codes.emplace_back(mark.code);
    return codes;
  }

  lists::Guard guard{*lists::CriticalNames::read("login.bank.example\n")};
};

// One packet, or one client that sends many, suggests nothing.
TEST_F(TheReview, ShowsWhatHasEvidenceEnoughTheStrongestFirst) {
  const std::vector<Candidate> candidates = {
      candidate("one-packet.example", 1, 1), candidate("one-client.example", 1000, 1),
      candidate("few.example", 4, 3),        candidate("some.example", 5, 3),
      candidate("more.example", 5, 9),       candidate("often.example", 50, 3)};
  const Review shown = of(candidates);
  EXPECT_THAT(names(shown), ElementsAre("more.example", "often.example", "some.example"));
  EXPECT_EQ(shown.below, 3U);
  EXPECT_EQ(of(candidates, {.least_count = 1, .least_clients = 1}).shown.size(), 6U);
  EXPECT_EQ(of(candidates, {.least_count = 0, .least_clients = 0}).below, 0U);
  for (const Reviewed& it : shown.shown) EXPECT_THAT(it.marks, IsEmpty());
}

TEST_F(TheReview, WhatTheGatewaysOwnResolverSawNeedsNoClients) {
  Candidate one = candidate("edge.example", 0, 0);
  one.evidence[kResolved] = 4;
  EXPECT_THAT(of({one}).shown, IsEmpty());
  one.evidence[kResolved] = 5;
  EXPECT_EQ(of({one}).shown.size(), 1U);
  EXPECT_EQ(of({candidate("edge.example", 5, 0)}).shown.size(), 0U);
}

TEST_F(TheReview, IsOfOneAppIfItIsNamed) {
  const std::vector<Candidate> candidates = {candidate("a.example", 9, 9),
                                             candidate("b.example", 9, 9, "mail")};
  EXPECT_THAT(names(of(candidates, {.app = "mail"})), ElementsAre("b.example"));
  EXPECT_EQ(of(candidates, {.app = "mail"}).below, 0U);
}

TEST_F(TheReview, SaysWhatSpeaksAgainstAName) {
  Candidate shared = candidate("shared.example", 9, 9);
  shared.shared = 4;
  const Review shown = of({candidate("both.example", 9, 9), candidate("both.example", 9, 9, "mail"),
                           shared, candidate("co.uk", 9, 9), candidate("bank.example", 9, 9),
                           candidate("cdn.example", 9, 9), candidate("plain.example", 9, 9)},
                          {.app = "chat"}, "www.other.example\nwww.cdn.example\nimg.cdn.example\n");
  ASSERT_THAT(names(shown), ElementsAre("bank.example", "both.example", "cdn.example", "co.uk",
                                        "plain.example", "shared.example"));
  EXPECT_THAT(codes(shown.shown[0]), ElementsAre("critical-name"));
  EXPECT_THAT(codes(shown.shown[1]), ElementsAre("several-apps"));
  EXPECT_THAT(shown.shown[1].marks[0].text, HasSubstr("mail"));
  EXPECT_THAT(codes(shown.shown[2]), ElementsAre("popular-name"));
  EXPECT_THAT(shown.shown[2].marks[0].text, HasSubstr("www.cdn.example"));
  EXPECT_THAT(codes(shown.shown[3]), ElementsAre("public-suffix"));
  EXPECT_THAT(codes(shown.shown[4]), IsEmpty());
  EXPECT_THAT(codes(shown.shown[5]), ElementsAre("shared"));
}

TEST_F(TheReview, APopularNameIsNotOneBesideIt) {
  const Review shown = of({candidate("a.cdn.example", 9, 9)}, {}, "cdn.example\nb.cdn.example\n");
  EXPECT_THAT(shown.shown[0].marks, IsEmpty());
}

}  // namespace
}  // namespace sluice::suggest
