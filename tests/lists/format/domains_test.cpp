#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "lists/format/format.h"
#include "tests/lists/format/written.h"
#include "tests/lists/shared_data.h"

namespace sluice::lists {
namespace {

using test::entries_of;
using test::errors_of;
using test::parse;
using test::parse_domains;
using test::Parsed;
using test::ParsedEntry;
using test::read_line;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Format, HasOneNameInEachDirection) {
  for (const Format format : {Format::domains, Format::hosts}) {
    EXPECT_EQ(parse_format(to_string(format)), format);
  }
  EXPECT_EQ(parse_format("pihole"), std::nullopt);
  EXPECT_THAT(entries_of(parse(Format::domains, "a.example")), ElementsAre("1: a.example"));
  EXPECT_THAT(entries_of(parse(Format::hosts, "::1 a.example")), ElementsAre("1: =a.example"));
}

TEST(Domains, SaysWhatAnEntryCovers) {
  EXPECT_EQ(read_line("example.com"), "example.com");
  EXPECT_EQ(read_line("*.example.com"), "example.com");
  EXPECT_EQ(read_line("=example.com"), "=example.com");
  EXPECT_EQ(read_line("@@example.com"), "@@example.com");
  EXPECT_EQ(read_line("@@*.example.com"), "@@example.com");
  EXPECT_EQ(read_line("@@=example.com"), "@@=example.com");
}

TEST(Domains, ComparesNamesAsDnsDoes) {
  EXPECT_EQ(read_line("Example.COM"), "example.com");
  EXPECT_EQ(read_line("example.com."), "example.com");
  EXPECT_EQ(read_line("xn--fiqs8s.example"), "xn--fiqs8s.example");
  EXPECT_EQ(read_line("_dns.resolver.example"), "_dns.resolver.example");
  EXPECT_EQ(read_line("-odd-.example"), "-odd-.example");
  EXPECT_EQ(read_line("a\\.b.example"), "a\\.b.example");  // RFC 1035 section 5.1
}

TEST(Domains, LeavesOutCommentsAndBlanks) {
  const Parsed parsed = parse_domains(
      "# a list\n"
      "\n"
      "  a.example  \n"
      "\tb.example\t# why\n"
      "c.example #d.example\n"
      "   # nothing\n"
      "#\n"
      "e.example");
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("3: a.example", "4: b.example", "5: c.example", "8: e.example"));
  EXPECT_EQ(parsed.error_count, 0U);
}

TEST(Domains, ReadsFilesOfWindows) {
  const Parsed parsed = parse_domains("\xef\xbb\xbf# head\r\na.example\r\n\r\n=b.example\r\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("2: a.example", "4: =b.example"));
  EXPECT_EQ(parsed.error_count, 0U);
  EXPECT_THAT(entries_of(parse_domains("\xef\xbb\xbf"
                                       "a.example")),
              ElementsAre("1: a.example"));
  EXPECT_THAT(entries_of(parse_domains("\xef\xbb\xbf")), IsEmpty());
}

TEST(Domains, RefusesWhatIsNoName) {
  EXPECT_EQ(read_line("a..example"), "refused: empty label");
  EXPECT_EQ(read_line(".example.com"), "refused: empty label");
  EXPECT_EQ(read_line("example.com.."), "refused: empty label");
  EXPECT_EQ(read_line(std::string(64, 'x') + ".example"),
            "refused: a label is longer than 63 bytes");
  EXPECT_EQ(read_line(std::string(63, 'x') + ".example"), std::string(63, 'x') + ".example");
  std::string longest;
  for (int i = 0; i < 128; ++i) longest += "a.";
  EXPECT_EQ(read_line(longest), "refused: longer than 255 bytes");
  EXPECT_EQ(read_line("a\\25.example"), "refused: bad escape");
}

TEST(Domains, RefusesSignsThatOtherFormatsHave) {
  for (const char* line :
       {"||example.com^", "/ads[0-9]/", "address=/example.com/", "http://example.com",
        "example.com:443", "a.example,b.example", "full:example.com", "@@@@example.com",
        "==example.com", "=@@example.com", "@example.com", "!comment", "example.com$important"}) {
    EXPECT_TRUE(read_line(line).ends_with("' cannot be part of a name")) << line;
  }
  EXPECT_EQ(read_line("example.com ; a comment"), "refused: blanks inside a name");
  EXPECT_EQ(read_line("0.0.0.0 example.com"), "refused: blanks inside a name");
  EXPECT_EQ(read_line("= example.com"), "refused: blanks inside a name");
  EXPECT_EQ(read_line("a.example\rb.example"), "refused: blanks inside a name");
}

TEST(Domains, RefusesRulesThatHidePartsOfPages) {
  for (const char* line :
       {"news.example##.banner", "video.example#@#.ad", "forum.example#?#div:has-text(This site)",
        "a.example,b.example##[aria-label=\"Scroll to the top\"]", "*##.ad", "=a.example##.x",
        "@@a.example##.x", "a.example##^script:has-text(x)", "a.example#$#body { color: red }",
        "a.example#%#window.ads = 1;", "a.example#@?#p", "a.example#$?#p", "a.example## comment",
        "a.example##.x # comment",
        "b\xc3\xbc"
        "cher.example##.x",
        "a.example##*.b\xc3\xbc"
        "cher"}) {
    EXPECT_EQ(read_line(line), "refused: a rule that hides parts of web pages, not a name") << line;
  }
  EXPECT_EQ(read_line("a.example$$script[data=\"x\"]"), "refused: '$' cannot be part of a name");
  EXPECT_EQ(read_line("a.example#comment"), "refused: '#' cannot be part of a name");
  EXPECT_EQ(read_line("a.example\xef\xbc\x83#.x"), "refused: '#' cannot be part of a name");
  EXPECT_EQ(read_line("a.example ## comment"), "a.example");
  EXPECT_EQ(read_line("a\\035b.example"), "a#b.example");
  EXPECT_THAT(entries_of(parse_domains("##.ad\n#@#.ad\n#?#p\n ##.ad\n")), IsEmpty());
}

TEST(Domains, RefusesLinesOfOtherFiles) {
  for (const char* line : {"<!DOCTYPE html>",
                           "<title>404 Not Found</title>",
                           "<p>Sign in</p>",
                           "{\"name\": \"a.example\",",
                           "\"a.example\",",
                           "- a.example",
                           "a.example,1",
                           "1,a.example",
                           "+.a.example",
                           "~a.example",
                           "`a.example`",
                           "local-zone: \"a.example\" always_null",
                           "server=/a.example/",
                           "DOMAIN,a.example",
                           "a.example CNAME .",
                           "$TTL 60",
                           "@ SOA a. b. 1 2 3 4 5",
                           "(^|\\.)a\\.example$",
                           "[Adblock Plus 2.0]",
                           "! Title: a list",
                           "a.example ! why",
                           "||a.example^",
                           "@@||a.example^",
                           "a.example/path",
                           "|https://a.example|",
                           "a.example^$third-party",
                           ".a.example"}) {
    EXPECT_TRUE(read_line(line).starts_with("refused: ")) << line << ": " << read_line(line);
  }
}

// libidn2 and the vectors of code points would take many times the line's size.
TEST(Domains, AHugeLineThatIsNotAsciiIsRefusedByItsLength) {
  std::string line = "a";
  for (int i = 0; i < 2'000'000; ++i) line += "\xc3\xbc";
  EXPECT_EQ(read_line(line), "refused: longer than 255 bytes");
}

TEST(Domains, RefusesAddresses) {
  for (const char* line : {"192.0.2.1", "=192.0.2.1", "*.192.0.2.1", "@@192.0.2.1", "2001:db8::1",
                           "::ffff:192.0.2.1"}) {
    EXPECT_EQ(read_line(line), "refused: an IP address, not a name") << line;
  }
}

TEST(Domains, AnAddressWithAFinalDotIsStillNoName) {
  EXPECT_EQ(read_line("192.0.2.1."), "refused: an IP address, not a name");
}

TEST(Domains, RefusesTextThatIsNeitherAsciiNorUtf8) {
  for (const char* line : {"\xe4.example",
                           "\xff\xfe"
                           "a",
                           "\xed\xa0\x80.example", "\xc0\xaf.example", "a.example\xc2"}) {
    EXPECT_EQ(read_line(line), "refused: neither ASCII nor UTF-8");
  }
  EXPECT_EQ(read_line("a.example\xc2\xa0"), "refused: ' ' cannot be part of a name");
  // A mark is one at the start of the file only.
  EXPECT_THAT(errors_of(parse_domains("a.example\n\xef\xbb\xbf"
                                      "b.example")),
              ElementsAre("2: ???b.example: U+FEFF is invisible"));
  EXPECT_THAT(errors_of(parse(Format::domains,
                              "\xef\xbb\xbf"
                              "b.example",
                              7)),
              ElementsAre("7: ???b.example: U+FEFF is invisible"));
}

TEST(Domains, ControlCharactersAreNoPartOfAName) {
  for (const char c : {'\0', '\1', '\v', '\f', '\x1b', '\x7f'}) {
    EXPECT_EQ(read_line(std::string("exam") + c + "ple.com"),
              "refused: control characters inside a name");
  }
}

TEST(Domains, RefusesTheRoot) {
  for (const char* line : {".", "=", "@@", "@@=", "*.", "=."}) {
    EXPECT_EQ(read_line(line), "refused: the root; it would cover every name") << line;
  }
}

TEST(Domains, OneBadLineNeverDropsTheRest) {
  const Parsed parsed = parse_domains("a.example\nb..example\n=c.example\n192.0.2.1\nd.example\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: a.example", "3: =c.example", "5: d.example"));
  EXPECT_THAT(errors_of(parsed),
              ElementsAre("2: b..example: empty label", "4: 192.0.2.1: an IP address, not a name"));
  EXPECT_EQ(parsed.error_count, 2U);
}

TEST(Domains, ShowsARefusedLinePrintableAndCut) {
  EXPECT_THAT(errors_of(parse_domains("a\x1b[2J.example")),
              ElementsAre("1: a?[2J.example: control characters inside a name"));
  const Parsed parsed = parse_domains(std::string(10'000'000, 'x') + "\nb.example\n");
  EXPECT_THAT(errors_of(parsed),
              ElementsAre("1: " + std::string(80, 'x') + "…: a label is longer than 63 bytes"));
  EXPECT_THAT(entries_of(parsed), ElementsAre("2: b.example"));
}

TEST(Domains, CountsErrorsThatItDoesNotKeep) {
  std::string text;
  for (int i = 0; i < 1500; ++i) text += "a..example\n";
  const Parsed parsed = parse_domains(text + "good.example\n");
  EXPECT_EQ(parsed.errors.size(), Notes::kMost);
  EXPECT_EQ(parsed.errors.back().line, 1000U);
  EXPECT_EQ(parsed.error_count, 1500U);
  EXPECT_THAT(entries_of(parsed), ElementsAre("1501: good.example"));
}

// Mostly what lists have in them, and now and then any byte.
std::string some_list(std::mt19937& random) {
  constexpr std::string_view kUsual = "ab.=@*#\n\n\r \\0";
  std::string text(random() % 120, '\0');
  for (char& c : text) {
    c = random() % 16 == 0 ? static_cast<char>(random()) : kUsual[random() % kUsual.size()];
  }
  return text;
}

TEST(DomainsProperty, EveryLineIsAnEntryAnErrorOrEmpty) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    const std::string text = some_list(random);
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
    const Parsed parsed = parse_domains(text);
    std::vector<std::uint32_t> said;
    for (const ParsedEntry& entry : parsed.entries) {
      said.push_back(entry.line);
      ASSERT_GT(entry.name.label_count(), 0U);
    }
    for (const LineError& error : parsed.errors) {
      said.push_back(error.line);
      ASSERT_FALSE(error.reason.empty());
    }
    ASSERT_EQ(parsed.errors.size(), parsed.error_count);
    std::ranges::sort(said);
    ASSERT_EQ(std::ranges::adjacent_find(said), said.end());  // a line says one thing
    ASSERT_TRUE(said.empty() || (said.front() >= 1 && said.back() <= lines));
  }
}

TEST(DomainsProperty, JoinedListsGiveJoinedEntries) {
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    const std::string first = some_list(random) + '\n';
    const std::string second = some_list(random);
    const auto shift = static_cast<std::uint32_t>(std::ranges::count(first, '\n'));
    Parsed expected = parse_domains(first);
    Parsed behind = parse_domains(second);
    for (ParsedEntry& entry : behind.entries) {
      entry.line += shift;
      expected.entries.push_back(entry);
    }
    for (LineError& error : behind.errors) {
      error.line += shift;
      expected.errors.push_back(error);
    }
    const Parsed joined = parse_domains(first + second);
    ASSERT_EQ(entries_of(joined), entries_of(expected)) << round;
    ASSERT_EQ(errors_of(joined), errors_of(expected)) << round;
  }
}

struct RealList {
  const char* file;
  std::size_t entries;
};

class RealDomains : public testing::TestWithParam<RealList> {};

TEST_P(RealDomains, IsReadWithoutARefusal) {
  const auto text = test::shared_text(GetParam().file);
  if (!text) GTEST_SKIP() << GetParam().file << " is not there";
  const Parsed parsed = parse_domains(*text);
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_EQ(parsed.entries.size(), GetParam().entries);
}

INSTANTIATE_TEST_SUITE_P(Shared, RealDomains,
                         testing::Values(RealList{"lists/formats/doh.domains.txt", 3778},
                                         RealList{"lists/formats/domains-fake.txt", 16626},
                                         RealList{"lists/formats/wildcard-fake.txt", 16626}),
                         [](const auto& list) { return std::to_string(list.index); });

}  // namespace
}  // namespace sluice::lists
