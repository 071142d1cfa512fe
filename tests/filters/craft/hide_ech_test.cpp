#include "filters/craft/hide_ech.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "filters/craft/rewrite.h"
#include "filters/packet/packet.h"
#include "tests/support/dns_response.h"

namespace sluice::craft {
namespace {

using test::ByteVector;
using test::DnsResponse;
using test::FrameBuilder;
using namespace std::string_view_literals;

struct Hidden {
  ByteVector frame;        // empty: it could not be done
  std::string rdata;       // of the first record, if it could
  bool checksums = false;  // hold
};

Hidden hide(const ByteVector& frame) {
  const auto packet = packet::decode(frame, LinkType::ethernet);
  const auto response = std::make_unique<dns::Response>();
  EXPECT_TRUE(packet && dns::parse_response(packet->payload, *response));
  ByteVector payload(packet->payload.begin(), packet->payload.end());
  ByteVector out(frame.size());
  const Bytes made = hide_ech(payload, *response) ? rewrite(*packet, payload, out) : Bytes{};
  Hidden hidden{.frame = ByteVector(made.begin(), made.end())};
  if (made.empty()) return hidden;
  const auto again = packet::decode(hidden.frame, LinkType::ethernet);
  EXPECT_TRUE(again && dns::parse_response(again->payload, *response));
  dns::ResponseReader records(again->payload, *response);
  const auto record = records.next();
  hidden.rdata = std::string(as_text(record->data_in(again->payload)));
  hidden.checksums = packet::checksums_hold(*again);
  EXPECT_TRUE(dns::read_service_binding(again->payload, *record));
  return hidden;
}

ByteVector frame(const DnsResponse& response, const char* from = "198.51.100.53:53",
                 const char* to = "192.0.2.1:5000") {
  return FrameBuilder(from, to).payload(response.build()).build();
}

TEST(HideEch, ReplacesEchWithAZeroedPrivateParameterAtTheEnd) {
  const Hidden hidden = hide(
      frame(DnsResponse("a.example", 65)
                .https("a.example", "",
                       {.ipv4_hints = {"192.0.2.7"}, .ech = 3, .ipv6_hints = {"2001:db8::7"}})));
  EXPECT_EQ(hidden.rdata,
            "\0\1\0\0\1\0\3\2h2\0\4\0\4\xc0\0\2\7"
            "\0\6\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
            "\xff\xfe\0\3\0\0\0"sv);
  EXPECT_TRUE(hidden.checksums);
}

TEST(HideEch, ChangesNothingElse) {
  const ByteVector before = frame(DnsResponse("a.example", 65)
                                      .https("a.example", "svc.example", {.ech = 30})
                                      .cname("b.example", "a.example")
                                      .additional()
                                      .a("svc.example", "192.0.2.7")
                                      .edns());
  const Hidden hidden = hide(before);
  ASSERT_EQ(hidden.frame.size(), before.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] == hidden.frame[i] ? 0U : 1U;
  EXPECT_LE(changed, 30U + 2 + 2);  // the value, its key, the checksum
}

TEST(HideEch, HidesTheKeysOfEveryRecord) {
  const Hidden hidden =
      hide(frame(DnsResponse("a.example", 65)
                     .https("a.example", "", {.ech = 30})
                     .https("a.example", "b.example", {.priority = 2, .ech = 9})));
  EXPECT_EQ(as_text(hidden.frame).find("\xec"sv), std::string_view::npos);
  EXPECT_TRUE(hidden.checksums);
}

TEST(HideEch, FailsIfThereAreOverSixtyFourRecords) {
  const auto is_hidden = [](int others) {
    DnsResponse response("a.example", 65);
    response.https("a.example", "", {.ech = 3});
    for (int i = 0; i < others; ++i) response.a("a.example", "192.0.2.7");
    return !hide(frame(response)).frame.empty();
  };
  EXPECT_TRUE(is_hidden(63));
  EXPECT_FALSE(is_hidden(64));
}

// Each name that is compressed by a pointer behind the question is read twice.
TEST(HideEch, FailsIfOverTwentyFourNamesMightReadDifferently) {
  const auto is_hidden = [](int aliases) {
    DnsResponse response("a.example", 65);
    response.https("a.example", "", {.ech = 3}).cname("a.example", "b.example");
    const std::string_view to_the_alias = "\xc0\x3d"sv;
    for (int i = 0; i < aliases; ++i) response.raw("a.example", 5, as_bytes(to_the_alias));
    return !hide(frame(response)).frame.empty();
  };
  EXPECT_TRUE(is_hidden(24));
  EXPECT_FALSE(is_hidden(25));
}

TEST(HideEch, OverIpv6AndWithoutAChecksum) {
  const DnsResponse response = DnsResponse("a.example", 65).https("a.example", "", {.ech = 30});
  EXPECT_TRUE(hide(frame(response, "[2001:db8::53]:53", "[2001:db8::1]:5000")).checksums);
  ByteVector none = frame(response);
  none[14 + 20 + 6] = none[14 + 20 + 7] = std::byte{0};
  const Hidden hidden = hide(none);
  EXPECT_TRUE(hidden.checksums);
  EXPECT_EQ(hidden.frame[14 + 20 + 6], std::byte{0});
}

// RDATA of one record with these parameters, before and after.
std::string hidden_rdata(std::string_view params) {
  const std::string data = std::string("\0\1\0"sv) + std::string(params);
  const std::string hidden =
      hide(frame(DnsResponse("a.example", 65).raw("a.example", 65, as_bytes(data)))).rdata;
  return hidden.empty() ? hidden : hidden.substr(3);
}

TEST(HideEch, TakesAFreePrivateKeyWhereTheHighestIsTaken) {
  EXPECT_EQ(hidden_rdata("\0\5\0\1x\xff\xfd\0\0"sv), "\xff\xfd\0\0\xff\xfe\0\1\0"sv);
  EXPECT_EQ(hidden_rdata("\0\5\0\1x\xff\xfe\0\0"sv), "\xff\xfd\0\1\0\xff\xfe\0\0"sv);
  EXPECT_EQ(hidden_rdata("\0\5\0\1x\xff\xff\0\0"sv), "\xff\xfe\0\1\0\xff\xff\0\0"sv);
  EXPECT_EQ(hidden_rdata("\0\5\0\1x\0\6\0\0"sv), "");  // no addresses: malformed
  EXPECT_EQ(hidden_rdata("\0\5\0\1x\xff\x02\0\0\xff\xfd\0\0\xff\xfe\0\0"sv),
            "\xff\x02\0\0\xff\xfc\0\1\0\xff\xfd\0\0\xff\xfe\0\0"sv);
  std::string all("\0\5\0\1x"sv);
  for (int key = 65280; key < 65535; ++key) {
    all += {static_cast<char>(key >> 8), static_cast<char>(key & 0xff), 0, 0};
  }
  EXPECT_EQ(hidden_rdata(all), "");
}

// The alias leads to where the keys were: behind them stands what would read as another name.
TEST(HideEch, FailsIfANameWouldReadDifferently) {
  const std::string_view data = "\0\1\0\0\5\0\x0d\4news\2io\0zzzz\x07\xd0\0\x0c\6wechat\3com\0"sv;
  const auto leading_to = [&](std::string_view pointer) {
    return hide(frame(DnsResponse("a.example", 65)
                          .raw("a.example", 65, as_bytes(data))
                          .raw("b.example", 5, as_bytes(pointer))));
  };
  EXPECT_TRUE(leading_to("\xc0\x2e"sv).frame.empty());   // the value of `ech`
  EXPECT_FALSE(leading_to("\xc0\x0c"sv).frame.empty());  // the question
}

// The question is no name of its own, but leads to where the keys are, and the alias to the
// question.
TEST(HideEch, FailsIfTheQuestionWouldReadDifferently) {
  const std::string_view message =
      "\x12\x34\x81\x80\0\1\0\2\0\0\0\0"
      "\xc0\x25\0\x41\0\1"
      "\xc0\x0c\0\x41\0\1\0\0\0\x3c\0\x24"
      "\0\1\0\0\5\0\x0d\4news\2io\0zzzz\x07\xd0\0\x0c\6wechat\3com\0"
      "\0\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c"sv;
  EXPECT_TRUE(hide(FrameBuilder("198.51.100.53:53", "192.0.2.1:5000").payload(message).build())
                  .frame.empty());
}

// Bug: a key that `mandatory` lists was not there any more, and dig took the answer for malformed.
TEST(HideEch, LeavesTheListOfMandatoryKeys) {
  EXPECT_EQ(hidden_rdata("\0\0\0\4\0\1\0\5\0\1\0\3\2h2\0\5\0\1x"sv),
            "\0\0\0\2\0\1\0\1\0\3\2h2\xff\xfe\0\3\0\0\0"sv);
  EXPECT_EQ(hidden_rdata("\0\0\0\4\0\5\0\6\0\5\0\1x\0\6\0\x10"
                         "0123456789abcdef"sv),
            "\0\0\0\2\0\6\0\6\0\x10"
            "0123456789abcdef"
            "\xff\xfe\0\3\0\0\0"sv);
  // Nothing else is mandatory: an empty list would be malformed.
  EXPECT_EQ(hidden_rdata("\0\0\0\2\0\5\0\1\0\3\2h2\0\5\0\1x"sv),
            "\0\1\0\3\2h2\xff\xfe\0\x07\0\0\0\0\0\0\0"sv);
  EXPECT_EQ(hidden_rdata("\0\0\0\2\0\5\0\5\0\0"sv), "\xff\xfe\0\6\0\0\0\0\0\0"sv);
  // A list that does not name it stays.
  EXPECT_EQ(hidden_rdata("\0\0\0\2\0\1\0\1\0\3\2h2\0\5\0\1x"sv),
            "\0\0\0\2\0\1\0\1\0\3\2h2\xff\xfe\0\1\0"sv);
}

}  // namespace
}  // namespace sluice::craft
