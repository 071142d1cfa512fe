#include "filters/dns/framing.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "filters/dns/query.h"
#include "tests/support/packet_builder.h"

namespace sluice::dns {
namespace {

using test::ByteVector;
using namespace std::string_view_literals;

TEST(NextMessage, TakesOneMessageAfterTheOther) {
  ByteVector stream = test::framed(as_bytes("first"));
  test::append(stream, test::framed({}));
  test::append(stream, test::framed(as_bytes("third")));
  std::vector<std::string> messages;
  for (Bytes rest = stream; !rest.empty();) {
    const Framed framed = next_message(rest);
    ASSERT_TRUE(framed.complete);
    messages.emplace_back(as_text(framed.message));
    rest = rest.subspan(framed.consumed);
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"first", "", "third"}));
}

TEST(NextMessage, SaysHowMuchItLacksAtEveryCut) {
  const ByteVector stream = test::framed(test::dns_query("a.example"));
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const Framed framed = next_message(Bytes(stream).first(size));
    EXPECT_FALSE(framed.complete);
    EXPECT_EQ(framed.needed, size < 2 ? 2 : stream.size());
  }
}

TEST(NextMessage, HoldsTheLongestMessage) {
  const ByteVector stream = test::framed(ByteVector(0xffff));
  const Framed framed = next_message(stream);
  ASSERT_TRUE(framed.complete);
  EXPECT_EQ(framed.message.size(), 0xffffU);
  EXPECT_EQ(framed.message.data(), stream.data() + 2);
}

TEST(MayBeQueryStream, TellsAQueryAtEveryLength) {
  for (const bool edns : {false, true}) {
    const ByteVector stream = test::framed(test::dns_query("web.wechat.com", {.edns = edns}));
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      EXPECT_TRUE(may_be_query_stream(Bytes(stream).first(size))) << size;
    }
  }
}

TEST(MayBeQueryStream, TakesFlagsAsServersDo) {
  ByteVector stream = test::framed(test::dns_query("a.example"));
  for (const auto& [high, low] :
       {std::pair{0x00, 0x00}, {0x05, 0x00}, {0x01, 0x20}, {0x01, 0xb0}}) {
    stream[4] = static_cast<std::byte>(high);
    stream[5] = static_cast<std::byte>(low);
    EXPECT_TRUE(may_be_query_stream(stream)) << high << ' ' << low;
  }
}

TEST(MayBeQueryStream, IsFalseForWhatNoClientSends) {
  const ByteVector query = test::framed(test::dns_query("a.example"));
  const auto with = [&](std::size_t at, unsigned value) {
    ByteVector changed = query;
    changed[at] = static_cast<std::byte>(value);
    return may_be_query_stream(changed);
  };
  EXPECT_TRUE(with(2, 0xff));   // any identifier
  EXPECT_FALSE(with(1, 16));    // shorter than a question
  EXPECT_FALSE(with(4, 0x81));  // a response
  EXPECT_FALSE(with(4, 0x29));  // UPDATE
  EXPECT_FALSE(with(5, 0x40));  // Z
  EXPECT_FALSE(with(5, 0x03));  // RCODE
  EXPECT_FALSE(with(7, 0));     // no question
  EXPECT_FALSE(with(7, 2));
  EXPECT_FALSE(with(9, 1));      // an answer
  EXPECT_FALSE(with(13, 3));     // three additional records
  EXPECT_FALSE(with(14, 0x40));  // a reserved label type
}

TEST(MayBeQueryStream, IsFalseForLabelsLongerThanAName) {
  ByteVector message = test::dns_query("");
  message.resize(kHeaderBytes);
  for (int label = 0; label < 5; ++label) {
    test::append_u8(message, 63);
    message.resize(message.size() + 63, std::byte{'x'});
  }
  EXPECT_FALSE(may_be_query_stream(test::framed(message)));
}

// Public resolvers follow a pointer that leads forward, on other ports than 53 as well.
TEST(MayBeQueryStream, AForwardPointerHidesNoQuery) {
  ByteVector message = test::dns_query("");
  message.resize(kHeaderBytes);
  test::append(message, as_bytes("\xc0\x12\0\1\0\1\6wechat\0"sv));
  EXPECT_TRUE(may_be_query_stream(test::framed(message)));
}

// What follows the first message says nothing about it.
TEST(MayBeQueryStream, LooksAtNothingBehindTheFirstMessage) {
  ByteVector message = test::dns_query("");
  message[kHeaderBytes] = std::byte{40};  // a label that goes on behind the message
  ByteVector stream = test::framed(message);
  const bool alone = may_be_query_stream(stream);
  stream.resize(stream.size() + 100, std::byte{0x7f});
  EXPECT_EQ(may_be_query_stream(stream), alone);
}

TEST(MayBeResponseStream, TellsAResponseByItsLengthAndQrBit) {
  const ByteVector response = test::framed(test::byte_vector("\x12\x34\x81\x80 and counts"));
  for (std::size_t size = 0; size <= response.size(); ++size) {
    EXPECT_TRUE(may_be_response_stream(Bytes(response).first(size))) << size;
  }
  EXPECT_FALSE(may_be_response_stream(test::framed(test::dns_query("a.example"))));
  EXPECT_TRUE(may_be_response_stream(as_bytes("HTTP")));  // the fifth byte tells
  EXPECT_FALSE(may_be_response_stream(as_bytes("HTTP/")));
  EXPECT_FALSE(may_be_response_stream(as_bytes("\0\x0b"sv)));  // no room for a header
}

TEST(MayBeQueryStream, FalseIsFinal) {
  std::mt19937 random(4);
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = test::framed(test::dns_query("web.wechat.com"));
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bool before = true;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const bool now = may_be_query_stream(Bytes(bytes).first(size));
      ASSERT_TRUE(before || !now) << size;
      before = now;
    }
  }
}

}  // namespace
}  // namespace sluice::dns
