// The format `endpoints`: addresses, prefixes, and signatures under their pseudo-names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/match/pseudo_name.h"
#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// `3: @@203.0.113.0/24`
std::vector<std::string> endpoints_of(const test::Parsed& parsed) {
  std::vector<std::string> lines;
  for (const test::ParsedEntry& entry : parsed.entries) {
    const std::string text =
        entry.kind == Kind::addresses
            ? entry.range.to_string()
            : "signature:" + std::string(match::signature_of(entry.name.wire()).value());
    lines.push_back(std::to_string(entry.line) + ": " + (entry.is_exception() ? "@@" : "") + text);
  }
  return lines;
}

test::Parsed parse_endpoints(std::string_view text) {
  return test::parse(Format::endpoints, text);
}

std::string refusal_of(std::string_view line) {
  const test::Parsed parsed = parse_endpoints(line);
  return parsed.errors.size() == 1 ? parsed.errors[0].reason : "taken";
}

TEST(Endpoints, TakesAddressesPrefixesAndSignatures) {
  const auto parsed = parse_endpoints(
      "# head\n"
      "203.0.113.0/24   # a range\n"
      "  198.51.100.7\r\n"
      "\n"
      "2001:DB8:0:0::/32\n"
      "2001:db8::7\n"
      "@@203.0.113.9\n"
      "signature:mmtls\n"
      "@@signature:dot");
  EXPECT_THAT(parsed.errors, IsEmpty());
  EXPECT_THAT(endpoints_of(parsed),
              ElementsAre("2: 203.0.113.0/24", "3: 198.51.100.7/32", "5: 2001:db8::/32",
                          "6: 2001:db8::7/128", "7: @@203.0.113.9/32", "8: signature:mmtls",
                          "9: @@signature:dot"));
  for (const test::ParsedEntry& entry : parsed.entries) {
    EXPECT_TRUE(entry.is_exact());
  }
}

TEST(Endpoints, ASignatureIsAPseudoNameAndARangeHasNone) {
  const auto parsed = parse_endpoints("203.0.113.0/24\nsignature:mmtls\n");
  ASSERT_EQ(parsed.entries.size(), 2U);
  EXPECT_EQ(parsed.entries[0].kind, Kind::addresses);
  EXPECT_EQ(parsed.entries[0].wire, "");
  EXPECT_EQ(parsed.entries[1].kind, Kind::name);
  EXPECT_EQ(parsed.entries[1].name, *name::Name::from_text("mmtls._signature"));
}

TEST(Endpoints, OneBadLineDropsNoOther) {
  const auto parsed = parse_endpoints("203.0.113.1/24\n198.51.100.0/24\nexample.com\n");
  EXPECT_THAT(endpoints_of(parsed), ElementsAre("2: 198.51.100.0/24"));
  EXPECT_EQ(parsed.error_count, 2U);
  EXPECT_EQ(parsed.errors[1].line, 3U);
  EXPECT_EQ(parsed.errors[1].text, "example.com");
}

TEST(Endpoints, SaysWhatIsWrong) {
  EXPECT_EQ(refusal_of("203.0.113.1/24"), "bits are set behind the prefix length");
  EXPECT_EQ(refusal_of("2001:db8::1/32"), "bits are set behind the prefix length");
  for (const char* line : {"203.0.113.0/33", "2001:db8::/129", "203.0.113.0/", "203.0.113.0/x",
                           "203.0.113.0/-1", "203.0.113.0/24/24", "::ffff:203.0.113.0/120"}) {
    EXPECT_EQ(refusal_of(line), "the prefix length is wrong") << line;
  }
  for (const char* line : {"example.com", "203.0.113", "0203.0.113.7", "fe80::1%eth0", "@@", "/24",
                           "203.0.113.7 198.51.100.7", "=203.0.113.7", "@@@@203.0.113.7"}) {
    EXPECT_THAT(refusal_of(line), HasSubstr("not an IP address, a prefix")) << line;
  }
  for (const char* line :
       {"signature:", "signature:mmtsl", "signature:MMTLS", "signature: mmtls"}) {
    EXPECT_EQ(refusal_of(line), "unknown signature; known are mmtls, dot, doq") << line;
  }
}

TEST(Endpoints, AFilesNameTellsItsFormat) {
  EXPECT_EQ(format_of_file("a/wechat.endpoints"), Format::endpoints);
  EXPECT_EQ(format_of_file("a/wechat.rpz"), Format::rpz);
  EXPECT_FALSE(format_of_file("a/wechat.list"));
  EXPECT_FALSE(format_of_file(""));
  EXPECT_EQ(parse_format(to_string(Format::endpoints)), Format::endpoints);
}

}  // namespace
}  // namespace sluice::lists
