#include "lists/format/rpz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using test::entries_of;
using test::errors_of;
using test::Parsed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kHead =
    "$TTL 300\n"
    "@ SOA localhost. root.localhost. (\n"
    "  1 ; serial\n"
    "  3600 600 86400 300 )\n"
    "  NS localhost.\n";

Parsed parse(std::string_view text) {
  return test::parse(Format::rpz, text);
}

TEST(Rpz, EveryPolicyOfANameOfQuestions) {
  const Parsed parsed = parse(std::string(kHead) +
                              "a.example CNAME .\n"
                              "b.example 60 IN CNAME *.\n"
                              "c.example CNAME rpz-passthru.\n"
                              "d.example CNAME rpz-drop.\n"
                              "e.example CNAME rpz-tcp-only.\n"
                              "f.example A 192.0.2.1\n"
                              "          AAAA 2001:db8::1\n"
                              "g.example CNAME garden.example.\n"
                              "h.example TXT \"a ; b\" ; c\n"
                              "i.example CNAME i.example.\n"
                              "j.example A 0.0.0.0\n"
                              "*.k.example CNAME .\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(
      entries_of(parsed),
      ElementsAre("6: =a.example -> NXDOMAIN", "7: =b.example -> NODATA", "8: @@=c.example",
                  "9: =d.example -> DROP", "10: =e.example -> TCP-only",
                  "11: =f.example -> type 1 192.0.2.1", "12: =f.example -> type 28 2001:db8::1",
                  "13: =g.example -> type 5 garden.example",
                  "14: =h.example -> type 16 \x05"
                  "a ; b",
                  "15: @@=i.example", "16: =j.example", "17: *.*.k.example -> NXDOMAIN"));
}

TEST(Rpz, ANameAndAllBelowItAreOneEntry) {
  const Parsed parsed = parse(
      "a.example CNAME .\n"
      "*.a.example CNAME .\n"
      "*.b.example CNAME .\n"
      "b.example CNAME .\n"
      "c.example CNAME .\n"
      "*.c.example CNAME *.\n"
      "d.example CNAME rpz-passthru.\n"
      "*.d.example CNAME rpz-passthru.\n");
  EXPECT_THAT(
      entries_of(parsed),
      ElementsAre("1: a.example -> NXDOMAIN", "3: b.example -> NXDOMAIN",
                  "5: =c.example -> NXDOMAIN", "6: *.*.c.example -> NODATA", "7: @@d.example"));
}

TEST(Rpz, TheZonesOriginComesFromTheSoaOrTheFirstOrigin) {
  EXPECT_THAT(entries_of(parse("rpz.test. SOA a. b. 1 1 1 1 1\n"
                               "x.example.rpz.test. CNAME .\n")),
              ElementsAre("2: =x.example -> NXDOMAIN"));
  EXPECT_THAT(entries_of(parse("$ORIGIN rpz.test.\n"
                               "x.example CNAME .\n"
                               "$ORIGIN sub\n"
                               "y.example CNAME .\n")),
              ElementsAre("2: =x.example -> NXDOMAIN", "4: =y.example.sub -> NXDOMAIN"));
  const name::Name origin = *name::Name::from_text("rpz.test");
  std::string found;
  const auto take = [&](const Entry& entry) { found += as_text(entry.name); };
  parse_rpz_zone("x CNAME .\n", origin, {take, [](const LineError&) {}, [](const LineWarning&) {}});
  EXPECT_EQ(found, std::string_view("\1x\0", 3));
  EXPECT_THAT(errors_of(parse("rpz.test. SOA a. b. 1 1 1 1 1\nx.example. CNAME .\n")),
              ElementsAre(HasSubstr("outside the zone \"rpz.test\"")));
}

TEST(Rpz, OtherTriggersAreRefusedByName) {
  for (const char* trigger : {"rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"}) {
    EXPECT_THAT(errors_of(parse("32.1.2.0.192." + std::string(trigger) + " CNAME .\n")),
                ElementsAre(HasSubstr("the trigger " + std::string(trigger) + " is not read")));
  }
  EXPECT_THAT(errors_of(parse("x.rpz-new CNAME .\n")), ElementsAre(HasSubstr("unknown trigger")));
}

TEST(Rpz, RefusesWhatIsNoPolicyLineByLine) {
  const auto refused = [](std::string_view line) {
    const Parsed parsed = parse(line);
    if (!parsed.entries.empty()) return std::string("taken");
    return parsed.errors.size() == 1 ? parsed.errors[0].reason : "not one";
  };
  EXPECT_EQ(refused("* CNAME ."), "every name");
  EXPECT_THAT(refused("x CNAME rpz-new."), HasSubstr("an unknown policy"));
  EXPECT_THAT(refused("x CNAME *.garden.example."), HasSubstr("a target with a star"));
  EXPECT_THAT(refused("$ORIGIN rpz.test.\nx CNAME rpz-drop"), HasSubstr("no final dot"));
  EXPECT_THAT(refused("$INCLUDE other"), HasSubstr("another file"));
  EXPECT_THAT(refused("$GENERATE 1-3 a$ A 192.0.2.$"), HasSubstr("an unknown directive"));
  EXPECT_THAT(refused("$TTL soon"), HasSubstr("not a time to live"));
  EXPECT_THAT(refused("x CH A 192.0.2.1"), HasSubstr("another class"));
  EXPECT_THAT(refused("x NS a.example."), HasSubstr("no policy"));
  EXPECT_THAT(refused("x A"), HasSubstr("not a record"));
  EXPECT_THAT(refused("x"), HasSubstr("not a record"));
  EXPECT_THAT(refused("x TXT \"open"), HasSubstr("a quote"));
  EXPECT_THAT(refused("x A ( 192.0.2.1"), HasSubstr("a parenthesis is not closed"));
  EXPECT_THAT(refused("x A 192.0.2.1 )"), HasSubstr("a parenthesis that nothing opened"));
  EXPECT_THAT(refused("x TXT " + std::string(9000, 'a')), HasSubstr("longer than 8192 bytes"));
  EXPECT_THAT(refused(std::string_view("x\0y CNAME .", 11)), HasSubstr("a NUL byte"));
}

// ldns 1.8.3 loses memory at each malformed one.
TEST(Rpz, TypesThatNobodyAnswersWithAreNotRead) {
  for (const char* record : {"x IPSECKEY 1 1 1 1.2.3.4 AA", "x 60 IN ipseckey 1", "x LOC 1 2 3"}) {
    EXPECT_THAT(errors_of(parse(record)), ElementsAre(HasSubstr("a type that is read")));
  }
  EXPECT_THAT(entries_of(parse("x 60 in cname .\n")), ElementsAre("1: =x -> NXDOMAIN"));
}

// Else the line behind a bad one would block a name that another policy is for.
TEST(Rpz, ARecordWithoutANameIsNotThatOfTheNameBeforeABadOne) {
  const Parsed parsed = parse(
      "a.example CNAME rpz-passthru.\n"
      "b..example CNAME .\n"
      "  CNAME .\n"
      "c.example CNAME .\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: @@=a.example", "4: =c.example -> NXDOMAIN"));
  EXPECT_THAT(errors_of(parsed), ElementsAre(HasSubstr("2: "), HasSubstr("3: ")));
}

TEST(Rpz, AfterABadOriginNothingIsRead) {
  const Parsed parsed = parse("$ORIGIN a..b.\nx CNAME .\n");
  EXPECT_THAT(entries_of(parsed), IsEmpty());
  EXPECT_THAT(errors_of(parsed), ElementsAre(HasSubstr("what follows is not read")));
}

TEST(Rpz, RecordsOfATransferGiveTheSameEntries) {
  std::vector<std::string> found;
  const auto take = [&](const Entry& entry) {
    found.push_back(std::to_string(static_cast<int>(entry.scope)) +
                    std::string(to_string(entry.answer.kind)));
  };
  const Sink sink{take, [](const LineError&) {}, [](const LineWarning&) {}};
  RpzReader reader(*name::Name::from_text("rpz.test"), sink);
  constexpr std::array<std::byte, 1> kRoot = {};
  reader.take({*name::Name::from_text("x.example.rpz.test"), 5, 60, kRoot}, 1);
  reader.take({*name::Name::from_text("*.x.example.rpz.test"), 5, 60, kRoot}, 2);
  reader.take({*name::Name::from_text("y.example.rpz.test"), 5, 60, kRoot}, 3);
  reader.finish();
  EXPECT_THAT(found, ElementsAre("0NXDOMAIN", "1NXDOMAIN"));
}

}  // namespace
}  // namespace sluice::lists
