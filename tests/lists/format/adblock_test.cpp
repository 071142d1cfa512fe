#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using test::entries_of;
using test::errors_of;
using test::Parsed;
using test::warnings_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Parsed parse(std::string_view text) {
  return test::parse(Format::adblock, text);
}

std::string refusal_of(std::string_view line) {
  const Parsed parsed = parse(line);
  if (!parsed.entries.empty()) return "taken";
  return parsed.errors.size() == 1 ? parsed.errors[0].reason : "not one";
}

TEST(Adblock, AnchorsSayWhatIsCovered) {
  const Parsed parsed = parse(
      "[Adblock Plus 2.0]\n"
      "! a title\n"
      "# a comment\n"
      "## a title ##\n"
      "||A.example^\n"
      "@@||b.example^|\n"
      "|c.example^\n"
      "||d.example|\n"
      "||*.e.example^\n"
      "@@||*.f.example^\r\n"
      "||*-ads.g.example^\n"
      "|*.h.example^\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("5: a.example", "6: @@b.example", "7: =c.example", "8: d.example",
                          "9: *.*.e.example", "10: @@*.*.f.example", "11: *-ads.g.example",
                          "12: *.*.h.example"));
}

// As AdGuard reads them: "domains-only" and hosts lines cover no subdomains.
TEST(Adblock, ABareNameAndAHostsLineCoverThemselvesAlone) {
  const Parsed parsed = parse(
      "a.example\n"
      "0.0.0.0 b.example c.example # why\n"
      "127.0.0.1 localhost\n"
      "192.0.2.7 d.example\n"
      "e.example # why\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("1: =a.example", "2: =b.example", "2: =c.example",
                          "4: =d.example -> type 1 192.0.2.7", "5: =e.example"));
}

TEST(Adblock, DenyallowExemptsNamesOfItsOwnRule) {
  const Parsed parsed = parse(
      "||example.com^$denyallow=a.example.com|b.c.example.com,important\n"
      "||*.test^$denyallow=a.test\n"
      "||example.com^$denyallow=other.example\n"
      "||example.com^$denyallow=bad..name\n"
      "@@||example.com^$denyallow=a.example.com\n");
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("1: example.com !", "1: not a.example.com", "1: not b.c.example.com",
                          "2: *.*.test", "2: not a.test", "3: example.com"));
  EXPECT_THAT(warnings_of(parsed),
              ElementsAre(HasSubstr("3: ||example.com^$denyallow=other.example: $denyallow has a "
                                    "name that the rule does not cover")));
  EXPECT_THAT(errors_of(parsed),
              ElementsAre(HasSubstr("4: ||example.com^$denyallow=bad..name: $denyallow: "
                                    "\"bad..name\": empty label"),
                          HasSubstr("$denyallow in an exception")));
}

TEST(Adblock, DnsrewriteIsAnAnswer) {
  const Parsed parsed = parse(
      "||a.example^$dnsrewrite=NXDOMAIN\n"
      "||b.example^$dnsrewrite=192.0.2.1\n"
      "||c.example^$dnsrewrite=other.example\n"
      "||d.example^$dnsrewrite=NOERROR;AAAA;2001:db8::1\n"
      "||e.example^$dnsrewrite=NOERROR\n"
      "||f.example^$dnsrewrite=REFUSED;;\n"
      "||g.example^$dnsrewrite=NOERROR;TXT;hello\n"
      "||h.example^$dnsrewrite=0.0.0.0\n"
      "||i.example^$dnsrewrite=NOERROR;CNAME;other.example\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("1: a.example -> NXDOMAIN", "2: b.example -> type 1 192.0.2.1",
                          "3: c.example -> type 5 other.example",
                          "4: d.example -> type 28 2001:db8::1", "5: e.example -> NODATA",
                          "6: f.example -> REFUSED", "7: g.example -> type 16 \x05hello",
                          "8: h.example", "9: i.example -> type 5 other.example"));
  for (const char* answer : {"SERVFAIL;;", "NOERROR;MX;10 a.example", "NOERROR;A;2001:db8::1",
                             "NOERROR;A;", "bad..name", "NXDOMAIN;A;192.0.2.1"}) {
    EXPECT_THAT(refusal_of("||a.example^$dnsrewrite=" + std::string(answer)),
                HasSubstr("$dnsrewrite"))
        << answer;
  }
}

// The evasion in reverse: a rule about parts of a page, or some requests, would ban the whole site.
TEST(Adblock, RulesForBrowsersAreNeverBlocks) {
  for (const char* line :
       {"example.com##.banner", "##.banner", "example.com#@#.ad", "#@#.ad", "example.com#?#.ad",
        "example.com#$#.ad { }", "example.com#%#//scriptlet", "example.com$$script[x]",
        "news.example ##.banner"}) {
    EXPECT_EQ(refusal_of(line), "a rule that changes web pages, not a name") << line;
  }
  for (const char* line : {"||example.com^$third-party", "||example.com^$doc,domain=~a.example",
                           "||example.com^$important,popup", "||example.com^$~third-party",
                           "||example.com^$", "@@||example.com^$document"}) {
    EXPECT_THAT(refusal_of(line), HasSubstr("a rule for browsers")) << line;
  }
  for (const char* line : {"||example.com^$badfilter", "||example.com^$client=192.0.2.1",
                           "||example.com^$dnstype=A", "||example.com^$ctag=device_tv"}) {
    EXPECT_THAT(refusal_of(line), HasSubstr("cannot be applied here")) << line;
  }
  for (const char* line : {"/^ads[0-9]+\\./", "@@/ads/", "/ads/$important"}) {
    EXPECT_THAT(refusal_of(line), HasSubstr("a regular expression")) << line;
  }
  for (const char* line : {"||example.com/path^", "||example.com:443^", "||exam ple.com^"}) {
    EXPECT_NE(refusal_of(line), "taken") << line;
  }
}

TEST(Adblock, PatternsThatCoverPartsOfNamesAreRefused) {
  for (const char* line : {"||example.com", "|example", "||example.*"}) {
    EXPECT_THAT(refusal_of(line), HasSubstr("without ^")) << line;
  }
  EXPECT_THAT(refusal_of("example.com^"), HasSubstr("without ||"));
  EXPECT_THAT(refusal_of("@@example.com"), HasSubstr("needs || and ^"));
  EXPECT_THAT(refusal_of("example.com$important"), HasSubstr("needs || and ^"));
  EXPECT_THAT(refusal_of("|*app1e*^"), HasSubstr("a fixed name to its right"));
  EXPECT_THAT(refusal_of("||192.0.2.1^"), HasSubstr("an IP address"));
}

// Reasons quote the list.
TEST(Adblock, ReasonsArePrintableAndShort) {
  const std::string reason = refusal_of("||a.example^$x\x01" + std::string(100'000, 'y'));
  EXPECT_LE(reason.size(), 400U);
  EXPECT_THAT(reason, HasSubstr("$x?yyy"));
}

TEST(Adblock, AStarInsideIsTakenWithAWarning) {
  const Parsed parsed = parse("@@||777*.a.example^\n||*x.a.example^\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: @@777*.a.example", "2: *x.a.example"));
  EXPECT_THAT(warnings_of(parsed),
              ElementsAre("1: @@||777*.a.example^: its stars cover no dots here"));
}

}  // namespace
}  // namespace sluice::lists
