// The JSON of a manifest: one reading of it, or none.

#include "lists/bundle/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::lists {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');
const std::string kMember = R"({"name":"a.list","kind":"list","app":"a","format":"domains",)"
                            R"("size":1,"sha256":")" +
                            kDigest + "\"}";
const std::string kTimes =
    R"("created":"2026-06-01T00:00:00Z","valid_until":"2026-07-01T00:00:00Z",)";

std::string with_members(const std::string& members) {
  return R"({"version":1,)" + kTimes + R"("author":"","members":[)" + members + "]}";
}
const std::string kWhole = with_members(kMember);

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t where = text.find(from);
  EXPECT_NE(where, std::string::npos) << from;
  return text.replace(where, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto manifest = parse_manifest(text);
  return manifest ? "taken" : manifest.error();
}

TEST(Manifest, IsTaken) {
  EXPECT_EQ(error_of(kWhole), "taken");
  EXPECT_EQ(error_of(" " + kWhole + "\n"), "taken");
}

struct Broken {
  const char* name;
  std::string from, to;
  const char* says;
};
void PrintTo(const Broken& broken, std::ostream* out) {
  *out << broken.name;
}

class ManifestRefuses : public testing::TestWithParam<Broken> {};

TEST_P(ManifestRefuses, WithItsReason) {
  const Broken& broken = GetParam();
  EXPECT_THAT(error_of(replaced(kWhole, broken.from, broken.to)), HasSubstr(broken.says));
}

INSTANTIATE_TEST_SUITE_P(
    Manifest, ManifestRefuses,
    testing::Values(
        Broken{"TwoVersions", "{\"version\":1,", "{\"version\":9,\"version\":1,", "twice"},
        Broken{"TwoNames", "\"name\":", R"("name":"b.list","name":)", "twice"},
        Broken{"UnknownKey", "{\"version\"", "{\"valid_untl\":1,\"version\"", "a key too many"},
        Broken{"UnknownKeyOfAMember", "\"app\"", "\"forced\":true,\"app\"", "a key too many"},
        Broken{"NoVersion", "\"version\":1,", "", "no `version`"},
        Broken{"NoEnd", ",\"valid_until\":\"2026-07-01T00:00:00Z\"", "", "no `valid_until`"},
        Broken{"NoDigest", ",\"sha256\":\"" + kDigest + "\"", "", "no `sha256`"},
        Broken{"VersionZero", "\"version\":1", "\"version\":0", "`version`"},
        Broken{"NegativeVersion", "\"version\":1", "\"version\":-1", "`version`"},
        Broken{"VersionWithAPoint", "\"version\":1", "\"version\":1.0", "`version`"},
        Broken{"VersionAsText", "\"version\":1", "\"version\":\"1\"", "`version`"},
        Broken{"VersionThatJsonRounds", "\"version\":1", "\"version\":9007199254740992",
               "`version`"},
        Broken{"VersionOverAll", "\"version\":1", "\"version\":18446744073709551617", "`version`"},
        Broken{"NumberOutOfRange", "\"version\":1", "\"version\":1e999", "not JSON"},
        Broken{"NoTime", "2026-06-01T00:00:00Z", "yesterday", "`created`"},
        Broken{"NoDay", "2026-06-01T00:00:00Z", "2026-06-31T00:00:00Z", "`created`"},
        Broken{"LocalTime", "2026-06-01T00:00:00Z", "2026-06-01T00:00:00+02:00", "`created`"},
        Broken{"HourOfTwentyFour", "2026-06-01T00:00:00Z", "2026-06-01T24:00:00Z", "`created`"},
        Broken{"EndBeforeCreation", "2026-07-01", "2026-05-01", "ends before"},
        Broken{"AuthorWithAnEscape", "\"author\":\"\"", R"("author":"\u001b[2J")", "`author`"},
        Broken{"AuthorThatTurnsTheLine", "\"author\":\"\"", R"("author":"a\u202eb")", "`author`"},
        Broken{"LongAuthor", "\"author\":\"\"", "\"author\":\"" + std::string(256, 'a') + "\"",
               "`author`"},
        Broken{"NotUtf8", "\"author\":\"\"", "\"author\":\"\xff\"", "not JSON"},
        Broken{"PathAsName", "a.list", "../a.list", "safe file name"},
        Broken{"HiddenName", "a.list", ".a.list", "safe file name"},
        Broken{"OptionAsName", "a.list", "-a.list", "safe file name"},
        Broken{"FolderInName", "a.list", "etc/a.list", "safe file name"},
        Broken{"EmptyName", "a.list", "", "safe file name"},
        Broken{"NameWithNul", "a.list", "a\\u0000.list", "safe file name"},
        Broken{"LongName", "a.list", std::string(129, 'a'), "safe file name"},
        Broken{"UnknownKind", "\"kind\":\"list\"", "\"kind\":\"script\"", "kind"},
        Broken{"ListOfEveryApp", "\"app\":\"a\"", "\"app\":\"*\"", "only exceptions"},
        Broken{"EmptyApp", "\"app\":\"a\"", "\"app\":\"\"", "app"},
        Broken{"AppWithALineEnd", "\"app\":\"a\"", R"("app":"a\nb")", "app"},
        Broken{"UnknownFormat", "domains", "xml", "format"},
        Broken{"FormatToBeFound", "domains", "auto", "format"},
        Broken{"ImageWithApp", "\"kind\":\"list\"", "\"kind\":\"image\"", "a key too many"},
        Broken{"DigestInCapitals", kDigest, std::string(64, 'A'), "sha256"},
        Broken{"ShortDigest", kDigest, std::string(63, 'a'), "sha256"},
        Broken{"NegativeSize", "\"size\":1", "\"size\":-1", "`size`"},
        Broken{"NoMembers", kMember, "", "`members`"},
        Broken{"MemberThatIsNone", kMember, "[]", "member 1: not an object"},
        Broken{"TwoOfOneName", kMember, kMember + "," + kMember, "two members are called a.list"},
        Broken{"DeepNesting", kMember, std::string(100'000, '['), ""},
        Broken{"TooDeep", "\"size\":1", "\"size\":[[1]]", "nested too deep"},
        Broken{"Comment", "{\"version\"", "/* */{\"version\"", "not JSON"},
        Broken{"TextBehindIt", "]}", "]}{}", "not JSON"}),
    [](const auto& param) { return param.param.name; });

TEST(Manifest, HasAtMost256Members) {
  const auto members = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += (i > 0 ? "," : "") + replaced(kMember, "a.list", std::to_string(i));
    }
    return with_members(text);
  };
  EXPECT_EQ(error_of(members(256)), "taken");
  EXPECT_THAT(error_of(members(257)), HasSubstr("`members` are not a list of 1 to 256"));
}

TEST(Manifest, IsBoundedInBytes) {
  EXPECT_EQ(error_of(kWhole + std::string(kMaxManifest - kWhole.size(), ' ')), "taken");
  EXPECT_EQ(error_of(kWhole + std::string(kMaxManifest - kWhole.size() + 1, ' ')), "too large");
}

TEST(Manifest, TheLargestFits) {
  Manifest manifest{.version = kMaxVersion,
                    .valid_until = std::chrono::sys_seconds(std::chrono::seconds(1)),
                    .author = std::string(kMaxAuthor, 'a')};
  for (std::size_t i = 0; i < kMaxMembers; ++i) {
    const std::string number = std::to_string(i);
    manifest.members.push_back({.name = std::string(kMaxMemberName - number.size(), 'n') + number,
                                .kind = MemberKind::exceptions,
                                .app = std::string(kMaxApp, 'a'),
                                .format = Format::endpoints,
                                .size = kMaxManifest,
                                .sha256 = kDigest});
  }
  const auto text = write_manifest(manifest);
  ASSERT_TRUE(text) << text.error();
  EXPECT_EQ(parse_manifest(*text), manifest);
}

TEST(Manifest, AuthorsHaveAnyLetters) {
  EXPECT_EQ(error_of(replaced(kWhole, "\"author\":\"\"", "\"author\":\"Jürgen 王 עברית\"")),
            "taken");
}

}  // namespace
}  // namespace sluice::lists
