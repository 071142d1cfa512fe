// dnsmasq, unbound, v2fly.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

using test::entries_of;
using test::errors_of;
using test::parse;
using test::Parsed;
using test::warnings_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal_of(Format format, std::string_view line) {
  const Parsed parsed = parse(format, line);
  if (!parsed.entries.empty()) return "taken";
  return parsed.errors.size() == 1 ? parsed.errors[0].reason : "not one";
}

TEST(Dnsmasq, ReadsNamesBetweenSlashes) {
  const Parsed parsed = parse(Format::dnsmasq,
                              "# a list\n"
                              "address=/A.example/#\n"
                              "address=/b.example/c.example/0.0.0.0\n"
                              "address=/d.example/ # why\n"
                              "local=/e.example/\n"
                              "server=/f.example/\r\n"
                              "address=/g.example/192.0.2.1\n"
                              "address=/h.example/::\n"
                              "local=/.i.example/*.j.example/*-ads.k.example/\n"
                              "server=/l.example/#\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(
      entries_of(parsed),
      ElementsAre("2: a.example", "3: b.example", "3: c.example", "4: d.example", "5: e.example",
                  "6: f.example", "7: g.example -> type 1 192.0.2.1", "8: h.example",
                  "9: i.example", "9: *.*.j.example", "9: *-ads.k.example", "10: @@l.example"));
}

TEST(Dnsmasq, AServerThatAnswersIsNoBlock) {
  const Parsed parsed = parse(Format::dnsmasq, "server=/a.example/192.0.2.53\n");
  EXPECT_THAT(entries_of(parsed), IsEmpty());
  EXPECT_THAT(warnings_of(parsed), ElementsAre(HasSubstr("it forwards to a server")));
}

TEST(Dnsmasq, RefusesWhatIsNoBlockOfANameLineByLine) {
  EXPECT_EQ(refusal_of(Format::dnsmasq, "address=/#/"), "every name");
  EXPECT_THAT(refusal_of(Format::dnsmasq, "address=//"), HasSubstr("names without a dot"));
  EXPECT_THAT(refusal_of(Format::dnsmasq, "server=192.0.2.1"), HasSubstr("blocks none"));
  EXPECT_THAT(refusal_of(Format::dnsmasq, "address=/a.example/x"), HasSubstr("no address"));
  EXPECT_THAT(refusal_of(Format::dnsmasq, "cname=a.example,b.example"), HasSubstr("only address="));
  EXPECT_THAT(refusal_of(Format::dnsmasq, "a.example"), HasSubstr("only address="));
  EXPECT_THAT(refusal_of(Format::dnsmasq, "address=/a*.b.example/"), HasSubstr("not in front"));
  const Parsed parsed = parse(Format::dnsmasq, "address=/a..b/c.example/#\nlocal=/d.example/\n");
  EXPECT_THAT(entries_of(parsed), ElementsAre("1: c.example", "2: d.example"));
  EXPECT_THAT(errors_of(parsed), ElementsAre("1: a..b: empty label"));
}

TEST(Unbound, ReadsZonesAndData) {
  const Parsed parsed = parse(Format::unbound,
                              "# a list\n"
                              "server:\n"
                              "local-zone: \"A.example.\" always_null\n"
                              "  local-zone: 'b.example' always_nxdomain # why\n"
                              "local-zone: c.example. refuse\n"
                              "local-zone: \"d.example\" static\n"
                              "local-zone: \"e.example\" always_transparent\n"
                              "local-data: \"f.example. 60 IN A 192.0.2.1\"\n"
                              "local-data: 'g.example TXT \"why\"'\n"
                              "local-data: \"h.example A 0.0.0.0\"\n"
                              "local-zone: \"i.example.\" redirect\n"
                              "local-data: \"i.example. A 192.0.2.1\"\n"
                              "local-zone: \"j.example.\" always_nodata\n"
                              "local-zone: \"k.example.\" deny\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(entries_of(parsed),
              ElementsAre("3: a.example", "4: b.example", "5: c.example -> REFUSED", "6: d.example",
                          "7: @@e.example", "8: =f.example -> type 1 192.0.2.1",
                          "9: =g.example -> type 16 \x03why", "10: =h.example", "11: i.example",
                          "12: i.example -> type 1 192.0.2.1", "13: j.example -> NODATA",
                          "14: k.example -> DROP"));
}

TEST(Unbound, RefusesWhatIsNoBlockOfANameLineByLine) {
  const auto refused = [](std::string_view line) { return refusal_of(Format::unbound, line); };
  EXPECT_THAT(refused("local-zone: \"a.example\" transparent"), HasSubstr("is no block"));
  EXPECT_THAT(refused("local-zone: \"a.example\" inform"), HasSubstr("is no block"));
  EXPECT_THAT(refused("local-zone: \"a.example\""), HasSubstr("is no block"));
  EXPECT_THAT(refused("local-zone: \"a.example static"), HasSubstr("not a name and a type"));
  EXPECT_THAT(refused("local-zone: \".\" refuse"), HasSubstr("the root"));
  EXPECT_THAT(refused("local-data: \"a.example\""), HasSubstr("not a record"));
  EXPECT_THAT(refused("local-data: \"\""), HasSubstr("a record without a name"));
  EXPECT_THAT(refused("verbosity: 1"), HasSubstr("only local-zone: and local-data:"));
  EXPECT_THAT(refused("forward-zone:"), HasSubstr("only local-zone: and local-data:"));
}

TEST(V2fly, ReadsDomainsAndFullNames) {
  const Parsed parsed = parse(Format::v2fly,
                              "# a list\n"
                              "a.example\n"
                              "domain:B.example @!cn\n"
                              "full:c.example @ads @cn &other # why\n");
  EXPECT_THAT(errors_of(parsed), IsEmpty());
  EXPECT_THAT(entries_of(parsed), ElementsAre("2: a.example", "3: b.example", "4: =c.example"));
}

TEST(V2fly, RefusesTheRestLineByLine) {
  const auto refused = [](std::string_view line) { return refusal_of(Format::v2fly, line); };
  EXPECT_THAT(refused("keyword:tiktok"), HasSubstr("a part of names"));
  EXPECT_THAT(refused("regexp:^a$"), HasSubstr("a regular expression"));
  EXPECT_THAT(refused("include:other"), HasSubstr("another file"));
  EXPECT_THAT(refused("a.example b.example"), HasSubstr("only attributes"));
  EXPECT_THAT(refused("a.example @"), HasSubstr("only attributes"));
  EXPECT_THAT(refused("suffix:a.example"), HasSubstr("only domain: and full:"));
  EXPECT_THAT(refused("a*.example.com"), HasSubstr("a glob"));
}

}  // namespace
}  // namespace sluice::lists
