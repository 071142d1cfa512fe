#include "filters/name/name.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::name {
namespace {

std::string text_of(const Name& name) {
  std::array<char, kMaxTextBytes> buffer;
  return std::string(to_text(name, buffer));
}

std::string canonical(std::string_view text) {
  const auto name = Name::from_text(text);
  return name ? text_of(*name) : "error: " + std::string(to_string(name.error()));
}

TEST(Name, HasOneCanonicalForm) {
  EXPECT_EQ(canonical("Web.WeChat.com."), "web.wechat.com");
  EXPECT_EQ(canonical("web.wechat.com"), "web.wechat.com");
  EXPECT_EQ(canonical(""), "");
  EXPECT_EQ(canonical("."), "");
  EXPECT_EQ(canonical("a\\.b.c"), "a\\.b.c");
  EXPECT_EQ(canonical("\\065.c"), "a.c");
  EXPECT_EQ(canonical("a\\000b"), "a\\000b");
  EXPECT_EQ(canonical("\xc3\xa4.de"), "\\195\\164.de");
}

TEST(Name, RefusesWhatIsNoName) {
  EXPECT_EQ(canonical("a..b"), "error: empty label");
  EXPECT_EQ(canonical(".a"), "error: empty label");
  EXPECT_EQ(canonical("a.."), "error: empty label");
  EXPECT_EQ(canonical(std::string(64, 'x') + ".com"), "error: a label is longer than 63 bytes");
  EXPECT_EQ(canonical("a\\"), "error: bad escape");
  EXPECT_EQ(canonical("a\\25"), "error: bad escape");
  EXPECT_EQ(canonical("a\\256"), "error: bad escape");
  std::string longest;
  for (int i = 0; i < 4; ++i) longest += std::string(63, 'x') + ".";
  EXPECT_EQ(canonical(longest), "error: longer than 255 bytes");
}

TEST(Name, HoldsUpTo255BytesAnd127Labels) {
  std::string most;
  for (int i = 0; i < 127; ++i) most += "a.";
  const auto name = Name::from_text(most);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->label_count(), 127U);
  EXPECT_EQ(name->wire().size(), 255U);
  EXPECT_FALSE(Name::from_text(most + "b"));
}

TEST(Name, SuffixesAreItsRightmostLabels) {
  const Name name = *Name::from_text("a.bc.def");
  EXPECT_EQ(as_text(name.suffix(0)), std::string_view("\0", 1));
  EXPECT_EQ(as_text(name.suffix(1)), std::string_view("\3def\0", 5));
  EXPECT_EQ(as_text(name.suffix(3)), as_text(name.wire()));
  EXPECT_EQ(as_text(name.label(1)), "bc");
}

TEST(Name, FromWireRefusesPointersAndCuts) {
  EXPECT_EQ(Name::from_wire(as_bytes(std::string_view("\1a\xc0\0", 4))).error(),
            NameError::compressed);
  EXPECT_EQ(Name::from_wire(as_bytes("\3ab")).error(), NameError::truncated);
  EXPECT_EQ(Name::from_wire(as_bytes("\1a")).error(), NameError::truncated);
  EXPECT_EQ(Name::from_wire({}).error(), NameError::truncated);
}

TEST(NameFromHost, TakesAHostAsAServerMight) {
  EXPECT_EQ(text_of(Name::from_host("Web.WeChat.COM")), "web.wechat.com");
  EXPECT_EQ(text_of(Name::from_host("wechat.com...")), "wechat.com");
  EXPECT_EQ(text_of(Name::from_host("")), "");
  EXPECT_EQ(text_of(Name::from_host("...")), "");
  EXPECT_EQ(text_of(Name::from_host("a\\b.com")), "a\\\\b.com");  // no escapes here
}

// A name that DNS could not carry must not hide the banned part of it.
TEST(NameFromHost, KeepsTheSuffixOfWhatIsNoName) {
  EXPECT_EQ(text_of(Name::from_host("a..wechat.com")), "a.?.wechat.com");
  EXPECT_EQ(text_of(Name::from_host(".wechat.com")), "?.wechat.com");
  EXPECT_EQ(text_of(Name::from_host(std::string(64, 'x') + ".wechat.com")), "?.wechat.com");
  std::string host;
  for (int i = 0; i < 200; ++i) host += "ab.";
  const std::string kept = text_of(Name::from_host(host + "wechat.com"));
  EXPECT_TRUE(kept.starts_with("?.ab.")) << kept;
  EXPECT_TRUE(kept.ends_with(".ab.wechat.com")) << kept;
}

TEST(NameFromHost, KeepsTheLongestNamesWhole) {
  std::string many;  // 127 labels, 255 bytes
  for (int i = 0; i < 126; ++i) many += "a.";
  std::string few;  // four labels, 255 bytes
  for (int i = 0; i < 3; ++i) few += std::string(63, 'x') + '.';
  few += std::string(61, 'x');
  for (const std::string& host : {many + "b", few}) {
    EXPECT_EQ(Name::from_host(host).wire().size(), kMaxNameBytes);
    EXPECT_EQ(text_of(Name::from_host(host)), host);
    EXPECT_TRUE(text_of(Name::from_host("c." + host)).starts_with("?."));
  }
}

TEST(NameProperty, TextAndWireRoundTrip) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    Name name;
    const auto labels = random() % 8;
    for (unsigned label = 0; label < labels; ++label) {
      std::string bytes(1 + random() % (random() % 5 == 0 ? 63 : 6), '\0');
      for (char& c : bytes) c = static_cast<char>(random() % 256);
      ASSERT_TRUE(name.append(as_bytes(bytes)) || labels > 3);
    }
    EXPECT_EQ(*Name::from_wire(name.wire()), name);
    const auto again = Name::from_text(text_of(name));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, name);
  }
}

TEST(NameProperty, FromHostAlwaysGivesAName) {
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string host(random() % 400, '\0');
    for (char& c : host) c = random() % 4 == 0 ? '.' : static_cast<char>(random() % 256);
    const Name name = Name::from_host(host);
    EXPECT_EQ(*Name::from_wire(name.wire()), name);
  }
}

}  // namespace
}  // namespace sluice::name
