// Published lists, in the formats that their publishers offer: files of one group hold the same
// names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "lists/format/detect.h"
#include "tests/lists/format/written.h"
#include "tests/lists/shared_data.h"

namespace sluice::lists {
namespace {

using test::Parsed;
using test::ParsedEntry;

struct Real {
  const char* file;
  Format format;
  std::size_t entries, refused;
};

// What an entry covers, without its line and answer.
std::set<std::string> names_of(const Parsed& parsed) {
  std::set<std::string> names;
  for (const ParsedEntry& entry : parsed.entries) {
    std::array<char, name::kMaxTextBytes> text;
    names.insert(test::mark_of(entry) + std::string(name::to_text(entry.name, text)));
  }
  return names;
}

class RealFormats : public testing::TestWithParam<Real> {};

TEST_P(RealFormats, IsDetectedAndRead) {
  const Real& real = GetParam();
  const auto text = test::shared_text("lists/formats/" + std::string(real.file));
  if (!text) GTEST_SKIP() << real.file << " is not there";
  const auto found = detect_format(*text);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(to_string(*found), to_string(real.format));
  const Parsed parsed = test::parse(real.format, *text);
  EXPECT_EQ(parsed.entries.size(), real.entries);
  EXPECT_EQ(parsed.error_count, real.refused)
      << (parsed.errors.empty() ? "" : test::errors_of(parsed)[0]);
}

INSTANTIATE_TEST_SUITE_P(
    Published, RealFormats,
    testing::Values(Real{"hosts-adaway.txt", Format::hosts, 6540, 0},
                    Real{"domains-fake.txt", Format::domains, 16626, 0},
                    Real{"wildcard-fake.txt", Format::domains, 16626, 0},
                    Real{"adblock-fake.txt", Format::adblock, 16626, 0},
                    Real{"dnsmasq-local-fake.txt", Format::dnsmasq, 16626, 0},
                    Real{"rpz-fake.txt", Format::rpz, 16626, 0},
                    Real{"dnsmasq-address-fake2022.txt", Format::dnsmasq, 7355, 0},
                    Real{"unbound-fake2022.conf", Format::unbound, 7355, 0},
                    // `google.*` has no fixed name to its right.
                    Real{"adblock-exceptions.txt", Format::adblock, 925, 3},
                    Real{"adblock-tlds.txt", Format::adblock, 129, 0},
                    // 445 blocks, and names that they do not cover.
                    Real{"adblock-denyallow.txt", Format::adblock, 1460, 0},
                    Real{"adblock-dnsrewrite.txt", Format::adblock, 7, 0},
                    Real{"adblock-browser-modifiers.txt", Format::adblock, 0, 445},
                    Real{"adguard-regex-wildcard.txt", Format::adblock, 0, 33},
                    Real{"rpz-tld-wildcards.txt", Format::rpz, 129, 0},
                    Real{"doh.adblock.txt", Format::adblock, 3353, 0},
                    Real{"doh.dnsmasq.txt", Format::dnsmasq, 3353, 0},
                    Real{"doh.domains.txt", Format::domains, 3778, 0},
                    Real{"doh.hosts.txt", Format::hosts, 3778, 0},
                    Real{"doh.hosts-compressed.txt", Format::hosts, 3778, 0},
                    Real{"doh.onlydomains.txt", Format::domains, 3353, 0},
                    Real{"doh.rpz.txt", Format::rpz, 3353, 0},
                    Real{"doh.wildcard.txt", Format::domains, 3353, 0},
                    Real{"domains-ut1-gambling.txt", Format::domains, 32233, 14},
                    Real{"v2fly-tiktok.txt", Format::v2fly, 36, 0},
                    Real{"v2fly-kaspersky.txt", Format::v2fly, 132, 0}),
    [](const auto& param) {
      std::string name = param.param.file;
      std::ranges::replace_if(name, [](char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

// All of a group, in its formats.
void expect_same(std::size_t count, std::initializer_list<const char*> files) {
  std::set<std::string> first;
  for (const char* file : files) {
    const auto text = test::shared_text("lists/formats/" + std::string(file));
    if (!text) GTEST_SKIP() << file << " is not there";
    const auto format = detect_format(*text);
    ASSERT_TRUE(format) << file;
    auto names = names_of(test::parse(*format, *text));
    if (first.empty()) first = names;
    EXPECT_EQ(names.size(), count) << file;
    EXPECT_EQ(names, first) << file;
  }
}

TEST(SameNames, Fake) {
  expect_same(16626, {"domains-fake.txt", "wildcard-fake.txt", "adblock-fake.txt",
                      "dnsmasq-local-fake.txt", "rpz-fake.txt"});
}
TEST(SameNames, Doh) {
  expect_same(3353, {"doh.onlydomains.txt", "doh.wildcard.txt", "doh.adblock.txt",
                     "doh.dnsmasq.txt", "doh.rpz.txt"});
}
TEST(SameNames, DohOneByOne) {
  expect_same(3778, {"doh.hosts.txt", "doh.hosts-compressed.txt"});
}
TEST(SameNames, Fake2022) {
  expect_same(7355, {"dnsmasq-address-fake2022.txt", "unbound-fake2022.conf"});
}

}  // namespace
}  // namespace sluice::lists
