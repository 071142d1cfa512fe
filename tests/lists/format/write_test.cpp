#include "lists/format/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/lists/format/written.h"
#include "tests/lists/shared_data.h"

namespace sluice::lists {
namespace {

using test::Parsed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array kFormatsOfNames = {Format::domains, Format::hosts,   Format::adblock,
                                        Format::dnsmasq, Format::unbound, Format::rpz,
                                        Format::v2fly};

struct Converted {
  std::string text;
  std::vector<LineError> refused, warnings;
  std::uint64_t refused_count = 0;
};

Converted convert(Format from, std::string_view text, Format to) {
  Converted converted;
  ListWriter writer(to, converted.text);
  info_of(from).parse({text}, {[&](const Entry& entry) { writer.take(entry); },
                               [](const LineError&) {}, [](const LineWarning&) {}});
  writer.finish();
  converted.refused = writer.refused().shown;
  converted.refused_count = writer.refused().count;
  converted.warnings = writer.warnings().shown;
  return converted;
}

// What a list covers, without lines and answers.
std::vector<std::string> covered_by(const Parsed& parsed) {
  std::vector<std::string> covered;
  for (const test::ParsedEntry& entry : parsed.entries) {
    std::array<char, name::kMaxTextBytes> text;
    covered.push_back(test::mark_of(entry) + std::string(name::to_text(entry.name, text)) +
                      (entry.is_glob() ? " glob" : ""));
  }
  std::ranges::sort(covered);
  covered.erase(std::ranges::unique(covered).begin(), covered.end());
  return covered;
}

constexpr std::string_view kAll =
    "a.example\n"
    "=b.example\n"
    "@@c.example\n"
    "@@=d.example\n"
    "*.*.e.example\n"
    "@@*.*.f.example\n"
    "*-g.example\n"
    "=h*.example.com\n"
    "*.*.i*.example.com\n"
    "x\\035\\*y.example\n"
    "xn--bcher-kva.example\n";

TEST(Write, EachFormatSaysWhatItCanAndRefusesTheRest) {
  const auto refused = [](Format to) {
    std::vector<std::uint32_t> lines;
    for (const LineError& error : convert(Format::domains, kAll, to).refused) {
      lines.push_back(error.line);
    }
    return lines;
  };
  EXPECT_THAT(refused(Format::domains), IsEmpty());
  EXPECT_THAT(refused(Format::hosts), ElementsAre(1, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_THAT(refused(Format::adblock), IsEmpty());
  EXPECT_THAT(refused(Format::dnsmasq), ElementsAre(2, 4, 8, 9));
  EXPECT_THAT(refused(Format::unbound), ElementsAre(4, 5, 6, 7, 8, 9));
  EXPECT_THAT(refused(Format::rpz), ElementsAre(7, 8, 9));
  EXPECT_THAT(refused(Format::v2fly), ElementsAre(3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(test::written(convert(Format::domains, "@@a.example\n", Format::v2fly).refused),
              ElementsAre("1: @@a.example: v2fly cannot say it: an exception"));
}

// What is written is read again as what it was, without the refused lines.
void expect_round_trip(Format from, std::string_view text, Format to) {
  const Converted converted = convert(from, text, to);
  const Parsed before = test::parse(from, text);
  const Parsed after = test::parse(to, converted.text);
  EXPECT_THAT(test::errors_of(after), IsEmpty()) << to_string(to);
  Parsed kept;
  for (const test::ParsedEntry& entry : before.entries) {
    if (std::ranges::find(converted.refused, entry.line, &LineError::line) ==
        converted.refused.end()) {
      kept.entries.push_back(entry);
    }
  }
  EXPECT_EQ(covered_by(after), covered_by(kept)) << to_string(from) << " to " << to_string(to);
}

TEST(Write, IsReadAgainAsTheSame) {
  for (const Format to : kFormatsOfNames) expect_round_trip(Format::domains, kAll, to);
}

TEST(Write, KeepsAnswersWhereTheFormatHasThem) {
  constexpr std::string_view kZone =
      "a.example CNAME .\n"
      "b.example CNAME *.\n"
      "c.example CNAME rpz-drop.\n"
      "d.example CNAME rpz-tcp-only.\n"
      "e.example 60 A 192.0.2.1\n"
      "*.f.example 60 AAAA 2001:db8::1\n"
      "g.example 60 CNAME other.example.\n"
      "h.example 60 TXT \"one, two\" three\n"
      "i.example 60 MX 10 mail.example.\n"
      "j.example 300 TXT one\n";
  const Converted same = convert(Format::rpz, kZone, Format::rpz);
  EXPECT_THAT(same.warnings, IsEmpty());
  const Parsed before = test::parse(Format::rpz, kZone);
  const Parsed after = test::parse(Format::rpz, same.text);
  ASSERT_EQ(after.entries.size(), before.entries.size());
  for (std::size_t i = 0; i < after.entries.size(); ++i) {
    EXPECT_EQ(test::answer_of(after.entries[i]), test::answer_of(before.entries[i])) << i;
    EXPECT_EQ(after.entries[i].answer.ttl, before.entries[i].answer.ttl) << i;
  }
  const Converted adblock = convert(Format::rpz, kZone, Format::adblock);
  EXPECT_EQ(adblock.text,
            "[Adblock Plus]\n"
            "|a.example^$dnsrewrite=NXDOMAIN\n"
            "|b.example^$dnsrewrite=NOERROR\n"
            "|c.example^\n"
            "|d.example^\n"
            "|e.example^$dnsrewrite=192.0.2.1\n"
            "||*.f.example^$dnsrewrite=2001:db8::1\n"
            "|g.example^$dnsrewrite=NOERROR;CNAME;other.example\n"
            "|h.example^\n"
            "|i.example^\n"
            "|j.example^$dnsrewrite=NOERROR;TXT;one\n");
  EXPECT_THAT(test::written(adblock.warnings),
              ElementsAre("3: =c.example: written without its answer",
                          "4: =d.example: written without its answer",
                          "8: =h.example: written without its answer",
                          "9: =i.example: written without its answer"));
}

TEST(Write, ARuleWithExemptNamesIsAdblockOnly) {
  constexpr std::string_view kRule = "||example.com^$important,denyallow=a.example.com\n";
  EXPECT_EQ(convert(Format::adblock, kRule, Format::adblock).text,
            "[Adblock Plus]\n||example.com^$important,denyallow=a.example.com\n");
  const Converted refused = convert(Format::adblock, kRule, Format::rpz);
  EXPECT_THAT(test::written(refused.refused), ElementsAre(HasSubstr("$denyallow")));
}

// Any entries: each format refuses an entry or says it exactly.
TEST(WriteProperty, AnyListIsReadAgainAsTheSame) {
  constexpr std::string_view kBytes = "ab-*.\\_x";
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto lines = random() % 6; lines > 0; --lines) {
      if (random() % 3 == 0) text += "@@";
      if (random() % 3 == 0) text += '=';
      if (random() % 4 == 0) text += "*.";
      for (auto bytes = 1 + random() % 8; bytes > 0; --bytes)
        text += kBytes[random() % kBytes.size()];
      text += ".example.com\n";
    }
    for (const Format to : kFormatsOfNames) {
      expect_round_trip(Format::domains, text, to);
      if (HasFailure()) FAIL() << text;
    }
  }
}

TEST(Write, PublishedListsSurviveEveryFormat) {
  for (const auto& [file, from] :
       {std::pair{"doh.rpz.txt", Format::rpz}, std::pair{"adblock-exceptions.txt", Format::adblock},
        std::pair{"v2fly-kaspersky.txt", Format::v2fly},
        std::pair{"rpz-tld-wildcards.txt", Format::rpz},
        std::pair{"unbound-fake2022.conf", Format::unbound}}) {
    const auto text = test::shared_text("lists/formats/" + std::string(file));
    if (!text) GTEST_SKIP() << file << " is not there";
    for (const Format to : kFormatsOfNames) {
      const Converted converted = convert(from, *text, to);
      if (converted.refused_count <= Notes::kMost) expect_round_trip(from, *text, to);
    }
  }
}

}  // namespace
}  // namespace sluice::lists
