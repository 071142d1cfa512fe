#include "filters/dns/response.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/dns_response.h"

namespace sluice::dns {
namespace {

using test::ByteVector;
using test::DnsResponse;
using Texts = std::vector<std::string>;
using namespace std::string_view_literals;

std::string text_of(const name::Name& name) {
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(name, text));
}

class ResponseTest : public testing::Test {
 protected:
  // "ok", or the error.
  std::string parse(Bytes message) {
    const auto parsed = parse_response(message, *response_);
    return parsed ? "ok" : std::string(to_string(parsed.error()));
  }
  // `type>target` of each record that leads somewhere; "?" where it cannot be read.
  Texts targets(const ByteVector& message) {
    Texts result;
    if (parse(message) != "ok") return {parse(message)};
    ResponseReader records(message, *response_);
    while (const auto record = records.next()) {
      if (!is_alias(record->type) && !is_service_target(record->type)) continue;
      const auto target = records.read_target(*record);
      result.push_back(std::to_string(static_cast<unsigned>(record->type)) + '>' +
                       (target ? text_of(target->name) : "?"));
    }
    return result;
  }
  // `owner=address/ttl`, in order.
  Texts addresses(const ByteVector& message) {
    Texts result;
    if (parse(message) != "ok") return {parse(message)};
    ResponseReader records(message, *response_);
    while (const auto record = records.next()) {
      const auto owner = read_name(message, record->owner);
      for_each_address(message, *record, [&](const IpAddress& address) {
        result.push_back((owner ? text_of(owner->name) : "?") + '=' + address.to_string() + '/' +
                         std::to_string(record->ttl));
        return true;
      });
    }
    return result;
  }

  std::unique_ptr<Response> response_ = std::make_unique<Response>();
};

TEST_F(ResponseTest, ReadsAChainOfAliasesToItsAddresses) {
  const ByteVector message = DnsResponse("www.a.example")
                                 .cname("www.a.example", "x.cdn.example")
                                 .cname("x.cdn.example", "web.wechat.com")
                                 .a("web.wechat.com", "192.0.2.7", 60)
                                 .a("web.wechat.com", "192.0.2.8", 61)
                                 .aaaa("web.wechat.com", "2001:db8::7", 62)
                                 .build();
  EXPECT_EQ(targets(message), (Texts{"5>x.cdn.example", "5>web.wechat.com"}));
  EXPECT_EQ(addresses(message), (Texts{"web.wechat.com=192.0.2.7/60", "web.wechat.com=192.0.2.8/61",
                                       "web.wechat.com=2001:db8::7/62"}));
  EXPECT_EQ(response_->query.id, 0x1234);
  ASSERT_EQ(response_->query.count, 1U);
  EXPECT_EQ(text_of(response_->query.questions[0].name), "www.a.example");
  EXPECT_TRUE(response_->query.recursion_desired);
  EXPECT_FALSE(response_->query.has_edns);
  EXPECT_EQ(response_->records, 5U);
  EXPECT_EQ(response_->answers, 5U);
  EXPECT_EQ(response_->rcode, 0);
}

TEST_F(ResponseTest, ReadsDnameAndServiceTargets) {
  const ByteVector message = DnsResponse("a.example")
                                 .dname("a.example", "wechat.com")
                                 .mx("a.example", "mx.wechat.com")
                                 .srv("a.example", "srv.wechat.com")
                                 .ns("a.example", "ns.wechat.com")
                                 .build();
  EXPECT_EQ(targets(message),
            (Texts{"39>wechat.com", "15>mx.wechat.com", "33>srv.wechat.com", "2>ns.wechat.com"}));
}

TEST_F(ResponseTest, ReadsTheHttpsTargetAndItsHints) {
  const ByteVector message =
      DnsResponse("a.example", 65)
          .https(
              "a.example", "svc.wechat.com",
              {.ipv4_hints = {"192.0.2.1", "192.0.2.2"}, .ech = 70, .ipv6_hints = {"2001:db8::1"}})
          .build();
  EXPECT_EQ(targets(message), Texts{"65>svc.wechat.com"});
  EXPECT_EQ(addresses(message), (Texts{"a.example=192.0.2.1/300", "a.example=192.0.2.2/300",
                                       "a.example=2001:db8::1/300"}));
}

TEST_F(ResponseTest, FindsTheEchParameterWhereItIs) {
  const ByteVector message = DnsResponse("a.example", 65)
                                 .https("a.example", "", {.ipv4_hints = {"192.0.2.1"}, .ech = 70})
                                 .build();
  ASSERT_EQ(parse(message), "ok");
  const auto record = ResponseReader(message, *response_).next();
  const auto binding = read_service_binding(message, *record);
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->target, name::Name{});
  ASSERT_EQ(binding->ech.size(), 4U + 70U);
  EXPECT_EQ(binding->ech.data(), message.data() + binding->ech_at);
  EXPECT_EQ(as_text(binding->ech.first(4)), "\0\5\0\x46"sv);
}

TEST_F(ResponseTest, AnAliasModeRecordLeadsOnAndHasNoParameters) {
  const ByteVector message = DnsResponse("a.example", 65)
                                 .https("a.example", "svc.wechat.com",
                                        {.priority = 0, .ipv4_hints = {"192.0.2.1"}, .ech = 8})
                                 .build();
  EXPECT_EQ(targets(message), Texts{"65>svc.wechat.com"});
  EXPECT_TRUE(addresses(message).empty());
}

TEST_F(ResponseTest, RefusesServiceParametersThatClientsRefuse) {
  const auto with_params = [&](std::string_view params) {
    const std::string data = std::string("\0\1\0"sv) + std::string(params);
    return targets(DnsResponse("a.example", 65).raw("a.example", 65, as_bytes(data)).build());
  };
  EXPECT_EQ(with_params("\0\1\0\1h\0\5\0\1x"sv), Texts{"65>a.example"});
  EXPECT_EQ(with_params("\0\5\0\1x\0\1\0\1h"sv), Texts{"65>?"});  // out of order
  EXPECT_EQ(with_params("\0\5\0\1x\0\5\0\1x"sv), Texts{"65>?"});  // twice
  EXPECT_EQ(with_params("\0\5\0\2x"sv), Texts{"65>?"});           // cut
  EXPECT_EQ(with_params("\0\5\0"sv), Texts{"65>?"});
  EXPECT_EQ(with_params("\0\4\0\3xyz"sv), Texts{"65>?"});  // no whole address
  EXPECT_EQ(with_params("\0\4\0\0"sv), Texts{"65>?"});     // none at all
  EXPECT_EQ(with_params("\0\6\0\4wxyz"sv), Texts{"65>?"});
  EXPECT_EQ(with_params("\0\0\0\1x"sv), Texts{"65>?"});  // half a mandatory key
}

TEST_F(ResponseTest, RecordsOfEverySectionAreRead) {
  const ByteVector message = DnsResponse("a.example")
                                 .cname("a.example", "b.example")
                                 .authority()
                                 .ns("example", "ns.example")
                                 .additional()
                                 .a("ns.example", "192.0.2.53")
                                 .edns()
                                 .build();
  EXPECT_EQ(targets(message), (Texts{"5>b.example", "2>ns.example"}));
  EXPECT_EQ(addresses(message), Texts{"ns.example=192.0.2.53/300"});
  EXPECT_EQ(response_->records, 4U);
  EXPECT_EQ(response_->answers, 1U);
  EXPECT_TRUE(response_->query.has_edns);
  ResponseReader records(message, *response_);
  std::vector<bool> in_answers;
  while (records.next()) in_answers.push_back(records.in_answers());
  EXPECT_EQ(in_answers, (std::vector<bool>{true, false, false, false}));
}

TEST_F(ResponseTest, MoreRecordsThanAnyTableHoldsAreAllRead) {
  DnsResponse builder("a.example");
  for (int i = 0; i < 1000; ++i) builder.a("a.example", "192.0.2.1");
  builder.cname("a.example", "web.wechat.com");
  EXPECT_EQ(targets(builder.build()), Texts{"5>web.wechat.com"});
}

TEST_F(ResponseTest, ATargetBehindAForwardPointerIsRead) {
  // The CNAME's RDATA points at the RDATA of the TXT record behind it.
  ByteVector message = DnsResponse("a").raw("a", 5, as_bytes("\xc0\x2b"sv)).build();
  const ByteVector name = test::byte_vector("\6wechat\3com\0"sv);
  message = DnsResponse("a").raw("a", 5, as_bytes("\xc0\x2d"sv)).raw("a", 16, name).build();
  ASSERT_EQ(as_text(Bytes(message).subspan(0x2d, 7)), "\6wechat"sv);
  EXPECT_EQ(targets(message), Texts{"5>wechat.com"});
}

TEST_F(ResponseTest, ATargetThatCannotBeReadIsAnError) {
  const auto cname = [&](std::string_view data) {
    return targets(DnsResponse("a.example").raw("a.example", 5, as_bytes(data)).build());
  };
  EXPECT_EQ(cname("\6wechat\3com\0"sv), Texts{"5>wechat.com"});
  EXPECT_EQ(cname(""sv), Texts{"5>?"});
  EXPECT_EQ(cname("\6wechat\3com"sv), Texts{"5>?"});      // ends behind its record
  EXPECT_EQ(cname("\6wechat\3com\0\0"sv), Texts{"5>?"});  // in front of its end
  EXPECT_EQ(cname("\x40wechat"sv), Texts{"5>?"});         // a reserved label type
  EXPECT_EQ(cname("\xff\xff"sv), Texts{"5>?"});           // a pointer out of the message
  EXPECT_EQ(cname("\xc0\x27"sv), Texts{"5>?"});           // at itself
}

TEST_F(ResponseTest, AHalfRecordIsAnErrorUnlessTheMessageSaysThatItWasCut) {
  const ByteVector whole = DnsResponse("a.example")
                               .cname("a.example", "web.wechat.com")
                               .a("web.wechat.com", "192.0.2.7")
                               .build();
  const ByteVector cut(whole.begin(), whole.end() - 1);
  EXPECT_EQ(parse(cut), "malformed");
  EXPECT_EQ(response_->records, 0U);
  ByteVector truncated = cut;
  truncated[2] |= std::byte{0x02};
  EXPECT_EQ(targets(truncated), Texts{"5>web.wechat.com"});
  EXPECT_EQ(response_->records, 1U);
  EXPECT_TRUE(response_->truncated);
}

TEST_F(ResponseTest, AnAnswerMayRepeatNoQuestionOrSeveral) {
  ByteVector none = DnsResponse("").build();
  none[5] = std::byte{0};
  none.resize(kHeaderBytes);
  EXPECT_EQ(parse(none), "ok");
  EXPECT_EQ(response_->query.count, 0U);
  ByteVector two = DnsResponse("a.example").build();
  two[5] = std::byte{2};
  EXPECT_EQ(parse(two), "malformed");
  test::append(two, as_bytes("\xc0\x0c\0\x1c\0\1"sv));
  EXPECT_EQ(parse(two), "ok");
  EXPECT_EQ(response_->query.count, 2U);
  two[5] = std::byte{kMaxQuestions + 1};
  EXPECT_EQ(parse(two), "too_many_questions");
}

TEST_F(ResponseTest, WhatIsNoResponseIsLeftAlone) {
  EXPECT_EQ(parse(test::dns_query("a.example")), "not_response");
  EXPECT_EQ(parse(DnsResponse("a.example").flags(0xa800).build()), "not_response");  // UPDATE
  EXPECT_EQ(parse({}), "not_response");
}

TEST_F(ResponseTest, OnlyAddressesOfTheInternetClassCount) {
  ByteVector message = DnsResponse("a.example").a("a.example", "192.0.2.7").build();
  message[message.size() - 11] = std::byte{3};  // CHAOS
  EXPECT_TRUE(addresses(message).empty());
  EXPECT_TRUE(
      addresses(DnsResponse("a.example").raw("a.example", 1, as_bytes("12345"sv)).build()).empty());
}

TEST_F(ResponseTest, EveryCutOfAnAnswerIsRefused) {
  const ByteVector whole = DnsResponse("a.example", 65)
                               .cname("a.example", "b.example")
                               .https("b.example", "svc.wechat.com", {.ech = 20})
                               .additional()
                               .edns()
                               .build();
  ASSERT_EQ(parse(whole), "ok");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read behind its end.
    const ByteVector cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse(cut), size < kHeaderBytes ? "not_response" : "malformed") << size;
  }
}

TEST_F(ResponseTest, RandomFlipsKeepItsBounds) {
  std::mt19937 random(7);
  const ByteVector whole =
      DnsResponse("a.example", 65)
          .cname("a.example", "web.wechat.com")
          .https("web.wechat.com", "svc.wechat.com", {.ipv4_hints = {"192.0.2.1"}, .ech = 20})
          .mx("a.example", "mx.wechat.com")
          .additional()
          .edns()
          .build();
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = whole;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    }
    static_cast<void>(targets(bytes));
    static_cast<void>(addresses(bytes));
    ASSERT_LE(response_->query.questions_end, bytes.size());
    ASSERT_LE(response_->answers, response_->records);
  }
}

// As the bytes come in; a position leads from one reader to the next.
TEST_F(ResponseTest, ReadsOnWhereItStoppedWhenMoreOfTheMessageIsThere) {
  const ByteVector whole = DnsResponse("a.example", 65)
                               .cname("a.example", "b.example")
                               .cname("b.example", "c.example")
                               .https("c.example", "svc.wechat.com", {.ech = 20})
                               .mx("c.example", "mail.example")
                               .ns("c.example", "c.example")
                               .additional()
                               .a("mail.example", "192.0.2.1")
                               .edns()
                               .build();
  const Texts expected = targets(whole);
  ASSERT_EQ(expected.size(), 5U);
  for (std::size_t step = 1; step < whole.size(); ++step) {
    Texts read;
    ResponsePosition position;
    for (std::size_t size = 0; size < whole.size(); size = std::min(size + step, whole.size())) {
      const std::size_t there = std::min(size + step, whole.size());
      const ByteVector start(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(there));
      if (!parse_response_start(start, *response_)) continue;
      ResponseReader records(start, *response_, most_targets(whole.size()));
      records.resume(position);
      while (const auto record = records.next()) {
        if (is_alias(record->type) || is_service_target(record->type)) {
          const auto target = records.read_target(*record);
          if (!target) break;
          read.push_back(std::to_string(static_cast<unsigned>(record->type)) + '>' +
                         text_of(target->name));
        }
        position = records.position();
      }
    }
    EXPECT_EQ(read, expected) << step;
    EXPECT_EQ(position.offset, whole.size()) << step;
    EXPECT_EQ(position.targets, expected.size()) << step;
  }
}

TEST_F(ResponseTest, APositionKeepsTheLimitOfTargetsAndTheLastPointer) {
  const ByteVector message =
      DnsResponse("a.b").cname("a.b", "c.d").cname("a.b", "c.d").cname("a.b", "c.d").build();
  ASSERT_EQ(parse(message), "ok");
  ResponseReader first(message, *response_, 2);
  EXPECT_TRUE(first.read_target(*first.next()));
  EXPECT_TRUE(first.read_target(*first.next()));
  ResponseReader second(message, *response_, 2);
  second.resume(first.position());
  const auto third = second.next();
  ASSERT_TRUE(third);
  EXPECT_TRUE(second.repeats_target(*third));
  EXPECT_FALSE(second.read_target(*third));
}

// So many as there is room for in an ordinary record, and kMaxTargets more: short ones in large
// number are refused.
TEST_F(ResponseTest, ReadsSoManyTargetsOfAMessage) {
  const auto with = [](std::size_t count) {
    DnsResponse response("a.b");
    for (std::size_t i = 0; i < count; ++i) response.cname("a.b", i % 2 == 0 ? "c.d" : "e.f");
    return response.build();
  };
  const auto refused = [&](std::size_t count) { return targets(with(count)).back() == "5>?"; };
  EXPECT_FALSE(refused(kMaxTargets));
  std::size_t most = kMaxTargets;
  while (most < 2000 && !refused(most + 1)) ++most;
  EXPECT_LT(most, 2000U);
  EXPECT_EQ(targets(with(most + 1)).size(), most_targets(with(most + 1).size()) + 1);
}

}  // namespace
}  // namespace sluice::dns
