#include "lists/format/detect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::lists {
namespace {

using testing::HasSubstr;

std::string detected(std::string_view text) {
  const auto format = detect_format(text);
  return format ? std::string(to_string(*format)) : "none: " + format.error();
}

TEST(Detect, TellsAFormatByItsOwnLines) {
  EXPECT_EQ(detected(""), "domains");
  EXPECT_EQ(detected("# only comments\n"), "domains");
  EXPECT_EQ(detected("a.example\nb.example # why\n"), "domains");
  EXPECT_EQ(detected("a.example\n=b.example\n@@c.example\n*.d.example\np*.e.example\n"), "domains");
  EXPECT_EQ(detected("b\xc3\xbc"
                     "cher.example\n"),
            "domains");
  EXPECT_EQ(detected("# a\n0.0.0.0 a.example b.example\n::1 localhost\n"), "hosts");
  EXPECT_EQ(detected("192.0.2.0/24\n2001:db8::1\nsignature:dot\n"), "endpoints");
  EXPECT_EQ(detected("! a\n||a.example^\n"), "adblock");
  EXPECT_EQ(detected("[Adblock Plus]\na.example\n"), "adblock");
  EXPECT_EQ(detected("||a.example^\nb.example\n0.0.0.0 c.example\n"), "adblock");
  EXPECT_EQ(detected("example.com##.banner\n"), "adblock");
  EXPECT_EQ(detected("address=/a.example/#\n"), "dnsmasq");
  EXPECT_EQ(detected("server:\nlocal-zone: \"a.example.\" refuse\n"), "unbound");
  EXPECT_EQ(detected("$TTL 300\n@ SOA a. b. 1 1 1 1 1\n NS a.\n; x\na.example CNAME .\n"), "rpz");
  EXPECT_EQ(detected("a.example CNAME .\n"), "rpz");
  EXPECT_EQ(detected("a.example @cn\nb.example\n"), "v2fly");
  EXPECT_EQ(detected("full:a.example\n"), "v2fly");
}

TEST(Detect, AFewOddLinesDoNotMatter) {
  std::string text = "192.0.2.1\n";
  for (int i = 0; i < 20; ++i) text += "a" + std::to_string(i) + ".example\n";
  EXPECT_EQ(detected(text), "domains");
}

// Each of its lines is refused, which the guard of reloads counts.
TEST(Detect, WhatNoFormatReadsIsOfTheUsualOne) {
  EXPECT_EQ(detected("<html>\n<body class=\"x\">\nNot found\n"), "domains");
  EXPECT_EQ(detected("com\na..b\n192.0.2.1\n*\n"), "domains");
}

// They are refused one by one, and the rest of the list holds.
TEST(Detect, LinesThatNoFormatReadsDoNotMatter) {
  EXPECT_EQ(detected("a.example\nb..example\nx y\n"), "domains");
  EXPECT_EQ(detected("<p>\n||a.example^\nno rule\n"), "adblock");
}

TEST(Detect, SaysWhichFormatsFitIfSeveralDo) {
  for (const char* text : {"! a title\na.example\n", "a.example\n0.0.0.0 b.example\n"}) {
    EXPECT_THAT(detected(text), HasSubstr("fit adblock (each name alone) and domains")) << text;
    EXPECT_THAT(detected(text), HasSubstr("--format"));
  }
  EXPECT_THAT(detected("||a.example^\nlocal=/b.example/\n"),
              HasSubstr("no format reads its first 2 lines; of them are read: adblock 1, dnsmasq "
                        "1; say which one"));
}

TEST(Detect, LooksAtABoundedPart) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a.example\n";
  for (int i = 0; i < 100'000; ++i) text += "||a.example^\n";
  EXPECT_EQ(detected(text), "domains");
  EXPECT_EQ(detected(std::string(10'000'000, 'x')), "domains");
}

}  // namespace
}  // namespace sluice::lists
