// Names that are not ASCII, and A-labels.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using test::parse_domains;
using test::parse_hosts;
using test::Parsed;
using test::read_line;
using test::warnings_of;
using testing::ElementsAre;
using testing::IsEmpty;

std::string utf8(const char8_t* text) {
  return reinterpret_cast<const char*>(text);
}

std::string warning_of(const std::string& line) {
  const Parsed parsed = parse_domains(line);
  EXPECT_EQ(parsed.entries.size(), 1U) << line;
  return parsed.warnings.empty() ? "" : parsed.warnings[0].reason;
}

TEST(Idn, ULabelsBecomeALabels) {
  EXPECT_EQ(read_line(utf8(u8"b\u00fccher.example")), "xn--bcher-kva.example");
  EXPECT_EQ(read_line(utf8(u8"B\u00dcCHER.Example.")), "xn--bcher-kva.example");
  EXPECT_EQ(read_line(utf8(u8"bu\u0308cher.example")), "xn--bcher-kva.example");  // not in NFC
  EXPECT_EQ(read_line(utf8(u8"\u4e2d\u56fd")), "xn--fiqs8s");
  EXPECT_EQ(read_line(utf8(u8"=_dns.b\u00fccher.example")), "=_dns.xn--bcher-kva.example");
  EXPECT_EQ(read_line(utf8(u8"@@*.b\u00fccher.example")), "@@xn--bcher-kva.example");
  EXPECT_THAT(test::entries_of(parse_hosts(utf8(u8"0.0.0.0 a.example b\u00fccher.example"))),
              ElementsAre("1: =a.example", "1: =xn--bcher-kva.example"));
}

// Non-transitional: the four deviations of IDNA2003 stay themselves.
TEST(Idn, SharpSIsNoDoubleS) {
  EXPECT_EQ(read_line(utf8(u8"fa\u00df.example")), "xn--fa-hia.example");
}

TEST(Idn, OtherDotsAreDots) {
  EXPECT_EQ(read_line(utf8(u8"\u4e2d\u56fd\u3002example")), "xn--fiqs8s.example");
}

TEST(Idn, TheTextOfTheListIsKept) {
  const std::string line = utf8(u8"@@=b\u00fccher.example");
  EXPECT_EQ(parse_domains(line + " # why").entries.at(0).source, line);
  EXPECT_EQ(parse_domains("xn--bcher-kva.example").entries.at(0).source, "");
  EXPECT_EQ(parse_domains("Example.COM.").entries.at(0).source, "");
}

TEST(Idn, ATextTooLongToKeepIsNotKept) {
  std::string label;
  for (int i = 0; i < 50; ++i) label += utf8(u8"\u3042");
  const Parsed parsed = parse_domains(label + '.' + label + ".example");
  ASSERT_EQ(parsed.entries.size(), 1U);
  EXPECT_EQ(parsed.entries[0].source, "");
}

TEST(Idn, RefusesWhatIdna2008DoesNotAllow) {
  EXPECT_EQ(read_line(utf8(u8"\U0001f4a9.example")),
            "refused: not valid in IDNA2008: string contains a disallowed character");
  EXPECT_EQ(read_line(utf8(u8"\u0378.example")), "refused: U+0378 is not assigned");
  EXPECT_EQ(read_line(utf8(u8"a\u200d.example")),
            "refused: not valid in IDNA2008: string contains a forbidden context-j character");
  EXPECT_EQ(read_line(utf8(u8"1\u05d0.example")),
            "refused: not valid in IDNA2008: string has forbidden bi-directional properties");
  EXPECT_EQ(read_line(utf8(u8"-\u00fc-.example")),
            "refused: not valid in IDNA2008: string start/ends with forbidden hyphen");
}

TEST(Idn, InvisibleSignsDoNotVanish) {
  EXPECT_EQ(read_line(utf8(u8"exam\u200bple.com")), "refused: U+200B is invisible");
  EXPECT_EQ(read_line(utf8(u8"exam\u00adple.com")), "refused: U+00AD is invisible");
  EXPECT_EQ(read_line(utf8(u8"\u202emoc.elpmaxe")), "refused: U+202E is invisible");
  EXPECT_EQ(read_line(utf8(u8"exam\u0085ple.com")), "refused: U+0085 is a control character");
}

// Wide forms are mapped to ASCII, and must not become what a line could not say itself.
TEST(Idn, WideFormsAreNoWayAround) {
  EXPECT_EQ(read_line(utf8(u8"\uff21.example")), "a.example");
  EXPECT_EQ(read_line(utf8(u8"\uff11\uff19\uff12.0.2.1")), "refused: an IP address, not a name");
  EXPECT_EQ(read_line(utf8(u8"a\uff0a.example.com")), "refused: '*' cannot be part of a name");
  EXPECT_EQ(read_line(utf8(u8"a\uff3c.example.com")), "refused: '\\' cannot be part of a name");
  EXPECT_EQ(read_line(utf8(u8"a\uff03.example.com")), "refused: '#' cannot be part of a name");
  EXPECT_EQ(read_line(utf8(u8"\uff0e")), "refused: the root; it would cover every name");
}

TEST(Idn, AnEscapeBesideOtherLettersIsRefused) {
  EXPECT_EQ(read_line(utf8(u8"a\\.b.b\u00fccher.example")),
            "refused: an escape in a name that is not ASCII");
}

TEST(Idn, LimitsHoldForTheALabel) {
  std::string label;
  for (int i = 0; i < 63; ++i) label += utf8(u8"\u3042");
  EXPECT_THAT(read_line(label + ".example"), testing::StartsWith("refused: "));
}

TEST(Idn, LabelsThatMixScriptsAreTakenWithAWarning) {
  const std::string lookalike = utf8(u8"p\u0430ypal.example");
  EXPECT_EQ(read_line(lookalike), "xn--pypal-4ve.example");
  EXPECT_EQ(warning_of(lookalike), "xn--pypal-4ve mixes scripts: Cyrillic, Latin");
  EXPECT_EQ(warning_of("a.xn--pypal-4ve.example"), "xn--pypal-4ve mixes scripts: Cyrillic, Latin");
  EXPECT_THAT(
      warnings_of(parse_domains("a.example\n=xn--pypal-4ve.example # why\n")),
      ElementsAre("2: =xn--pypal-4ve.example: xn--pypal-4ve mixes scripts: Cyrillic, Latin"));
}

TEST(Idn, OneScriptAndTheMixesOfEastAsiaAreCommon) {
  EXPECT_EQ(warning_of(utf8(u8"\u043f\u0440\u0438\u043c\u0435\u0440-1.example")), "");
  EXPECT_EQ(warning_of(utf8(u8"caf\u00e9.\u043f\u0440\u0438\u043c\u0435\u0440")), "");
  EXPECT_EQ(warning_of(utf8(u8"abc\u65e5\u672c\u3042\u30a2.example")), "");
  EXPECT_EQ(warning_of(utf8(u8"abc\u65e5\u672c\u3105.example")), "");
  EXPECT_EQ(warning_of(utf8(u8"abc\u65e5\u672c\ud55c.example")), "");
  EXPECT_EQ(warning_of(utf8(u8"\u3042\ud55c.example")),
            "xn--l8jz580c mixes scripts: Hangul, Hiragana");
}

// Such names are registered and resolved: to refuse them would be to let them through.
TEST(Idn, ALabelsThatDoNotDecodeAreTakenWithAWarning) {
  for (const char* line : {"xn--.example", "xn--a.example", "xn--ls8h.example", "xn--abc-.example",
                           "a*.xn--a.example", "xn--\\000.xn--a.example"}) {
    EXPECT_THAT(warning_of(line), testing::HasSubstr("is not valid in IDNA2008: ")) << line;
  }
  EXPECT_EQ(warning_of("XN--BCHER-KVA.example"), "");
  EXPECT_EQ(warning_of("a.xn--fiqs8s"), "");
}

}  // namespace
}  // namespace sluice::lists
