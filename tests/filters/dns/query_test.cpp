#include "filters/dns/query.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::dns {
namespace {

using test::ByteVector;
using namespace std::string_view_literals;

using Names = std::vector<std::string>;

constexpr std::string_view kTypeAndClass = "\0\1\0\1"sv;

// A header with these counts, and what follows it.
ByteVector message(unsigned questions, std::string_view body, unsigned flags = 0x0100,
                   unsigned additional = 0) {
  ByteVector result;
  test::append_u16(result, 0x1234);
  test::append_u16(result, flags);
  test::append_u16(result, questions);
  test::append_u32(result, 0);
  test::append_u16(result, additional);
  test::append(result, as_bytes(body));
  return result;
}

std::string question(std::string_view wire_name) {
  return std::string(wire_name) + std::string(kTypeAndClass);
}

class QueryTest : public testing::Test {
 protected:
  // "ok", or the error.
  std::string parse(Bytes bytes) {
    const auto parsed = parse_query(bytes, *query_);
    return parsed ? "ok" : std::string(to_string(parsed.error()));
  }
  Names names() const {
    Names result;
    for (std::size_t i = 0; i < query_->count; ++i) {
      std::array<char, name::kMaxTextBytes> text;
      result.emplace_back(name::to_text(query_->questions[i].name, text));
    }
    return result;
  }

  std::unique_ptr<Query> query_ = std::make_unique<Query>();
};

TEST_F(QueryTest, ReadsOneQuestion) {
  const ByteVector bytes = test::dns_query("Web.WeChat.com", {.id = 7, .qtype = 28});
  ASSERT_EQ(parse(bytes), "ok");
  EXPECT_EQ(names(), Names{"web.wechat.com"});
  EXPECT_EQ(query_->id, 7);
  EXPECT_EQ(query_->questions[0].qtype, 28);
  EXPECT_EQ(query_->questions[0].qclass, 1);
  EXPECT_EQ(query_->questions_end, bytes.size());
  EXPECT_TRUE(query_->recursion_desired);
  EXPECT_FALSE(query_->checking_disabled);
  EXPECT_FALSE(query_->has_edns);
}

TEST_F(QueryTest, ReadsEdnsAndItsDnssecBit) {
  ByteVector bytes = test::dns_query("a.example", {.edns = true, .cookie = 8});
  ASSERT_EQ(parse(bytes), "ok");
  EXPECT_TRUE(query_->has_edns);
  EXPECT_FALSE(query_->dnssec_ok);
  bytes[query_->questions_end + 7] = std::byte{0x80};  // behind root, type, class, two of the TTL
  ASSERT_EQ(parse(bytes), "ok");
  EXPECT_TRUE(query_->dnssec_ok);
}

TEST_F(QueryTest, NothingOfTheQueryBeforeIsLeft) {
  ASSERT_EQ(parse(test::dns_query("a.example", {.edns = true})), "ok");
  ASSERT_EQ(parse(message(1, question("\1b\0"sv), 0x0010)), "ok");
  EXPECT_EQ(names(), Names{"b"});
  EXPECT_FALSE(query_->has_edns);
  EXPECT_FALSE(query_->recursion_desired);
  EXPECT_TRUE(query_->checking_disabled);
  EXPECT_EQ(parse(as_bytes("?")), "not_query");
  EXPECT_EQ(query_->count, 0U);
}

// Servers are lenient here, so we are: none of it may hide a name.
TEST_F(QueryTest, OddFlagsAndTrailingBytesHideNothing) {
  for (const unsigned flags : {0x0000U, 0x0400U, 0x0200U, 0x0080U, 0x0040U, 0x0020U, 0x000fU}) {
    EXPECT_EQ(parse(message(1, question("\1a\0"sv) + "trailing", flags)), "ok") << flags;
    EXPECT_EQ(names(), Names{"a"});
  }
  // Records that are announced and missing, or cannot be read.
  EXPECT_EQ(parse(message(1, question("\1a\0"sv), 0x0100, 9)), "ok");
  EXPECT_EQ(parse(message(1, question("\1a\0"sv) + "\x3f", 0x0100, 1)), "ok");
}

TEST_F(QueryTest, EveryQuestionCounts) {
  const std::string body = question("\1a\3com\0"sv) + question("\1b\xc0\x0e"sv);
  ASSERT_EQ(parse(message(2, body)), "ok");
  EXPECT_EQ(names(), (Names{"a.com", "b.com"}));
  EXPECT_EQ(query_->questions_end, kHeaderBytes + body.size());
}

TEST_F(QueryTest, ABannedNameInTheSixteenthQuestionIsRead) {
  std::string body;
  for (std::size_t i = 1; i < kMaxQuestions; ++i) body += question("\1a\0"sv);
  body += question("\6wechat\0"sv);
  ASSERT_EQ(parse(message(kMaxQuestions, body)), "ok");
  EXPECT_EQ(names().back(), "wechat");
  EXPECT_EQ(parse(message(kMaxQuestions + 1, body + question("\0"sv))), "too_many_questions");
}

TEST_F(QueryTest, ANameBehindAForwardPointerIsRead) {
  // | header | pointer to 18 | type, class | 6 wechat 0 |
  const std::string body = question("\xc0\x12"sv) + std::string("\6wechat\0"sv);
  ASSERT_EQ(parse(message(1, body)), "ok");
  EXPECT_EQ(names(), Names{"wechat"});
  EXPECT_EQ(query_->questions_end, 18U);
}

TEST_F(QueryTest, ANameBehindManyPointersIsRead) {
  const auto chain = [](std::size_t jumps) {
    // Pointers from 12 on, each to the next, behind the first one type and class.
    std::string body;
    std::size_t at = kHeaderBytes;
    for (std::size_t i = 0; i < jumps; ++i) {
      const std::size_t next = at + 2 + (i == 0 ? kTypeAndClass.size() : 0);
      body += '\xc0';
      body += static_cast<char>(next);
      if (i == 0) body += kTypeAndClass;
      at = next;
    }
    return message(1, body + std::string("\6wechat\0"sv));
  };
  EXPECT_EQ(parse(chain(kMaxJumps)), "ok");
  EXPECT_EQ(names(), Names{"wechat"});
  EXPECT_EQ(parse(chain(kMaxJumps + 1)), "malformed");
}

TEST_F(QueryTest, RefusesPointersThatLoop) {
  EXPECT_EQ(parse(message(1, question("\xc0\x0c"sv))), "malformed");     // at itself
  EXPECT_EQ(parse(message(1, question("\1a\xc0\x0c"sv))), "malformed");  // round and round
  EXPECT_EQ(parse(message(1, question("\xc0\x0e\xc0\x0c"sv))), "malformed");
}

TEST_F(QueryTest, RefusesPointersOutOfTheMessage) {
  EXPECT_EQ(parse(message(1, question("\xff\xff"sv))), "malformed");
  EXPECT_EQ(parse(message(1, question("\xc0\x12"sv))), "malformed");  // just behind it
  EXPECT_EQ(parse(message(1, "\xc0"sv)), "malformed");                // half of one
}

TEST_F(QueryTest, RefusesReservedLabelTypes) {
  EXPECT_EQ(parse(message(1, question("\x41"
                                      "a\0"sv))),
            "malformed");
  EXPECT_EQ(parse(message(1, question("\x80"
                                      "a\0"sv))),
            "malformed");
}

TEST_F(QueryTest, RefusesANameOver255BytesHoweverItIsCompressed) {
  std::string long_name;
  for (int i = 0; i < 3; ++i) long_name += '\x3f' + std::string(63, 'x');
  const std::string first = question(long_name + '\0');
  const std::string fits = '\x3d' + std::string(61, 'y') + std::string("\xc0\x0c"sv);
  const std::string too_long = '\x3e' + std::string(62, 'y') + std::string("\xc0\x0c"sv);
  EXPECT_EQ(parse(message(2, first + question(fits))), "ok");
  EXPECT_EQ(query_->questions[1].name.wire().size(), name::kMaxNameBytes);
  EXPECT_EQ(parse(message(2, first + question(too_long))), "malformed");
}

// One that cannot be read might be the banned one: no name of such a message is judged alone.
TEST_F(QueryTest, AGoodFirstQuestionDoesNotCoverForABadSecond) {
  EXPECT_EQ(parse(message(2, question("\1a\0"sv) + std::string("\6wech"))), "malformed");
  EXPECT_EQ(parse(message(2, question("\1a\0"sv))), "malformed");
  EXPECT_EQ(parse(message(1, "\1a\0\0\1\0"sv)), "malformed");  // half a class
}

TEST_F(QueryTest, WhatIsNoQueryIsLeftAlone) {
  const std::string body = question("\1a\0"sv);
  EXPECT_EQ(parse(message(1, body, 0x8180)), "not_query");  // a response
  EXPECT_EQ(parse(message(1, body, 0x2800)), "not_query");  // UPDATE
  EXPECT_EQ(parse(message(1, body, 0x2000)), "not_query");  // NOTIFY
  EXPECT_EQ(parse(message(0, body)), "not_query");
  EXPECT_EQ(parse({}), "not_query");
}

TEST_F(QueryTest, DotsAndZerosInsideLabelsStayThere) {
  ASSERT_EQ(parse(message(1, question("\x03"
                                      "a.b\3\0\0\0\0"sv))),
            "ok");
  EXPECT_EQ(names(), Names{"a\\.b.\\000\\000\\000"});
}

TEST_F(QueryTest, EveryCutIsRefusedAndNamesNothingElse) {
  const ByteVector whole = test::dns_query("web.wechat.com", {.edns = true, .cookie = 8});
  ASSERT_EQ(parse(whole), "ok");
  const std::size_t questions_end = query_->questions_end;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read behind its end.
    const ByteVector cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string result = parse(cut);
    if (size < kHeaderBytes) {
      EXPECT_EQ(result, "not_query") << size;
    } else if (size < questions_end) {
      EXPECT_EQ(result, "malformed") << size;
    } else {
      EXPECT_EQ(result, "ok") << size;
      EXPECT_EQ(names(), Names{"web.wechat.com"}) << size;
      EXPECT_FALSE(query_->has_edns) << size;
    }
  }
}

TEST_F(QueryTest, RandomFlipsKeepItsBounds) {
  std::mt19937 random(3);
  const ByteVector two = message(2, question("\3web\6wechat\3com\0"sv) + question("\1b\xc0\x10"sv));
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = round % 2 == 0 ? two : test::dns_query("a.example", {.edns = true});
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    }
    if (parse(bytes) != "ok") continue;
    ASSERT_GE(query_->count, 1U);
    ASSERT_LE(query_->count, kMaxQuestions);
    ASSERT_LE(query_->questions_end, bytes.size());
    for (std::size_t i = 0; i < query_->count; ++i) {
      const name::Name& name = query_->questions[i].name;
      ASSERT_EQ(*name::Name::from_wire(name.wire()), name);
    }
  }
}

}  // namespace
}  // namespace sluice::dns
