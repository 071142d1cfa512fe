// What no list may say: public suffixes under globs, and names that may never be blocked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/lists/compile/list_folder.h"

namespace sluice::lists {
namespace {

using test::found;
using test::written;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Guarded : public test::ListFolder {
 protected:
  CompileOptions critical(std::string_view names) {
    return {.critical = write("critical.txt", names)};
  }
};

TEST_F(Guarded, AGlobRightBelowAPublicSuffixIsRefused) {
  const auto compiled = compile({list("wide",
                                      "a*.com\n"
                                      "=*.co.uk\n"
                                      "x.*.github.io\n"
                                      "a*.example.com\n")});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].entries, 1U);
  const auto errors = written(compiled->lists[0].errors);
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_THAT(errors[0], HasSubstr("1: a*.com: a glob right below a public suffix"));
  EXPECT_THAT(errors[1], HasSubstr("2: *.co.uk: a glob right below a public suffix"));
  EXPECT_THAT(errors[2], HasSubstr("3: x.*.github.io: a glob right below a suffix under which"));
}

TEST_F(Guarded, AForcedGlobIsTakenAndSoIsAnException) {
  ListSpec forced = list("forced", "a*.com\n");
  forced.forced = true;
  const auto compiled = compile({forced, list("free", "@@b*.com\n")});
  ASSERT_TRUE(compiled);
  for (const LoadedList& loaded : compiled->lists) EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(found(*compiled, "abc.com"), "a*.com");
}

TEST_F(Guarded, TheOptionForcesEveryList) {
  const auto compiled = compile({list("wide", "co.uk\n")}, {.forced = true});
  ASSERT_TRUE(compiled);
  EXPECT_THAT(compiled->lists[0].errors, IsEmpty());
}

TEST_F(Guarded, AddressesOfTooManyOrOfNobodyAreRefused) {
  ListSpec ranges = list("ranges.endpoints",
                         "64.0.0.0/7\n"        // too short
                         "2000::/12\n"         // too short
                         "10.1.2.0/24\n"       // private
                         "192.0.0.0/8\n"       // holds private ones
                         "224.0.0.251\n"       // multicast
                         "127.0.0.1\n"         // loopback
                         "fe80::1\n"           // link-local
                         "::/16\n"             // holds IPv4
                         "@@10.1.2.3\n"        // an exception
                         "203.0.113.0/24\n");  // fine
  ranges.format = Format::endpoints;
  auto compiled = compile({ranges});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].entries, 2U);
  auto errors = written(compiled->lists[0].errors);
  ASSERT_EQ(errors.size(), 8U);
  EXPECT_THAT(errors[0], HasSubstr("1: 64.0.0.0/7: a prefix shorter than /8"));
  EXPECT_THAT(errors[1], HasSubstr("2: 2000::/12: a prefix shorter than /16"));
  EXPECT_THAT(errors[2],
              HasSubstr("3: 10.1.2.0/24: it holds addresses that are not on the internet"));
  EXPECT_THAT(errors[3],
              HasSubstr("4: 192.0.0.0/8: it holds addresses that are not on the internet"));
  ranges.forced = true;
  compiled = compile({ranges});
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled->lists[0].entries, 4U);  // the short ones as well, the others never
}

TEST_F(Guarded, ACriticalNameIsNeverBlocked) {
  ListSpec list = this->list("list",
                             "example.com\n"          // above it
                             "login.example.com\n"    // itself
                             "=login.example.com\n"   // itself alone
                             "=example.com\n"         // another name alone
                             "a.login.example.com\n"  // below it
                             "*.*.example.com\n"      // a glob above it
                             "l*n.example.com\n"      // a glob over it
                             "=l*.example.com\n"
                             "=*.login.example.com\n"
                             "m*.example.com\n"
                             "@@login.example.com\n");
  list.forced = true;  // forces public suffixes, not this
  const auto compiled = compile({list}, critical("# ours\nLogin.Example.com.\nother.example\n"));
  ASSERT_TRUE(compiled);
  std::vector<std::uint32_t> refused;
  for (const LineError& error : compiled->lists[0].errors) {
    refused.push_back(error.line);
    EXPECT_EQ(error.reason, "it would block the critical name login.example.com");
  }
  EXPECT_THAT(refused, ElementsAre(1, 2, 3, 6, 7, 8));
  EXPECT_EQ(found(*compiled, "login.example.com"), "@@login.example.com");
}

TEST_F(Guarded, AListOfExceptionsMayNameIt) {
  ListSpec free = list("free", "example.com\n");
  free.exceptions = true;
  const auto compiled = compile({free}, critical("login.example.com\n"));
  ASSERT_TRUE(compiled);
  EXPECT_THAT(compiled->lists[0].errors, IsEmpty());
}

TEST_F(Guarded, ABadLineAmongCriticalNamesFailsTheWhole) {
  for (const char* names : {"a.example\nb..example\n", "a.example\n=b.example\n",
                            "a.example\n@@b.example\n", "a.example\nb*.example.com\n"}) {
    const auto options = critical(names);
    const auto compiled = compile({list("list", "example.com\n")}, options);
    ASSERT_FALSE(compiled) << names;
    EXPECT_EQ(compiled.error().source, options.critical.string());
    EXPECT_THAT(compiled.error().reason, HasSubstr("line 2: ")) << names;
  }
}

TEST_F(Guarded, AMissingFileOfCriticalOrPopularNamesFailsTheWhole) {
  const auto file = folder() / "gone.txt";
  for (const CompileOptions& options :
       {CompileOptions{.critical = file}, CompileOptions{.popular = file}}) {
    const auto compiled = compile({list("list", "example.com\n")}, options);
    ASSERT_FALSE(compiled);
    EXPECT_EQ(compiled.error().to_string(), file.string() + ": No such file or directory");
  }
}

}  // namespace
}  // namespace sluice::lists
