#include "lists/format/asked_name.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "lists/format/format.h"
#include "tests/lists/format/written.h"

namespace sluice::lists {
namespace {

std::string read(std::string_view text) {
  const auto asked = read_asked_name(text);
  if (!asked) return "refused: " + asked.error();
  if (asked->address) return asked->address->to_string();
  std::array<char, name::kMaxTextBytes> buffer;
  return std::string(name::to_text(asked->name, buffer));
}

TEST(AskedName, IsNormalisedAsListsDo) {
  for (const char* text : {"bücher.example", "BÜCHER.example.", " bücher.example\r",
                           "xn--bcher-kva.example", "bücher。example", "bu\u0308cher.example"}) {
    EXPECT_EQ(read(text), "xn--bcher-kva.example") << text;
    EXPECT_EQ(test::read_line(text), "xn--bcher-kva.example") << text;
  }
  EXPECT_EQ(read("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(read("a\\032b.example"), "a\\032b.example");
  EXPECT_EQ(read("_dns.resolver.arpa"), "_dns.resolver.arpa");
  EXPECT_EQ(read("."), "");  // the root, as to_text() writes it
}

// Bug: all of these passed without a hint.
TEST(AskedName, TheHostOfAUrlOrEndpointIsMeant) {
  for (const char* text :
       {"https://www.example.com", "https://www.example.com/", "HTTP://www.example.com:8080/a?b#c",
        "https://user:secret@www.example.com:443/x@y", "//www.example.com/x", "www.example.com/x",
        "www.example.com:443", "www.example.com.:443",
        "www.example.com:", "user@www.example.com:443", "https://www.example.com\\@other.example",
        "https://www.example.com?x=://y", "www.example.com/?u=http://b.example",
        "wss://www.example.com#top"}) {
    EXPECT_EQ(read(text), "www.example.com") << text;
    EXPECT_TRUE(read_asked_name(text)->more_was_written) << text;
  }
  EXPECT_EQ(read("https://bücher.example:443/ü"), "xn--bcher-kva.example");
  EXPECT_FALSE(read_asked_name("www.example.com.")->more_was_written);
}

TEST(AskedName, MayBeTheAddressOfAServer) {
  EXPECT_EQ(read("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(read("203.0.113.7:443"), "203.0.113.7");
  EXPECT_EQ(read("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(read("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(read("https://[2001:db8::1]:443/x"), "2001:db8::1");
  EXPECT_EQ(read("203.0.113.0/24"), "refused: a range: ask about an address in it");
}

TEST(AskedName, WhatIsNoNameIsRefused) {
  for (const char* text : {"",
                           " ",
                           "a..b",
                           "a b.example",
                           "https://",
                           "http:///x",
                           ":443",
                           "a.example:http",
                           "a.example:70000",
                           "a.example:1:2",
                           "[::1",
                           "[::1]x",
                           "=a.example",
                           "@@a.example",
                           "*.a.example",
                           "p*.example",
                           "a.example,b.example",
                           "\"a.example\"",
                           "<a>",
                           "%61.example",
                           "a\x01.example",
                           "\xff.example",
                           "192.0.2.1.",
                           "javascript:alert(1)"}) {
    EXPECT_TRUE(read(text).starts_with("refused: ")) << text << ": " << read(text);
  }
  EXPECT_EQ(read("a..b"), "refused: empty label");
  EXPECT_EQ(read(std::string(64, 'x') + ".example"), "refused: a label is longer than 63 bytes");
}

TEST(AskedNameProperty, APlainNameIsTheSameWhateverIsAroundIt) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string text = "x";
    for (std::size_t i = random() % 20; i > 0; --i) text += "ab-_.0"[random() % 6];
    const std::string plain = read(text);
    EXPECT_EQ(test::read_line(text), plain) << text;
    EXPECT_EQ(read("https://" + text + "/p"), plain) << text;
    EXPECT_EQ(read("u@" + text + ":443"), plain) << text;
  }
}

}  // namespace
}  // namespace sluice::lists
