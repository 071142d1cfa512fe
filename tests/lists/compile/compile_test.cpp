#include "lists/compile/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpsl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>

#include "lists/compile/load.h"
#include "lists/compile/public_suffixes.h"
#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::found;
using test::name_of;
using testing::HasSubstr;
using testing::IsEmpty;

class Compile : public test::ListFolder {};

TEST_F(Compile, TellsOfARuleWhereItStands) {
  const auto compiled = compile(
      {list("wechat", "# head\nwechat.com\n"), list("tiktok", "=tiktok.com\n@@open.tiktok.com\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->domains.size(), 3U);
  const match::Match match = compiled->domains.find(name_of("a.wechat.com"));
  ASSERT_TRUE(match.rule.valid());
  const match::Rule& rule = compiled->domains.rule(match.rule);
  EXPECT_EQ(compiled->domains.app_name(rule.app), "wechat");
  EXPECT_EQ(compiled->domains.list_name(rule.list), "wechat");
  EXPECT_EQ(compiled->lists.at(rule.list.index).spec.name, "wechat");
  EXPECT_EQ(rule.line, 2U);
  EXPECT_EQ(found(*compiled, "tiktok.com"), "=tiktok.com");
  EXPECT_EQ(found(*compiled, "a.tiktok.com"), "");
  EXPECT_EQ(found(*compiled, "a.open.tiktok.com"), "@@open.tiktok.com");
}

TEST_F(Compile, TheSetKnowsVersionsAndTheTextOfTheList) {
  const auto compiled = compile({list("idn",
                                      "=b\xc3\xbc"
                                      "cher.example\nplain.example\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->domains.list_version(match::ListId{}), compiled->lists[0].version);
  const auto source = [&](std::string_view name) {
    return compiled->domains.rule_source(compiled->domains.find(name_of(name)).rule);
  };
  EXPECT_EQ(source("xn--bcher-kva.example"),
            "=b\xc3\xbc"
            "cher.example");
  EXPECT_EQ(source("plain.example"), "");
}

TEST_F(Compile, DenyallowExemptsFromItsRuleOnly) {
  ListSpec rules = list("rules",
                        "||example.com^$denyallow=a.example.com\n"
                        "||b.a.example.com^\n"
                        "||*.org^$denyallow=c.org,important\n");
  rules.format = Format::adblock;
  rules.forced = true;
  const auto compiled = compile({rules, list("other", "=a.example.com\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(found(*compiled, "x.example.com"), "example.com");
  EXPECT_EQ(found(*compiled, "a.example.com"), "=a.example.com");
  EXPECT_EQ(found(*compiled, "x.a.example.com"), "");
  EXPECT_EQ(found(*compiled, "b.a.example.com"), "b.a.example.com");
  EXPECT_EQ(found(*compiled, "d.org"), "*.*.org");
  EXPECT_EQ(found(*compiled, "c.org"), "");
}

TEST_F(Compile, AnswersGetIntoTheSet) {
  ListSpec zone = list("zone",
                       "a.example.com CNAME .\n"
                       "b.example.com CNAME *.\n"
                       "c.example.com 60 A 192.0.2.1\n"
                       "  61 A 192.0.2.2\n"
                       "  62 AAAA 2001:db8::1\n"
                       "d.example.com 63 CNAME x.\n"
                       "e.example.com A 0.0.0.0\n"
                       "f.example.com CNAME rpz-drop.\n"
                       "*.f.example.com CNAME rpz-drop.\n");
  zone.format = Format::rpz;
  const auto compiled = compile({zone});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].duplicates, 0U);
  EXPECT_THAT(compiled->lists[0].warnings, IsEmpty());
  const auto answer = [&](std::string_view name, std::uint16_t type) {
    const match::DomainSet& set = compiled->domains;
    const match::Answer own = set.rule_answer(set.find(name_of(name)).rule, type);
    return std::string(to_string(own.kind)) +
           (own.kind == match::AnswerKind::record
                ? " " + std::to_string(own.type) + " " + std::to_string(own.ttl)
                : "");
  };
  EXPECT_EQ(answer("a.example.com", 1), "NXDOMAIN");
  EXPECT_EQ(answer("b.example.com", 1), "NODATA");
  EXPECT_EQ(answer("c.example.com", 1), "record 1 60");
  EXPECT_EQ(answer("c.example.com", 28), "record 28 62");
  EXPECT_EQ(answer("c.example.com", 16), "NODATA");
  EXPECT_EQ(answer("d.example.com", 16), "record 5 63");
  EXPECT_EQ(answer("e.example.com", 1), "policy");
  EXPECT_EQ(answer("x.f.example.com", 1), "DROP");
}

// Data of a redirect follow the zone: they belong to one rule.
TEST_F(Compile, ARuleWithoutAnAnswerGetsThatOfItsOwnList) {
  ListSpec zone = list("zone",
                       "local-zone: \"a.example.com\" redirect\n"
                       "local-data: \"a.example.com A 192.0.2.1\"\n");
  zone.format = Format::unbound;
  const auto compiled = compile({zone, list("other", "b.example.com\n")});
  ASSERT_TRUE(compiled);
  const match::DomainSet& set = compiled->domains;
  const auto kind = [&](std::string_view name) {
    return set.rule_answer(set.find(name_of(name)).rule, 1).kind;
  };
  EXPECT_EQ(kind("x.a.example.com"), match::AnswerKind::record);
  EXPECT_EQ(kind("b.example.com"), match::AnswerKind::of_policy);
  EXPECT_EQ(compiled->lists[0].duplicates, 0U);
}

TEST_F(Compile, TheFormatIsFoundAndSaid) {
  const auto compiled = compile({list("rules", "||example.com^\n"), list("names", "a.example\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(format_said(compiled->lists[0]), "adblock (found by its first lines)");
  EXPECT_EQ(format_said(compiled->lists[1]), "domains (found by its first lines)");
  const auto neither = compile({list("neither", "! why\na.example\n")});
  ASSERT_FALSE(neither);
  EXPECT_THAT(neither.error().reason, HasSubstr("fit adblock"));
}

// Whole top-level domains in a published zone need force, as in every format.
TEST_F(Compile, BelowAPublicSuffixIsAPublicSuffix) {
  ListSpec zone = list("zone", "*.actor CNAME .\nactor CNAME .\n*.example.com CNAME .\n");
  zone.format = Format::rpz;
  auto compiled = compile({zone});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].error_count, 1U);
  EXPECT_EQ(found(*compiled, "an.actor"), "");
  EXPECT_EQ(found(*compiled, "a.example.com"), "*.*.example.com");
  EXPECT_EQ(found(*compiled, "example.com"), "");
}

TEST_F(Compile, GlobsCoverWhatTheySay) {
  const auto compiled = compile({list("globs",
                                      "p16-tiktok-*.ibyteimg.com\n"
                                      "=a*.exact.example\n"
                                      "@@p16-tiktok-ok*.ibyteimg.com\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(found(*compiled, "p16-tiktok-va.ibyteimg.com"), "p16-tiktok-*.ibyteimg.com");
  EXPECT_EQ(found(*compiled, "x.p16-tiktok-.ibyteimg.com"), "p16-tiktok-*.ibyteimg.com");
  EXPECT_EQ(found(*compiled, "p16.ibyteimg.com"), "");
  EXPECT_EQ(found(*compiled, "a1.exact.example"), "=a*.exact.example");
  EXPECT_EQ(found(*compiled, "b.a1.exact.example"), "");
}

TEST_F(Compile, NothingIsAnEmptySet) {
  const auto compiled = compile({});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->domains.size(), 0U);
  EXPECT_EQ(found(*compiled, "wechat.com"), "");
}

TEST_F(Compile, AMissingFileFailsTheWhole) {
  const auto file = folder() / "gone.list";
  const auto compiled = compile({list("wechat", "wechat.com\n"),
                                 {.name = "gone", .source = Source::file(file), .app = "gone"}});
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().source, file.string());
  EXPECT_EQ(compiled.error().to_string(), file.string() + ": No such file or directory");
}

// A text that was cut on its way often ends within a line.
TEST_F(Compile, ALastLineWithoutLineFeedIsWarnedOf) {
  const auto compiled = compile({list("cut", "a.example\nb.exa"), list("whole", "a.example\n")});
  ASSERT_TRUE(compiled);
  ASSERT_EQ(compiled->lists[0].warning_count, 1U);
  EXPECT_EQ(compiled->lists[0].warnings[0].line, 2U);
  EXPECT_EQ(compiled->lists[0].warnings[0].text, "b.exa");
  EXPECT_EQ(compiled->lists[1].warning_count, 0U);
}

TEST_F(Compile, APipeOrADeviceIsNoList) {
  const auto pipe = folder() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::filesystem::path& file : {pipe, std::filesystem::path("/dev/zero")}) {
    const auto compiled = compile({{.name = "list", .source = Source::file(file), .app = "a"}});
    ASSERT_FALSE(compiled);
    EXPECT_EQ(compiled.error().to_string(), file.string() + ": not a regular file");
    const auto guarded = compile({}, {.critical = file});
    ASSERT_FALSE(guarded);
    EXPECT_EQ(guarded.error().to_string(), file.string() + ": not a regular file");
  }
}

TEST_F(Compile, AFolderIsNoList) {
  const auto compiled = compile({{.name = "folder", .source = Source::file(folder()), .app = "a"}});
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().reason, "a directory, not a file");
}

// It would be read as an empty list, which bans nothing, or never end.
TEST_F(Compile, APipeIsNoList) {
  const auto pipe = folder() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto compiled = compile({{.name = "pipe", .source = Source::file(pipe), .app = "a"}});
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().reason, "not a regular file");
}

TEST_F(Compile, BadLinesAreReportedAndTheRestIsTaken) {
  const auto compiled = compile({list("wechat", "wechat.com\na..b\nweixin.com\n")});
  ASSERT_TRUE(compiled);
  const LoadedList& loaded = compiled->lists.at(0);
  EXPECT_EQ(loaded.entries, 2U);
  EXPECT_EQ(loaded.error_count, 1U);
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_EQ(loaded.errors[0].line, 2U);
  EXPECT_EQ(loaded.errors[0].reason, "empty label");
  EXPECT_EQ(found(*compiled, "weixin.com"), "weixin.com");
}

TEST_F(Compile, RefusesPublicSuffixes) {
  const auto compiled = compile({list("wide",
                                      "com\n"
                                      "*.co.uk\n"
                                      "GitHub.io.\n"
                                      "foo.ck\n"
                                      "xn--55qx5d.cn\n"
                                      "nosuchtopleveldomain\n"
                                      "example.com\n"
                                      "www.ck\n")});
  ASSERT_TRUE(compiled);
  const LoadedList& loaded = compiled->lists.at(0);
  EXPECT_EQ(loaded.spec.source.name(), (folder() / "wide.list").string());
  EXPECT_EQ(loaded.entries, 2U);
  EXPECT_EQ(loaded.error_count, 6U);
  ASSERT_EQ(loaded.errors.size(), 6U);
  constexpr std::string_view kNames[] = {"com",    "co.uk",         "github.io",
                                         "foo.ck", "xn--55qx5d.cn", "nosuchtopleveldomain"};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(loaded.errors[i].line, i + 1);
    EXPECT_EQ(loaded.errors[i].text, kNames[i]);
    EXPECT_THAT(loaded.errors[i].reason, HasSubstr("force = true"));
  }
  EXPECT_THAT(loaded.errors[0].reason, HasSubstr("a public suffix"));
  EXPECT_THAT(loaded.errors[2].reason, HasSubstr("under which others have names"));
  EXPECT_EQ(found(*compiled, "someone.com"), "");
  EXPECT_EQ(found(*compiled, "a.www.ck"), "www.ck");
}

TEST_F(Compile, TakesAPublicSuffixThatIsForcedOrCoversItselfAlone) {
  ListSpec forced = list("forced", "co.uk\n");
  forced.forced = true;
  const auto compiled = compile({forced, list("exact", "=github.io\n"), list("free", "@@com\n")});
  ASSERT_TRUE(compiled);
  for (const LoadedList& loaded : compiled->lists) EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(found(*compiled, "someone.co.uk"), "co.uk");
  EXPECT_EQ(found(*compiled, "github.io"), "=github.io");
  EXPECT_EQ(found(*compiled, "someone.github.io"), "");
  EXPECT_EQ(found(*compiled, "someone.com"), "@@com");
}

TEST_F(Compile, RefusalsAreBoundedTogetherWithBadLines) {
  std::string text;
  for (int i = 0; i < 800; ++i) text += "a..b\n";
  for (int i = 0; i < 800; ++i) text += "com\n";
  const auto compiled = compile({list("bad", text)});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].errors.size(), Notes::kMost);
  EXPECT_EQ(compiled->lists[0].error_count, 1600U);
}

TEST_F(Compile, CountsDuplicatesWithinAnAppAndAcrossItsLists) {
  ListSpec second = list("second", "wechat.com\nweixin.com\n");
  second.app = "wechat";
  const auto compiled = compile({list("wechat", "wechat.com\nWeChat.com.\n=wechat.com\n"), second,
                                 list("tiktok", "wechat.com\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].entries, 2U);
  EXPECT_EQ(compiled->lists[0].duplicates, 1U);
  EXPECT_EQ(compiled->lists[1].entries, 1U);
  EXPECT_EQ(compiled->lists[1].duplicates, 1U);
  EXPECT_EQ(compiled->lists[2].entries, 1U);  // of another app
  EXPECT_EQ(compiled->lists[2].duplicates, 0U);
  EXPECT_EQ(compiled->domains.size(), 4U);
}

TEST_F(Compile, EveryEntryOfAnExceptionListIsAnException) {
  ListSpec free = list("free", "pay.wechat.com\n=a.wechat.com\n@@b.wechat.com\n");
  free.app = "*";
  free.exceptions = true;
  const auto compiled = compile({list("wechat", "wechat.com\n"), free});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(found(*compiled, "x.pay.wechat.com"), "@@pay.wechat.com");
  EXPECT_EQ(found(*compiled, "a.wechat.com"), "@@=a.wechat.com");
  EXPECT_EQ(found(*compiled, "b.wechat.com"), "@@b.wechat.com");
  EXPECT_EQ(found(*compiled, "c.wechat.com"), "wechat.com");
  const match::Match match = compiled->domains.find(name_of("pay.wechat.com"));
  EXPECT_EQ(compiled->domains.rule(match.rule).app, match::AppId{});
}

TEST_F(Compile, ReadsHostsFilesToo) {
  ListSpec hosts = list("hosts", "0.0.0.0 localhost ads.example\n");
  hosts.format = Format::hosts;
  const auto compiled = compile({hosts});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(found(*compiled, "ads.example"), "=ads.example");
  EXPECT_EQ(found(*compiled, "a.ads.example"), "");
  EXPECT_EQ(compiled->domains.size(), 1U);
}

TEST_F(Compile, VersionsChangeWithContent) {
  const auto first = list("wechat", "wechat.com\n");
  const auto second = list("tiktok", "tiktok.com\n");
  const auto before = compile({first, second});
  const auto again = compile({first, second});
  ASSERT_TRUE(before && again);
  EXPECT_EQ(before->version, again->version);
  EXPECT_EQ(before->version.size(), 16U);

  write("tiktok.list", "tiktok.com # a comment\n");
  const auto after = compile({first, second});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->lists[0].version, before->lists[0].version);
  EXPECT_NE(after->lists[1].version, before->lists[1].version);
  EXPECT_NE(after->version, before->version);
}

TEST_F(Compile, AVersionIsTheStartOfTheDigest) {
  EXPECT_EQ(short_digest(""), "e3b0c44298fc1c14");  // FIPS 180-4
  EXPECT_EQ(short_digest("abc"), "ba7816bf8f01cfea");
  const auto compiled = compile({list("abc", "abc")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].version, "ba7816bf8f01cfea");
}

TEST_F(Compile, TooLongANameOfAListFailsTheWhole) {
  ListSpec spec = list("a", "a.example\n");
  spec.name = std::string(300, 'x');
  const auto compiled = compile({spec});
  ASSERT_FALSE(compiled);
  EXPECT_THAT(compiled.error().to_string(), HasSubstr("longer than 255 bytes"));
}

TEST_F(Compile, TooManyAppsFailTheWhole) {
  std::vector<ListSpec> lists;
  for (std::size_t i = 0; i < match::kMaxApps; ++i) {
    lists.push_back(list("app" + std::to_string(i), "a.example\n"));
  }
  EXPECT_TRUE(compile(lists));
  lists.push_back(list("more", "a.example\n"));
  const auto compiled = compile(lists);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().source, lists.back().source.name());
  EXPECT_EQ(compiled.error().reason, "more than 64 apps");
}

TEST(PublicSuffixes, TellsIcannFromPrivate) {
  const PublicSuffixes suffixes;
  EXPECT_EQ(suffixes.look_up(name_of("com").wire()), PublicSuffix::icann);
  EXPECT_EQ(suffixes.look_up(name_of("CO.UK").wire()), PublicSuffix::icann);
  EXPECT_EQ(suffixes.look_up(name_of("github.io").wire()), PublicSuffix::private_part);
  EXPECT_EQ(suffixes.look_up(name_of("example.com").wire()), PublicSuffix::no);
  EXPECT_EQ(suffixes.look_up(name_of("a.github.io").wire()), PublicSuffix::no);
}

// What a library of C would read as another name.
TEST(PublicSuffixes, OddBytesMakeNoSuffix) {
  const PublicSuffixes suffixes;
  EXPECT_EQ(suffixes.look_up(name_of("co\\.uk.example").wire()), PublicSuffix::no);
  EXPECT_EQ(suffixes.look_up(name_of("co.uk\\000.example").wire()), PublicSuffix::no);
  EXPECT_EQ(suffixes.look_up(name_of("a\\.co.uk").wire()), PublicSuffix::no);
}

// Every rule of the installed list, as libpsl alone says it: its exceptions and wildcards too.
TEST(PublicSuffixes, AgreesWithLibpslOnEveryRule) {
  std::ifstream list("/usr/share/publicsuffix/public_suffix_list.dat");
  if (!list) GTEST_SKIP() << "no list is installed";
  const std::unique_ptr<psl_ctx_t, void (*)(psl_ctx_t*)> psl(psl_latest(nullptr), psl_free);
  const PublicSuffixes suffixes;
  std::size_t rules = 0;
  for (std::string rule; std::getline(list, rule);) {
    if (rule.empty() || rule.starts_with("//")) continue;
    for (const std::string_view mark : {"!", "*."}) {
      if (rule.starts_with(mark)) rule.erase(0, mark.size());
    }
    EXPECT_LT(std::ranges::count(rule, '.') + 1, std::ptrdiff_t{PublicSuffixes::kMostLabels});
    if (std::ranges::any_of(rule, [](char c) { return c < 0; })) continue;
    for (const std::string& host : {rule, "foo." + rule, "foo.bar." + rule}) {
      const bool any = psl_is_public_suffix2(psl.get(), host.c_str(), PSL_TYPE_ANY) != 0;
      const bool icann = psl_is_public_suffix2(psl.get(), host.c_str(), PSL_TYPE_ICANN) != 0;
      const auto expected =
          !any ? PublicSuffix::no : (icann ? PublicSuffix::icann : PublicSuffix::private_part);
      ASSERT_EQ(suffixes.look_up(name_of(host).wire()), expected) << host;
    }
    ++rules;
  }
  EXPECT_GT(rules, 8000U);
}

}  // namespace
}  // namespace sluice::lists
