#include "filters/http2/field_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/http2_builder.h"

namespace sluice::http2 {
namespace {

using test::byte_vector;
using test::ByteVector;
using test::Field;
using test::FieldList;
using test::hpack_literal;
using test::hpack_string;
using test::joined;
using testing::ElementsAre;

// What one connection's blocks name, block by block.
struct Reader {
  bool read(Bytes block) {
    values.clear();
    const auto fields = read_fields(block, entries, *room,
                                    [&](std::string_view value) { values.emplace_back(value); });
    repeats_host = fields && fields->repeats_host;
    return fields.has_value();
  }

  Entries entries;
  std::unique_ptr<HuffmanRoom> room = std::make_unique<HuffmanRoom>();
  std::vector<std::string> values;
  bool repeats_host = false;
};

std::vector<std::string> values_in(Bytes block) {
  Reader reader;
  EXPECT_TRUE(reader.read(block));
  return reader.values;
}

// RFC 7541 appendix C.3 and C.4: three requests, in the clear and coded.
TEST(FieldBlock, ReadsTheExamplesOfTheRfc) {
  Reader clear;
  EXPECT_TRUE(clear.read(byte_vector("\x82\x86\x84\x41\x0fwww.example.com")));
  EXPECT_THAT(clear.values, ElementsAre("www.example.com"));
  EXPECT_FALSE(clear.repeats_host);
  EXPECT_TRUE(clear.read(byte_vector("\x82\x86\x84\xbe\x58\x08no-cache")));
  EXPECT_THAT(clear.values, ElementsAre());
  EXPECT_TRUE(clear.repeats_host);

  Reader coded;
  EXPECT_TRUE(coded.read(
      byte_vector("\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff")));
  EXPECT_THAT(coded.values, ElementsAre("www.example.com"));
}

TEST(FieldBlock, ReadsHostsInEveryForm) {
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x41"), "a.example")), ElementsAre("a.example"));
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x01"), "a.example")), ElementsAre("a.example"));
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x11"), "a.example")), ElementsAre("a.example"));
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x66"), "a.example")), ElementsAre("a.example"))
      << "host";
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x0f\x17"), "a.example")),
              ElementsAre("a.example"))
      << "host, its index in two bytes";
  EXPECT_THAT(values_in(hpack_literal(byte_vector("\x44"), "http://a.example/")),
              ElementsAre("http://a.example/"));
  const ByteVector new_name = byte_vector(std::string_view("\0", 1));
  EXPECT_THAT(values_in(hpack_literal(new_name, ":authority", "a")), ElementsAre("a"));
  EXPECT_THAT(values_in(hpack_literal(new_name, "Host", "a")), ElementsAre("a"));
  EXPECT_THAT(values_in(hpack_literal(new_name, "hosts", "a")), ElementsAre());
  EXPECT_THAT(values_in(joined(
                  {new_name, test::hpack_coded(":authority"), test::hpack_coded("a.example")})),
              ElementsAre("a.example"));
}

TEST(FieldBlock, ReadsOverWhatNamesNoHost) {
  EXPECT_THAT(values_in(byte_vector("\x3f\xe1\x1f\x20\x82\x81\xa6")), ElementsAre());
  EXPECT_THAT(values_in(joined({byte_vector("\x5a"), hpack_string("x"), byte_vector("\x82")})),
              ElementsAre());
  EXPECT_THAT(values_in({}), ElementsAre());
}

// Encoders take the two names from the static table; nothing says that they must.
TEST(FieldBlockEvasion, AHostUnderANameOfTheDynamicTable) {
  Reader reader;
  const ByteVector insert = byte_vector("\x40");
  EXPECT_TRUE(reader.read(joined({hpack_literal(insert, "host", "a.example"),
                                  hpack_literal(insert, "x-other", "b.example")})));
  EXPECT_THAT(reader.values, ElementsAre("a.example"));
  EXPECT_TRUE(reader.read(hpack_literal(byte_vector("\x7e"), "c.example")));  // index 62: x-other
  EXPECT_THAT(reader.values, ElementsAre());
  // That one is the newest now: `host` is the third.
  EXPECT_TRUE(reader.read(hpack_literal(byte_vector("\x0f\x31"), "wechat.com")));
  EXPECT_THAT(reader.values, ElementsAre("wechat.com"));
  EXPECT_TRUE(reader.read(byte_vector("\xbe")));
  EXPECT_FALSE(reader.repeats_host);
  EXPECT_TRUE(reader.read(byte_vector("\xc0")));
  EXPECT_TRUE(reader.repeats_host);
}

TEST(FieldBlockEvasion, AHostUnderANameThatIsOlderThanWhatIsRemembered) {
  Reader reader;
  EXPECT_TRUE(reader.read(hpack_literal(byte_vector("\x40"), "host", "a.example")));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(reader.read(hpack_literal(byte_vector("\x40"), "x", "y")));
  }
  EXPECT_TRUE(reader.read(hpack_literal(byte_vector("\x7f\x63"), "wechat.com")));  // index 162
  EXPECT_THAT(reader.values, ElementsAre("wechat.com"));
}

TEST(FieldBlock, RefusesWhatNoServerReads) {
  Reader reader;
  for (const std::string_view block :
       {std::string_view("\x80"), std::string_view("\xff"), std::string_view("\x41"),
        std::string_view("\x41\x05zzzz"), std::string_view("\x40"), std::string_view("\x40\x01"),
        std::string_view("\x40\x01x"), std::string_view("\x41\x81\x00", 3),
        std::string_view("\x41\x84\xff\xff\xff\xff"), std::string_view("\x00\x81\x9c\x01y", 5),
        std::string_view("\xff\x80\x80\x80\x80\x80\x01"), std::string_view("\x3f")}) {
    EXPECT_FALSE(reader.read(as_bytes(block))) << testing::PrintToString(block);
  }
}

FieldList some_fields(std::mt19937& random) {
  static constexpr const char* kNames[] = {":authority", ":path",   "host",   "cookie",
                                           "x-host",     ":method", "accept", "user-agent"};
  FieldList fields;
  for (std::size_t i = random() % 8; i > 0; --i) {
    const std::string value = std::string(random() % 40, 'v') + std::to_string(random() % 6);
    fields.push_back({kNames[random() % std::size(kNames)], value});
  }
  return fields;
}

// Every host of a connection is told, in the block that has it or in one before; and nothing else.
TEST(FieldBlockProperty, TellsTheHostsThatADecoderReads) {
  std::mt19937 random(7);
  for (int connection = 0; connection < 100; ++connection) {
    test::FieldEncoder encoder;
    test::FieldDecoder model;
    Reader reader;
    std::set<std::string> told;
    for (int i = 0; i < 40; ++i) {
      const ByteVector block = encoder.encode(some_fields(random));
      ASSERT_TRUE(reader.read(block));
      std::set<std::string> hosts;
      FieldList fields;
      ASSERT_TRUE(model.decode(block, fields));
      for (const Field& field : fields) {
        if (test::names_host(field)) hosts.insert(field.value);
      }
      for (const std::string& value : reader.values) {
        EXPECT_TRUE(hosts.contains(value)) << value;
        told.insert(value);
      }
      for (const std::string& host : hosts) EXPECT_TRUE(told.contains(host)) << host;
      EXPECT_TRUE(hosts.size() <= reader.values.size() || reader.repeats_host);
    }
  }
}

TEST(FieldBlock, DecodesNoPathThatHasNoAuthority) {
  Reader reader;
  EXPECT_TRUE(reader.read(test::FieldEncoder().encode(
      {{":path", "/" + std::string(8000, 'a')}, {":authority", "wechat.com"}})));
  EXPECT_THAT(reader.values, ElementsAre("wechat.com"));
}

TEST(FieldBlock, DecodesSoMuchOfABlock) {
  const auto error_of = [](const FieldList& fields) {
    const ByteVector block = test::FieldEncoder().encode(fields);
    Entries entries;
    const auto room = std::make_unique<HuffmanRoom>();
    const auto read = read_fields(block, entries, *room, [](std::string_view) {});
    return !read && read.error() == FieldError::too_large;
  };
  EXPECT_FALSE(error_of({{":path", "http://wechat.com/" + std::string(2000, 'a')}}));
  EXPECT_TRUE(error_of({{":path", "http://wechat.com/" + std::string(4000, 'a')}}));
}

}  // namespace
}  // namespace sluice::http2
