#include "gateway/cli/lists_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "filters/match/domain_image.h"
#include "filters/match/domain_set_builder.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// chat.list: example.com, www.example.com, @@open.example.org; and what was said of it.
lists::Compiled compiled() {
  match::DomainSetBuilder builder({1, 2});
  const auto app = *builder.app("chat");
  const auto list = *builder.list("chat", "0123456789abcdef");
  std::uint32_t line = 0;
  const auto add = [&](const char* name, match::EntryKind kind) {
    EXPECT_TRUE(builder.add(*name::Name::from_text(name), kind, app, list, ++line));
  };
  add("example.com", match::EntryKind::suffix);
  add("www.example.com", match::EntryKind::suffix);
  add("open.example.org", match::EntryKind::exception);
  lists::LoadedList loaded{
      .spec = {.name = "chat", .source = lists::Source("a/chat.list", {}), .app = "chat"}};
  loaded.errors = {{7, "com", "a public suffix"}, {8, "a..b", "empty label"}};
  loaded.error_count = 5;
  loaded.warnings = {{9, "example.com", "is already in line 1"}};
  loaded.warning_count = 1;
  loaded.duplicates = 1;
  return {.domains = builder.build()->set, .lists = {loaded}};
}

TEST(ListsReport, NotesNameFileAndLine) {
  std::ostringstream out;
  print_notes(out, compiled(), 100);
  EXPECT_EQ(out.str(),
            "a/chat.list:7: \"com\": a public suffix\n"
            "a/chat.list:8: \"a..b\": empty label\n"
            "… and 3 more refused lines\n"
            "a/chat.list:9: warning: \"example.com\": is already in line 1\n");
}

TEST(ListsReport, NotesAreBounded) {
  std::ostringstream out;
  print_notes(out, compiled(), 1);
  EXPECT_THAT(out.str(), HasSubstr(":7: "));
  EXPECT_THAT(out.str(), Not(HasSubstr(":8: ")));
  EXPECT_THAT(out.str(), HasSubstr("… and 4 more refused lines\n"));
  EXPECT_THAT(out.str(), HasSubstr(":9: warning: "));  // they have room of their own
}

TEST(ListsReport, TheReviewNamesBothPlaces) {
  const lists::Compiled lists = compiled();
  std::ostringstream out;
  print_review(out, lists, lists::review(lists.domains));
  EXPECT_EQ(out.str(),
            "a/chat.list:2: redundant: \"www.example.com\": \"example.com\" of line 1 covers it\n"
            "a/chat.list:3: idle: \"@@open.example.org\": no entry blocks what it lets "
            "through\n");
}

TEST(ListsReport, FindingsAsJsonHaveStableCodes) {
  lists::Compiled lists = compiled();
  lists.lists[0].errors[0].code = "public-suffix";
  lists.lists[0].warnings[0].code = "duplicate";
  std::ostringstream out;
  print_lint_json(out, lists, lists::review(lists.domains));
  std::vector<std::string> found;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["file"], "a/chat.list");
    EXPECT_NE(json["reason"], "");
    found.push_back(std::to_string(json["line"].get<int>()) + " " +
                    json["severity"].get<std::string>() + " " + json["code"].get<std::string>());
  }
  EXPECT_THAT(found,
              testing::ElementsAre("7 error public-suffix", "8 error syntax", "9 warning duplicate",
                                   "2 note redundant", "3 note idle-exception"));
}

TEST(ListsReport, ASearchFindsWhatCoversANameAndWhatIsBelowIt) {
  const lists::Compiled lists = compiled();
  const auto searched = [&](std::string_view name, std::size_t most = 10) {
    return found_text(lists.domains, name,
                      find_rules(lists.domains, *name::Name::from_text(name), most));
  };
  EXPECT_EQ(searched("a.www.example.com"),
            "covers a.www.example.com app=chat rule=www.example.com list=chat line=2\n"
            "covers a.www.example.com app=chat rule=example.com list=chat line=1\n");
  EXPECT_EQ(searched("example.com"),
            "covers example.com app=chat rule=example.com list=chat line=1\n"
            "below example.com app=chat rule=www.example.com list=chat line=2\n");
  EXPECT_EQ(searched("org"), "below org app=chat exception=@@open.example.org list=chat line=3\n");
  EXPECT_EQ(searched("ample.com"), "none ample.com\n");
  EXPECT_EQ(searched("a.www.example.com", 1),
            "covers a.www.example.com app=chat rule=www.example.com list=chat line=2\n"
            "… and 1 more covers a.www.example.com\n");
  const auto json = nlohmann::json::parse(found_json(
      lists.domains, "org", find_rules(lists.domains, *name::Name::from_text("org"), 10)));
  EXPECT_EQ(json["below"][0]["rule"], "@@open.example.org");
  EXPECT_EQ(json["below"][0]["line"], 3);
}

TEST(ListsReport, TheSummaryHasAllCounts) {
  const lists::Compiled lists = compiled();
  std::ostringstream out;
  print_summary(out, lists, lists::review(lists.domains),
                {.reviewing = std::chrono::milliseconds(1500), .peak_memory = 3 << 20});
  for (const char* row :
       {"entries +3\n", "names +3\n", "refused lines +5\n", "warnings +1\n", "duplicates +1\n",
        "redundant entries +1\n", "exceptions without effect +1\n", "time to review +1\\.500 s\n",
        "peak memory +3\\.0 MiB\n"}) {
    EXPECT_THAT(out.str(), testing::ContainsRegex("\n  " + std::string(row)));
  }
  EXPECT_THAT(out.str(), Not(HasSubstr("time to write")));  // nothing was written
}

TEST(ListsReport, AnImageInJson) {
  const lists::Compiled lists = compiled();
  const auto json = nlohmann::json::parse(image_json("f.image", lists.domains));
  EXPECT_EQ(json["image"], "f.image");
  EXPECT_EQ(json["version"], static_cast<int>(kSluiceImageVersion));
  EXPECT_EQ(json["rules"], 3);
  EXPECT_EQ(json["names"], 3);
  EXPECT_EQ(json["apps"], (std::vector<std::string>{"chat"}));
  EXPECT_EQ(json["lists"][0]["name"], "chat");
  EXPECT_EQ(json["lists"][0]["version"], "0123456789abcdef");
  EXPECT_EQ(json["lists"][0]["rules"], 3);
  EXPECT_EQ(json["hot"].get<std::size_t>() + json["cold"].get<std::size_t>(),
            lists.domains.image().size());
}

TEST(ListsReport, AnImageTellsItsSeedApartWithoutTellingIt) {
  const auto built = [](HashKey seed) { return match::DomainSetBuilder(seed).build()->set; };
  const std::string first = image_text("f", built({1, 2}));
  EXPECT_EQ(first, image_text("f", built({1, 2})));
  EXPECT_NE(first, image_text("f", built({1, 3})));
  EXPECT_THAT(first, testing::ContainsRegex("seed +[0-9a-f]+ \\(fingerprint\\)\n"));
}

TEST(ListsReport, NamesThatAreNoTextDoNotBreakJson) {
  match::DomainSetBuilder builder({1, 2});
  ASSERT_TRUE(builder.app("\xff\xfe"));
  EXPECT_TRUE(nlohmann::json::accept(image_json("\xff", builder.build()->set)));
}

}  // namespace
}  // namespace sluice::cli
