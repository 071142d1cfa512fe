#include "gateway/app/reload_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::app {
namespace {

using telemetry::ListsStatus;
using telemetry::ListStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ListStatus list(std::string name, std::uint64_t entries, std::uint64_t refused = 0,
                std::string version = "new") {
  return {.name = std::move(name),
          .app = "chat",
          .version = std::move(version),
          .entries = entries,
          .refused = refused};
}

ListsStatus old(std::vector<ListStatus> lists) {
  for (ListStatus& list : lists) list.version = "old";
  return {.lists = std::move(lists)};
}

std::vector<std::string> reasons(const ListsStatus& before, const ListsStatus& next,
                                 config::ReloadGuard guard = {}) {
  std::vector<std::string> reasons;
  for (const auto& refusal : reload_refusals(before, next, guard)) {
    EXPECT_FALSE(refusal.text.empty());
    reasons.push_back(refusal.list + " " + refusal.reason);
  }
  return reasons;
}

// Bug: an error page in place of a list was "reloaded", with no rule.
TEST(ReloadGuard, AListWithoutEntryIsRefused) {
  EXPECT_THAT(reasons(old({list("a", 1)}), {.lists = {list("a", 0, 5)}}), ElementsAre("a empty"));
  EXPECT_THAT(reasons(old({list("a", 1)}), {.lists = {list("a", 0)}}), ElementsAre("a empty"));
  // A list that the configuration names for the first time.
  EXPECT_THAT(reasons(old({}), {.lists = {list("a", 0, 1)}}), ElementsAre("a empty"));
  EXPECT_THAT(reasons(old({}), {.lists = {list("a", 0)}}), IsEmpty());
  // An operator accepted it before.
  EXPECT_THAT(reasons(old({list("a", 0)}), {.lists = {list("a", 0)}}), IsEmpty());
  ListStatus exceptions = list("a", 0);
  exceptions.exceptions = true;
  EXPECT_THAT(reasons(old({}), {.lists = {exceptions}}), IsEmpty());
}

TEST(ReloadGuard, AListThatLostTooMuchIsRefused) {
  const ListsStatus before = old({list("a", 1000)});
  EXPECT_THAT(reasons(before, {.lists = {list("a", 750)}}), IsEmpty());
  EXPECT_THAT(reasons(before, {.lists = {list("a", 749)}}), ElementsAre("a shrunk"));
  EXPECT_THAT(reasons(before, {.lists = {list("a", 990)}}, {.max_shrink = 0}),
              ElementsAre("a shrunk"));
  EXPECT_THAT(reasons(before, {.lists = {list("a", 1)}}, {.max_shrink = 100}), IsEmpty());
  EXPECT_THAT(reasons(before, {.lists = {list("a", 5000)}}, {.max_shrink = 0}), IsEmpty());
  // A short list can lose an entry.
  EXPECT_THAT(reasons(old({list("a", 2)}), {.lists = {list("a", 1)}}), IsEmpty());
  EXPECT_THAT(reasons(old({list("a", 3)}), {.lists = {list("a", 1)}}), ElementsAre("a shrunk"));
  // Exceptions that are lost block what was let through.
  ListStatus exceptions = list("a", 1);
  exceptions.exceptions = true;
  EXPECT_THAT(reasons(before, {.lists = {exceptions}}), ElementsAre("a shrunk"));
}

// What another list has too is a duplicate in one of them, by their order.
TEST(ReloadGuard, DuplicatesAreNoLoss) {
  ListStatus next = list("a", 100);
  next.duplicates = 900;
  EXPECT_THAT(reasons(old({list("a", 1000)}), {.lists = {next}}), IsEmpty());
}

TEST(ReloadGuard, ManyRefusedLinesAreRefusedUnlessTheyAreInForce) {
  const ListsStatus before = old({list("a", 300)});
  EXPECT_THAT(reasons(before, {.lists = {list("a", 300, 300)}}), IsEmpty());
  EXPECT_THAT(reasons(before, {.lists = {list("a", 300, 301)}}), ElementsAre("a refused_lines"));
  EXPECT_THAT(reasons(before, {.lists = {list("a", 300, 301)}}, {.max_refused = 100}), IsEmpty());
  EXPECT_THAT(reasons(before, {.lists = {list("a", 300, 1)}}, {.max_refused = 0}),
              ElementsAre("a refused_lines"));
  EXPECT_THAT(reasons(old({list("a", 300, 400)}), {.lists = {list("a", 300, 400, "old")}}),
              IsEmpty());
  // The same text, read as another format.
  EXPECT_THAT(reasons(old({list("a", 300)}), {.lists = {list("a", 300, 400, "old")}}),
              ElementsAre("a refused_lines"));
}

TEST(ReloadGuard, AListMayBeTakenFromTheConfigurationButNotFromAnImage) {
  ListsStatus before = old({list("a", 300), list("b", 5)});
  ListsStatus next{.lists = {list("a", 300)}};
  EXPECT_THAT(reasons(before, next), IsEmpty());
  before.of_image = true;
  EXPECT_THAT(reasons(before, next), IsEmpty());
  next.of_image = true;
  EXPECT_THAT(reasons(before, next), ElementsAre("b gone"));
  next.accepted_image = true;  // a roll back
  EXPECT_THAT(reasons(before, next), IsEmpty());
}

// An emptied configuration is one, too.
TEST(ReloadGuard, ABanIsNotLiftedAsAWhole) {
  const ListsStatus none{.bans_nothing = "no policy is configured"};
  EXPECT_THAT(reasons(old({list("a", 300)}), none), ElementsAre(" bans_nothing"));
  EXPECT_THAT(reasons(none, none), IsEmpty());
  EXPECT_THAT(reload_refusals({}, none, {})[0].text, HasSubstr("no policy is configured"));
}

TEST(ReloadGuard, ABlockingListWithoutEntryHasNoEffect) {
  ListStatus exceptions = list("x", 0);
  exceptions.exceptions = true;
  ListStatus twice = list("t", 0);
  twice.duplicates = 3;
  EXPECT_THAT(lists_without_effect({.lists = {list("a", 0, 7), list("b", 1), exceptions, twice}}),
              ElementsAre("list a has no effect: it has no entry (0 entries, 7 refused lines)"));
  // A file of comments beside a list that bans.
  EXPECT_THAT(lists_without_effect({.lists = {list("a", 0), list("b", 1)}}), IsEmpty());
  EXPECT_THAT(lists_without_effect({.lists = {list("a", 0)}}), testing::SizeIs(1));
}

}  // namespace
}  // namespace sluice::app
