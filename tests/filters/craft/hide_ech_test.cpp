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

TEST(HideEch, OverIpv6AndWithoutAChecksum) {
  const DnsResponse response = DnsResponse("a.example", 65).https("a.example", "", {.ech = 30});
  EXPECT_TRUE(hide(frame(response, "[2001:db8::53]:53", "[2001:db8::1]:5000")).checksums);
  ByteVector none = frame(response);
  none[14 + 20 + 6] = none[14 + 20 + 7] = std::byte{0};
  const Hidden hidden = hide(none);
  EXPECT_TRUE(hidden.checksums);
  EXPECT_EQ(hidden.frame[14 + 20 + 6], std::byte{0});
}

TEST(HideEch, FailsIfTheKeyHasNoRoomBehindTheOthers) {
  const auto with_last = [](std::string_view last) {
    const std::string data = std::string("\0\1\0\0\5\0\1x"sv) + std::string(last);
    return hide(frame(DnsResponse("a.example", 65).raw("a.example", 65, as_bytes(data))));
  };
  EXPECT_FALSE(with_last("\xff\xfd\0\0"sv).frame.empty());
  EXPECT_TRUE(with_last("\xff\xfe\0\0"sv).frame.empty());
  EXPECT_TRUE(with_last("\xff\xff\0\0"sv).frame.empty());
}

}  // namespace
}  // namespace sluice::craft
