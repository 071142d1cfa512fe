#include "filters/tls/dtls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "filters/tls/client_hello.h"
#include "tests/support/dtls_builder.h"

namespace sluice::tls {
namespace {

using test::ByteVector;
using test::dtls_fragment;
using test::dtls_hello;
using test::dtls_record;
using test::joined;

// `message/length: offset+size …` of every fragment.
std::string fragments_in(Bytes datagram) {
  std::string text;
  HelloFragments fragments(datagram);
  while (const auto fragment = fragments.next()) {
    text += std::to_string(fragment->message) + "/" + std::to_string(fragment->length) + ":" +
            std::to_string(fragment->offset) + "+" + std::to_string(fragment->bytes.size()) + " ";
  }
  return text;
}

std::string name_in(Bytes body) {
  const auto hello = parse_hello_body(body, HelloForm::datagram);
  return hello ? std::string(hello->server_name)
               : "error: " + std::string(to_string(hello.error()));
}

TEST(Dtls, ReadsAWholeHelloWithAndWithoutACookie) {
  for (const std::string_view cookie : {"", "a cookie of the server"}) {
    const ByteVector hello = dtls_hello("wechat.com", cookie);
    const ByteVector datagram = dtls_record(dtls_fragment(hello, 0, hello.size(), {.number = 1}));
    HelloFragments fragments(datagram);
    const auto fragment = fragments.next();
    ASSERT_TRUE(fragment);
    EXPECT_TRUE(fragment->is_whole());
    EXPECT_EQ(fragment->message, 1);
    EXPECT_EQ(name_in(fragment->bytes), "wechat.com");
    EXPECT_FALSE(fragments.next());
  }
  EXPECT_EQ(name_in(dtls_hello("")), "");
}

TEST(Dtls, ACookieIsNoPartOfAHelloInAStream) {
  EXPECT_TRUE(parse_hello_body(dtls_hello("wechat.com"), HelloForm::datagram)->has_server_name);
  EXPECT_FALSE(parse_hello_body(dtls_hello("wechat.com", "cookie"), HelloForm::stream));
}

TEST(Dtls, EveryVersionIsRead) {
  const ByteVector fragment = dtls_fragment(test::byte_vector("0123456789"), 2, 3);
  for (const std::uint16_t version :
       std::to_array<std::uint16_t>({0xfeff, 0xfefd, 0xfefc, 0xfe7f, 0xfdff, 0x0301, 0x0000})) {
    EXPECT_EQ(fragments_in(dtls_record(fragment, {.version = version})), "0/10:2+3 ") << version;
  }
}

TEST(Dtls, ReadsFragmentsOfOneRecordAndOfMany) {
  const ByteVector body = test::byte_vector("0123456789");
  EXPECT_EQ(fragments_in(
                joined({dtls_record(joined({dtls_fragment(body, 5, 5), dtls_fragment(body, 0, 2)})),
                        dtls_record(dtls_fragment(body, 2, 3, {.number = 7}))})),
            "0/10:5+5 0/10:0+2 7/10:2+3 ");
}

TEST(Dtls, OtherRecordsAndMessagesAreSteppedOver) {
  const ByteVector body = test::byte_vector("0123456789");
  const ByteVector fragment = dtls_fragment(body, 0, 10);
  const ByteVector hello = dtls_record(fragment);
  const std::string found = "0/10:0+10 ";
  EXPECT_EQ(fragments_in(joined({dtls_record(test::byte_vector("xx"), {.type = 21}), hello})),
            found);
  EXPECT_EQ(fragments_in(joined({dtls_record(test::byte_vector("x"), {.type = 20}), hello})),
            found);
  EXPECT_EQ(fragments_in(joined({dtls_record(fragment, {.epoch = 1}), hello})), found);
  EXPECT_EQ(fragments_in(joined({dtls_record({}), hello})), found);
  EXPECT_EQ(fragments_in(joined({dtls_record(dtls_fragment(body, 0, 10, {.type = 2})), hello})),
            found);
  EXPECT_EQ(fragments_in(dtls_record(joined({dtls_fragment(body, 0, 10, {.type = 16}), fragment}))),
            found);
  // A server throws away what does not fit, and keeps what came before it in the datagram.
  EXPECT_EQ(fragments_in(joined({hello, test::byte_vector("junk")})), found);
  EXPECT_EQ(
      fragments_in(joined({dtls_record(joined({fragment, test::byte_vector("junk")})), hello})),
      found + found);
}

TEST(Dtls, TouchesNothingElse) {
  const ByteVector body = test::byte_vector("0123456789");
  const ByteVector hello = dtls_record(dtls_fragment(body, 0, 10));
  EXPECT_TRUE(has_dtls_hello(hello));
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_FALSE(has_dtls_hello(Bytes(hello).first(size))) << size;
  }
  EXPECT_FALSE(has_dtls_hello(test::dns_query("wechat.com")));
  EXPECT_FALSE(has_dtls_hello(test::tls_records(test::client_hello("wechat.com"))));
  EXPECT_FALSE(has_dtls_hello(dtls_record(dtls_fragment(body, 0, 10), {.epoch = 1})));
  EXPECT_FALSE(has_dtls_hello(dtls_record(dtls_fragment(body, 0, 10), {.type = 23})));
  EXPECT_FALSE(has_dtls_hello(dtls_record(dtls_fragment(body, 0, 10, {.type = 3}))));
  EXPECT_FALSE(has_dtls_hello(dtls_record(dtls_fragment(body, 4, 0))));
  std::mt19937 random(20261124);
  for (int i = 0; i < 200'000; ++i) {
    ByteVector junk(13 + random() % 60);
    for (std::byte& byte : junk) byte = static_cast<std::byte>(random());
    if (i % 2 == 0) junk[0] = std::byte{22};
    ASSERT_FALSE(has_dtls_hello(junk));
  }
}

TEST(Dtls, LengthsThatContradictEachOtherAreNone) {
  constexpr std::size_t kRecord = 13, kOffset = kRecord + 6, kSize = kRecord + 9;
  const ByteVector hello = dtls_record(dtls_fragment(test::byte_vector("0123456789"), 5, 5));
  for (const std::size_t at : {kOffset, kOffset + 1, kOffset + 2, kSize, kSize + 1, kSize + 2}) {
    ByteVector odd = hello;
    odd[at] = std::byte{0x7f};
    EXPECT_FALSE(has_dtls_hello(odd)) << at;
  }
}

// However a hello is cut into fragments, records and datagrams, its pieces make it up again.
TEST(Dtls, FragmentsMakeUpTheirMessage) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const ByteVector body =
        dtls_hello("wechat.com", std::string(random() % 64, 'c'), {.padding = random() % 3000});
    ByteVector datagram, found(body.size());
    for (std::size_t at = 0; at < body.size();) {
      ByteVector record;
      for (std::size_t n = 1 + random() % 3; n > 0 && at < body.size(); --n) {
        const std::size_t size = 1 + random() % 700;
        test::append(record, dtls_fragment(body, at, size));
        at += size;
      }
      test::append(datagram, dtls_record(record));
    }
    HelloFragments fragments(datagram);
    while (const auto fragment = fragments.next()) {
      ASSERT_EQ(fragment->length, body.size());
      std::ranges::copy(fragment->bytes, found.begin() + fragment->offset);
    }
    ASSERT_EQ(found, body);
    ASSERT_EQ(name_in(found), "wechat.com");
  }
}

}  // namespace
}  // namespace sluice::tls
