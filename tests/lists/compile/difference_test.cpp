#include "lists/compile/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Differences : public test::ListFolder {
 protected:
  match::DomainSet set(std::string_view chat, std::string_view mail) {
    return compile({list("chat", chat), list("mail", mail)})->domains;
  }
};

TEST_F(Differences, AreByAppWhateverLinesAndOrderAre) {
  const auto before = set("a.example\n=b.example\n@@c.example\n", "x.example\n");
  const auto after =
      set("# new\n@@c.example\nb.example\na.example\n*.*.d.example\n", "x.example\n");
  const auto apps = difference(before, after, 10);
  ASSERT_EQ(apps.size(), 1U);
  EXPECT_EQ(apps[0].app, "chat");
  EXPECT_THAT(apps[0].added, ElementsAre("*.*.d.example", "b.example"));
  EXPECT_THAT(apps[0].removed, ElementsAre("=b.example"));
}

TEST_F(Differences, OfTheSameIsNone) {
  const auto one = set("a.example\n", "x.example\n");
  EXPECT_THAT(difference(one, one, 10), IsEmpty());
  EXPECT_THAT(difference({}, {}, 10), IsEmpty());
}

TEST_F(Differences, AreBoundedAndCounted) {
  const auto apps = difference({}, set("a.example\nb.example\nc.example\n", "x.example\n"), 2);
  ASSERT_EQ(apps.size(), 2U);
  EXPECT_THAT(apps[0].added, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(apps[0].added_count, 3U);
  EXPECT_EQ(apps[0].removed_count, 0U);
}

}  // namespace
}  // namespace sluice::lists
