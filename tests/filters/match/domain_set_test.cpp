#include "filters/match/domain_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "tests/filters/match/name_of.h"

namespace sluice::match {
namespace {

using test::name_of;
using testing::ElementsAre;
using testing::IsEmpty;

class Lists {
 public:
  // As a list writes it: `a.com`, `=a.com`, `@@a.com`, `@@=a.com`; with a star it is a glob.
  Lists& add(std::string_view text, std::string_view app = "app") {
    const bool exception = text.starts_with("@@");
    if (exception) text.remove_prefix(2);
    const bool exact = text.starts_with('=');
    if (exact) text.remove_prefix(1);
    const auto kind = static_cast<EntryKind>((exception ? 2 : 0) + (exact ? 1 : 0));
    const name::Name name = name_of(text);
    builder_
        .add({.name = name.wire(),
              .kind = kind,
              .is_glob = text.contains('*'),
              .app = *builder_.app(app),
              .list = *builder_.list("list", "1"),
              .line = ++line_})
        .value();
    return *this;
  }
  // What is below the name; with `line`, an exemption from the rules of that line.
  Lists& add_kind(std::string_view text, EntryKind kind, std::uint32_t line = 0,
                  std::string_view app = "app") {
    builder_
        .add(name_of(text), kind, *builder_.app(app), *builder_.list("list", "1"),
             line != 0 ? line : ++line_)
        .value();
    return *this;
  }
  DomainSet build() const { return builder_.build()->set; }

 private:
  DomainSetBuilder builder_{HashKey{1, 2}};
  std::uint32_t line_ = 0;
};

std::string found(const DomainSet& set, std::string_view name) {
  const Match match = set.find(name_of(name));
  return match.rule.valid() ? rule_text(set, match.rule) : "";
}

std::vector<std::string> all(const DomainSet& set, std::string_view name) {
  std::vector<std::string> texts;
  set.find_all(name_of(name), [&](const Match& match) {
    texts.push_back(rule_text(set, match.rule));
    return true;
  });
  return texts;
}

TEST(DomainSet, AnEntryBelowANameDoesNotCoverTheName) {
  const DomainSet set = Lists()
                            .add_kind("x.com", EntryKind::below)
                            .add("@@=a.x.com")
                            .add_kind("actor", EntryKind::below)
                            .add_kind("b.x.com", EntryKind::below_exception)
                            .build();
  EXPECT_EQ(found(set, "x.com"), "");
  EXPECT_EQ(found(set, "y.x.com"), "*.*.x.com");
  EXPECT_EQ(found(set, "z.y.x.com"), "*.*.x.com");
  EXPECT_EQ(found(set, "a.x.com"), "@@=a.x.com");
  EXPECT_EQ(found(set, "b.x.com"), "*.*.x.com");
  EXPECT_EQ(found(set, "c.b.x.com"), "@@*.*.b.x.com");
  EXPECT_EQ(found(set, "actor"), "");
  EXPECT_EQ(found(set, "an.actor"), "*.*.actor");
}

// At one name an exception prevails over what is below it, as over a suffix.
TEST(DomainSet, AnExceptionOfTheNameCoversWhatIsBelowIt) {
  const DomainSet set = Lists().add_kind("x.com", EntryKind::below).add("@@x.com").build();
  EXPECT_EQ(found(set, "a.x.com"), "@@x.com");
}

TEST(DomainSet, AnExemptionHoldsForTheRulesOfItsLineOnly) {
  const DomainSet set = Lists()
                            .add("x.com")                                  // line 1
                            .add_kind("a.x.com", EntryKind::exemption, 1)  //
                            .add("com")                                    // line 2
                            .add_kind("q.a.x.com", EntryKind::suffix)      // line 3
                            .add("p*.x.com")                               // line 4
                            .add_kind("pa.x.com", EntryKind::exemption, 4)
                            .build();
  EXPECT_THAT(all(set, "b.x.com"), ElementsAre("x.com", "com"));
  EXPECT_THAT(all(set, "a.x.com"), ElementsAre("com"));
  EXPECT_THAT(all(set, "b.a.x.com"), ElementsAre("com"));
  EXPECT_THAT(all(set, "q.a.x.com"), ElementsAre("q.a.x.com", "com"));
  EXPECT_THAT(all(set, "pb.x.com"), ElementsAre("p*.x.com", "x.com", "com"));
  EXPECT_THAT(all(set, "pa.x.com"), ElementsAre("x.com", "com"));
  const name::Name name = name_of("a.x.com");
  const WireName wire{name.wire(), 0};
  Match match;
  set.find_batch(std::span(&wire, 1), std::span(&match, 1));
  EXPECT_EQ(rule_text(set, match.rule), "com");
}

// More than are noted: what is left over blocks.
TEST(DomainSet, ExemptionsOfOneNameAreBounded) {
  Lists lists;
  for (int i = 0; i < 20; ++i) {
    const std::string app = "app" + std::to_string(i);
    lists.add("x.com", app);
    lists.add_kind("a.x.com", EntryKind::exemption, static_cast<std::uint32_t>(i) + 1, app);
  }
  EXPECT_EQ(all(lists.build(), "a.x.com").size(), 4U);
}

TEST(DomainSet, AnEmptySetCoversNothing) {
  EXPECT_EQ(found(DomainSet(), "a.com"), "");
  EXPECT_EQ(found(Lists().build(), "a.com"), "");
  EXPECT_EQ(found(Lists().build(), "."), "");
}

TEST(DomainSet, ASuffixCoversAtLabelBordersOnly) {
  const DomainSet set = Lists().add("example.com").build();
  for (const char* name : {"example.com", "a.example.com", "a.b.c.example.com", "EXAMPLE.COM"}) {
    EXPECT_EQ(found(set, name), "example.com") << name;
  }
  for (const char* name :
       {"notexample.com", "com", "example.com.org", "example.co", "example", "."}) {
    EXPECT_EQ(found(set, name), "") << name;
  }
}

TEST(DomainSet, AnExactEntryCoversOnlyItself) {
  const DomainSet set = Lists().add("=example.com").build();
  EXPECT_EQ(found(set, "example.com"), "=example.com");
  EXPECT_EQ(found(set, "a.example.com"), "");
}

TEST(DomainSet, TheLongestWinsAndAtEqualLengthTheException) {
  const DomainSet set = Lists()
                            .add("example.com")
                            .add("@@b.example.com")
                            .add("a.b.example.com")
                            .add("a.b.example.com", "other")
                            .add("@@a.b.example.com")
                            .add("=a.b.example.com")
                            .build();
  EXPECT_EQ(found(set, "x.example.com"), "example.com");
  EXPECT_EQ(found(set, "x.b.example.com"), "@@b.example.com");
  EXPECT_THAT(all(set, "a.b.example.com"),
              ElementsAre("@@a.b.example.com", "=a.b.example.com", "a.b.example.com",
                          "a.b.example.com", "@@b.example.com", "example.com"));
  EXPECT_THAT(all(set, "x.a.b.example.com"),
              ElementsAre("@@a.b.example.com", "a.b.example.com", "a.b.example.com",
                          "@@b.example.com", "example.com"));
}

TEST(DomainSet, EntriesOfOneLabelCoverATopLevel) {
  const DomainSet set = Lists().add("zip").add("a.com").build();
  EXPECT_EQ(found(set, "zip"), "zip");
  EXPECT_EQ(found(set, "x.y.zip"), "zip");
  EXPECT_EQ(found(set, "b.a.com"), "a.com");
  EXPECT_EQ(found(set, "com"), "");
}

TEST(DomainSet, ALongEntryIsFoundThoughItsParentsAreNotEntries) {
  const DomainSet set = Lists().add("a.b.c.d.e.f.example.com").build();
  EXPECT_EQ(found(set, "x.a.b.c.d.e.f.example.com"), "a.b.c.d.e.f.example.com");
  EXPECT_EQ(found(set, "b.c.d.e.f.example.com"), "");
  EXPECT_EQ(found(set, "example.com"), "");
}

TEST(DomainSet, GlobsCoverWithinTheirLabels) {
  const DomainSet set = Lists()
                            .add("p16-*.ibyteimg.com")
                            .add("=a*z.x.org")
                            .add("a.*.mid.net")
                            .add("@@p16-safe*.ibyteimg.com")
                            .build();
  EXPECT_EQ(found(set, "p16-tiktok.ibyteimg.com"), "p16-*.ibyteimg.com");
  EXPECT_EQ(found(set, "P16-.IBYTEIMG.com"), "p16-*.ibyteimg.com");
  EXPECT_EQ(found(set, "deep.er.p16-x.ibyteimg.com"), "p16-*.ibyteimg.com");
  EXPECT_EQ(found(set, "p16-safe1.ibyteimg.com"), "@@p16-safe*.ibyteimg.com");
  EXPECT_EQ(found(set, "p17-x.ibyteimg.com"), "");
  EXPECT_EQ(found(set, "ibyteimg.com"), "");
  EXPECT_EQ(found(set, "p16-x.y.ibyteimg.com"), "");
  EXPECT_EQ(found(set, "abcz.x.org"), "=a*z.x.org");
  EXPECT_EQ(found(set, "q.abcz.x.org"), "");
  EXPECT_EQ(found(set, "a.anything.mid.net"), "a.*.mid.net");
  EXPECT_EQ(found(set, "b.anything.mid.net"), "");
}

TEST(DomainSet, AGlobIsOrderedByItsLength) {
  const DomainSet set =
      Lists().add("x.com").add("@@b*.x.com").add("c.bb.x.com").add("a*.*.x.com").build();
  EXPECT_THAT(all(set, "c.bb.x.com"), ElementsAre("c.bb.x.com", "@@b*.x.com", "x.com"));
  EXPECT_THAT(all(set, "ab.bb.x.com"), ElementsAre("a*.*.x.com", "@@b*.x.com", "x.com"));
  EXPECT_THAT(all(set, "bb.x.com"), ElementsAre("@@b*.x.com", "x.com"));
}

TEST(DomainSet, ManyEntriesMayCoverOneName) {
  Lists lists;
  for (int app = 0; app < 64; ++app) lists.add("a.b.example.com", std::to_string(app));
  EXPECT_EQ(all(lists.build(), "a.b.example.com").size(), 64U);
}

TEST(DomainSet, NamesOf127LabelsAnd255Bytes) {
  std::string deep = "a";
  for (int i = 1; i < 127; ++i) deep += ".a";
  const std::string label(61, 'x');
  const std::string wide =
      label + "." + label + "." + std::string(63, 'y') + "." + std::string(63, 'z');
  const DomainSet set = Lists().add(deep).add("a.a.a").add(wide).build();
  EXPECT_EQ(found(set, deep), deep);
  EXPECT_EQ(found(set, deep.substr(2)), "a.a.a");
  EXPECT_EQ(found(set, wide), wide);
  EXPECT_EQ(found(set, "w" + wide.substr(1)), "");
}

TEST(DomainSet, BinaryLabelsMatchExactly) {
  const DomainSet set = Lists().add("\\000\\255\\.x.example").add("_A\\@.example").build();
  EXPECT_EQ(found(set, "q.\\000\\255\\.X.example"), "\\000\\255\\.x.example");
  EXPECT_EQ(found(set, "\\000\\255.x.example"), "");
  EXPECT_EQ(found(set, "_a@.example"), "_a@.example");
  EXPECT_EQ(found(set, "_a`.example"), "");  // only letters have cases
  EXPECT_EQ(found(set, "\\127a@.example"), "");
}

TEST(DomainSet, ARuleKnowsWhereItStands) {
  DomainSetBuilder builder({1, 2});
  const AppId app = *builder.app("tiktok");
  static_cast<void>(builder.list("first", "v1").value());
  const ListId list = *builder.list("second", "v2");
  const name::Name name = name_of("xn--bcher-kva.example");
  builder
      .add({.name = name.wire(), .app = app, .list = list, .line = 77, .source = "Bücher.example"})
      .value();
  const DomainSet set = builder.build()->set;
  const Match match = set.find(name_of("www.xn--bcher-kva.example"));
  ASSERT_TRUE(match.rule.valid());
  EXPECT_EQ(match.labels, 2);
  EXPECT_EQ(set.rule(match.rule).line, 77U);
  EXPECT_EQ(set.app_name(set.rule(match.rule).app), "tiktok");
  EXPECT_EQ(set.list_name(set.rule(match.rule).list), "second");
  EXPECT_EQ(set.list_version(set.rule(match.rule).list), "v2");
  EXPECT_EQ(set.rule_name(match.rule), name);
  EXPECT_EQ(set.rule_source(match.rule), "Bücher.example");
}

TEST(DomainSet, HostsAreFoundAsWritten) {
  const DomainSet set = Lists().add("example.com").add("zip").build();
  const auto host = [&](std::string_view text) {
    const Match match = set.find(HostName::from(text));
    return match.rule.valid() ? rule_text(set, match.rule) : "";
  };
  for (const char* text : {"example.com", "WWW.Example.COM", "example.com.", "a.example.com..",
                           "a..example.com", ".example.com", "x.y.z.example.com"}) {
    EXPECT_EQ(host(text), "example.com") << text;
  }
  EXPECT_EQ(host("a.zip"), "zip");
  EXPECT_EQ(host(std::string(300, 'a') + ".example.com"), "example.com");
  for (const char* text :
       {"", ".", "..", "notexample.com", "example.com.org", "example..com", "com"}) {
    EXPECT_EQ(host(text), "") << text;
  }
}

TEST(DomainSet, InvalidWireNamesAreCoveredByNothing) {
  const DomainSet set = Lists().add("example.com").build();
  const auto wire = [&](std::string_view bytes, std::uint32_t at = 0) {
    return set.find(WireName{as_bytes(bytes), at}).rule.valid();
  };
  using namespace std::literals;
  EXPECT_TRUE(wire("\7example\3com\0"sv));
  EXPECT_TRUE(wire("junk\3WWW\7eXample\3COM\0more"sv, 4));
  EXPECT_FALSE(wire("\7example\3com"sv));        // no root
  EXPECT_FALSE(wire("\7example\3co"sv));         // cut in a label
  EXPECT_FALSE(wire("\7example\xc0\x04"sv));     // a pointer
  EXPECT_FALSE(wire("\7example\3com\0"sv, 13));  // beyond its buffer
  EXPECT_FALSE(wire("\7example\3com\0"sv, 400));
  EXPECT_FALSE(wire(""sv));
}

}  // namespace
}  // namespace sluice::match
