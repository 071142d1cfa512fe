// Stars inside labels, in the format `domains`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using test::parse_domains;
using test::Parsed;
using test::read_line;
using testing::IsEmpty;

// The one entry of a line, with `glob` behind a pattern.
std::string read_glob(std::string_view line) {
  const Parsed parsed = parse_domains(line);
  if (parsed.entries.size() != 1) return read_line(line);
  return read_line(line) + (parsed.entries[0].is_glob() ? " glob" : "");
}

std::string source_of(std::string_view line) {
  const Parsed parsed = parse_domains(line);
  return parsed.entries.size() == 1 ? parsed.entries[0].source : "not one";
}

TEST(Globs, AStarStandsInALabel) {
  EXPECT_EQ(read_glob("p16-tiktok-*.ibyteimg.com"), "p16-tiktok-*.ibyteimg.com glob");
  EXPECT_EQ(read_glob("P16-*.IbyteImg.com."), "p16-*.ibyteimg.com glob");
  EXPECT_EQ(read_glob("a*.b*.example.com"), "a*.b*.example.com glob");
  EXPECT_EQ(read_glob("a.*.example.com"), "a.*.example.com glob");
  EXPECT_EQ(read_glob("*a*b*.example.com"), "*a*b*.example.com glob");
  EXPECT_EQ(read_glob("*example.com"), "*example.com glob");
}

TEST(Globs, TakeTheMarksOfNames) {
  EXPECT_EQ(read_glob("=a*.example.com"), "=a*.example.com glob");
  EXPECT_EQ(read_glob("@@a*.example.com"), "@@a*.example.com glob");
  EXPECT_EQ(read_glob("@@=a*.example.com"), "@@=a*.example.com glob");
}

TEST(Globs, ALeadingStarAloneMeansAllBelow) {
  EXPECT_EQ(read_glob("*.example.com"), "example.com");
  EXPECT_EQ(read_glob("*.a*.example.com"), "a*.example.com glob");
  // Of an exact entry there is nothing below: one label in front, whatever it is.
  EXPECT_EQ(read_glob("=*.example.com"), "=*.example.com glob");
  // At least one label in front: all below, without the name.
  EXPECT_EQ(read_glob("*.*.example.com"), "*.*.example.com");
}

TEST(Globs, KeepTheirTextWhereTheNameWouldBeReadOtherwise) {
  EXPECT_EQ(source_of("a*.example.com"), "");
  EXPECT_EQ(source_of("@@*.a*.*.example.com"), "");
  EXPECT_EQ(source_of("a\\*b.example.com"), "a\\*b.example.com");
}

TEST(Globs, AnEscapedStarIsAnOrdinaryByte) {
  EXPECT_EQ(read_glob("a\\*b.example.com"), "a*b.example.com");
  EXPECT_EQ(read_glob("\\042.example.com"), "*.example.com");
  EXPECT_EQ(read_glob("a\\*b*.example.com"), "refused: an escaped star beside a glob");
}

TEST(Globs, NeedAFixedNameToTheirRight) {
  for (const char* line : {"*", "*.*", "example.*", "example.c*", "*.example.*.", "@@*", "=*"}) {
    EXPECT_EQ(read_line(line), "refused: a glob needs a fixed name to its right") << line;
  }
}

TEST(Globs, TwoStarsInARowAreRefused) {
  for (const char* line : {"**.example.com", "a**b.example.com", "=**.example.com"}) {
    EXPECT_EQ(read_line(line), "refused: two stars in a row") << line;
  }
}

TEST(Globs, ObeyTheLimitsOfNames) {
  EXPECT_EQ(read_line("a*..example.com"), "refused: empty label");
  EXPECT_EQ(read_line("*" + std::string(63, 'x') + ".example"),
            "refused: a label is longer than 63 bytes");
  EXPECT_EQ(read_line("*/x.example.com"), "refused: '/' cannot be part of a name");
  EXPECT_EQ(read_line("a* b.example.com"), "refused: blanks inside a name");
}

TEST(Globs, StandBesideULabelsButNotInThem) {
  EXPECT_EQ(read_glob("p*.b\xc3\xbc"
                      "cher.example"),
            "p*.xn--bcher-kva.example glob");
  EXPECT_EQ(read_line("b\xc3\xbc"
                      "ch*.example"),
            "refused: a star beside letters that are not ASCII: write the A-label (xn--…)");
  EXPECT_THAT(parse_domains("p*.xn--bcher-kva.example").warnings, IsEmpty());
}

}  // namespace
}  // namespace sluice::lists
