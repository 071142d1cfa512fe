#include "gateway/engine/reason.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "gateway/engine/labels.h"

namespace sluice::engine {
namespace {

TEST(Reasons, AreUniqueLabelsWithAMeaning) {
  const std::regex valid("[a-z][a-z0-9_]*");
  std::set<std::string> names;
  std::set<std::string> meanings;
  for (std::size_t i = 0; i < kReasons; ++i) {
    const std::string name(to_string(Reason(i)));
    EXPECT_TRUE(std::regex_match(name, valid)) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(meanings.insert(std::string(meaning_of(Reason(i)))).second) << name;
  }
  EXPECT_EQ(to_string(Reason::banned), "banned");
}

TEST(Reasons, HaveNoNameOutsideTheList) {
  EXPECT_EQ(to_string(Reason(kReasons)), "?");
  EXPECT_EQ(meaning_of(Reason(kReasons)), "?");
}

TEST(Reasons, AreLabelsOfMetricsInTheirOrder) {
  const std::vector<std::string> reasons = labels().reasons;
  ASSERT_EQ(reasons.size(), kReasons);
  for (std::size_t i = 0; i < kReasons; ++i) EXPECT_EQ(reasons[i], to_string(Reason(i)));
}

}  // namespace
}  // namespace sluice::engine
