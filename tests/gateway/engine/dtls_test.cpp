// Verdicts on DTLS: whole hellos, hellos in pieces, and evasions.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "tests/gateway/engine/quic_lab.h"
#include "tests/support/dtls_builder.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::dtls_datagrams;
using test::dtls_fragment;
using test::dtls_hello;
using test::dtls_record;
using test::DtlsMessage;
using test::Lab;
using test::LabOptions;
using DtlsConnection = test::QuicConnection;

ByteVector whole(Bytes body, const DtlsMessage& message = {}) {
  return dtls_record(dtls_fragment(body, 0, body.size(), message));
}
// `size` bytes of a hello from `at`, in a datagram of their own.
ByteVector part(Bytes body, std::size_t at, std::size_t size, const DtlsMessage& message = {}) {
  return dtls_record(dtls_fragment(body, at, size, message));
}

constexpr std::size_t kBehindName = 9;  // bytes of a hello, an extension

TEST(Dtls, CleanHelloPassesAndBannedOneIsDroppedAndRecorded) {
  for (const std::uint16_t version : std::to_array<std::uint16_t>({0xfeff, 0xfefd, 0xfefc})) {
    Lab lab;
    DtlsConnection connection(lab, "192.0.2.1:5000", "198.51.100.2:4433");
    const ByteVector clean = dtls_hello("example.com"), banned = dtls_hello("web.wechat.com");
    EXPECT_EQ(connection.to_server(
                  dtls_record(dtls_fragment(clean, 0, clean.size()), {.version = version})),
              Verdict::pass);
    EXPECT_EQ(connection.to_server(
                  dtls_record(dtls_fragment(banned, 0, banned.size()), {.version = version})),
              Verdict::drop);
    EXPECT_EQ(lab.count(Reason::allowed), 1U);
    EXPECT_EQ(lab.count(Reason::banned), 1U);
    EXPECT_EQ(lab.counters->quic_streams.value(), 0U);  // a whole hello is not kept
    test::expect_audited_datagram(lab, "tls", "web.wechat.com");
  }
}

TEST(Dtls, HelloWithoutANamePasses) {
  for (const bool empty_name : {false, true}) {  // without the extension as in WebRTC
    Lab lab;
    DtlsConnection connection(lab);
    const ByteVector hello = dtls_hello("", "", {.empty_name = empty_name});
    EXPECT_EQ(connection.to_server(whole(hello)), Verdict::pass);
    for (const ByteVector& datagram : dtls_datagrams(hello, 50, {.number = 1})) {
      EXPECT_EQ(connection.to_server(datagram), Verdict::pass);
    }
    EXPECT_EQ(lab.count(Reason::no_name), 2U);
  }
}

TEST(Dtls, TheHelloAfterAHelloVerifyRequestIsJudgedAnew) {
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole(dtls_hello("example.com"))), Verdict::pass);
  const ByteVector again = dtls_hello("wechat.com", "the server's cookie");
  EXPECT_EQ(connection.to_server(whole(again, {.number = 1})), Verdict::drop);
  for (const ByteVector& datagram : dtls_datagrams(dtls_hello("example.com"), 60)) {
    EXPECT_EQ(connection.to_server(datagram), Verdict::pass);
  }
  const auto pieces = dtls_datagrams(again, again.size() / 2 + 1, {.number = 1});
  EXPECT_EQ(connection.to_server(pieces[0]), Verdict::pass);
  EXPECT_EQ(connection.to_server(pieces[1]), Verdict::drop);
}

TEST(Dtls, ThePieceThatCompletesABannedNameAndAllThatFollowAreDropped) {
  Lab lab;
  DtlsConnection connection(lab);
  const ByteVector hello = dtls_hello("wechat.com", "", {.padding = 1500});
  const auto pieces = dtls_datagrams(hello, 900);
  EXPECT_EQ(connection.to_server(pieces[1]), Verdict::pass);
  EXPECT_EQ(connection.to_server(pieces[0]), Verdict::drop);
  EXPECT_EQ(connection.to_server(pieces[0]), Verdict::drop);
  EXPECT_EQ(connection.to_server(pieces[1]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unfinished), 1U);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
  EXPECT_EQ(lab.count(Reason::flow_blocked), 2U);
  // Other packets of the five-tuple pass.
  EXPECT_EQ(connection.to_server(whole(dtls_hello("example.com"))), Verdict::pass);
}

TEST(Dtls, InspectNeverDrops) {
  Lab lab(LabOptions{.enforce = false});
  DtlsConnection connection(lab);
  const ByteVector hello = dtls_hello("wechat.com");
  EXPECT_EQ(connection.to_server(whole(hello)), Verdict::pass);
  for (const ByteVector& datagram : dtls_datagrams(hello, 40, {.number = 1})) {
    EXPECT_EQ(connection.to_server(datagram), Verdict::pass);
  }
  EXPECT_EQ(lab.counters->findings.value(), 2U);
}

TEST(Dtls, IsRecognisedByContentOnEveryPort) {
  Lab lab;
  DtlsConnection dns(lab, "192.0.2.1:53", "198.51.100.2:53");
  EXPECT_EQ(dns.to_server(whole(dtls_hello("wechat.com"))), Verdict::drop);
}

TEST(Dtls, DnsOverDtlsIsNamedByItsPort) {
  Lab lab(LabOptions{.signatures = {"dot"}});
  DtlsConnection resolver(lab, "192.0.2.1:5000", "198.51.100.53:853");
  EXPECT_EQ(resolver.to_server(whole(dtls_hello("example.com"))), Verdict::drop);
}

TEST(Dtls, HelloThatCannotBeReadIsRefused) {
  ByteVector hello = dtls_hello("example.com");
  hello[34] = std::byte{0xff};  // length of the session id
  const ByteVector too_large = dtls_record(dtls_fragment(ByteVector(70'000), 0, 1000));
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(whole(hello)), Verdict::drop);
  EXPECT_EQ(connection.to_server(too_large), Verdict::drop);
  const auto pieces = dtls_datagrams(hello, hello.size() / 2 + 1);
  EXPECT_EQ(connection.to_server(pieces[0]), Verdict::pass);
  EXPECT_EQ(connection.to_server(pieces[1]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::unreadable), 3U);
  Lab lenient(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  DtlsConnection other(lenient);
  EXPECT_EQ(other.to_server(whole(hello)), Verdict::pass);
  EXPECT_EQ(other.to_server(too_large), Verdict::pass);
}

TEST(Dtls, HellosAreReadUpToTheirBound) {
  for (const char* name : {"example.com", "wechat.com"}) {
    Lab lab;
    DtlsConnection connection(lab);
    const auto pieces = dtls_datagrams(dtls_hello(name, "", {.padding = 65'000}), 1200);
    for (const ByteVector& piece : pieces) {
      const bool banned = &piece == &pieces.back() && std::string_view(name) == "wechat.com";
      EXPECT_EQ(connection.to_server(piece), banned ? Verdict::drop : Verdict::pass);
    }
  }
}

TEST(Dtls, TheHelloIdleLongestGivesWay) {
  Lab lab(LabOptions{.limits = {.flows = 64, .streams = 8, .hellos = {.flows = 64, .streams = 4}}});
  const auto pieces = dtls_datagrams(dtls_hello("example.com"), 100);
  for (int i = 0; i < 20; ++i) {
    DtlsConnection connection(lab, "192.0.2.1:" + std::to_string(4000 + i));
    EXPECT_EQ(connection.to_server(pieces[0]), Verdict::pass);
    EXPECT_LE(lab.counters->quic_streams.value(), 4U);
  }
  DtlsConnection first(lab, "192.0.2.1:4000");
  EXPECT_EQ(first.to_server(pieces[1]), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::forgotten), 1U);
}

// Only the first copy of a piece passes.
TEST(DtlsEvasion, APieceThatDiffersIsDroppedWithoutEndingTheFlow) {
  const ByteVector real = dtls_hello("a.wechat.com"), decoy = dtls_hello("a.sample.com");
  ASSERT_EQ(real.size(), decoy.size());
  const std::size_t size = real.size() - kBehindName;
  for (const bool decoy_first : {true, false}) {
    Lab lab;
    DtlsConnection connection(lab);
    EXPECT_EQ(connection.to_server(part(decoy_first ? decoy : real, 0, size)), Verdict::pass);
    EXPECT_EQ(connection.to_server(part(decoy_first ? real : decoy, 0, size)), Verdict::drop);
    EXPECT_EQ(lab.count(Reason::overlap), 1U);
    EXPECT_EQ(connection.to_server(part(real, size, kBehindName)),
              decoy_first ? Verdict::pass : Verdict::drop);
    EXPECT_EQ(lab.count(Reason::banned), decoy_first ? 0U : 1U);
  }
}

// A server that keeps the first copy reads bytes of both.
TEST(DtlsEvasion, WholeDecoyOverAPieceOfTheRealOne) {
  const ByteVector real = dtls_hello("a.wechat.com"), decoy = dtls_hello("a.sample.com");
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(part(real, 0, real.size() - kBehindName)), Verdict::pass);
  EXPECT_EQ(connection.to_server(whole(decoy)), Verdict::drop);
}

TEST(DtlsEvasion, DecoyOfAnotherLengthOrNumber) {
  const ByteVector real = dtls_hello("a.wechat.com"), longer = dtls_hello("longer.sample.com");
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(part(longer, 0, 50)), Verdict::pass);
  EXPECT_EQ(connection.to_server(part(longer, 0, 50, {.number = 1})), Verdict::pass);
  EXPECT_EQ(connection.to_server(part(real, 0, 50)), Verdict::pass);
  EXPECT_EQ(connection.to_server(part(longer, 50, 1000)), Verdict::pass);
  EXPECT_EQ(connection.to_server(part(real, 50, 1000)), Verdict::drop);
}

TEST(DtlsEvasion, ManyDecoysToPushTheRealHelloOut) {
  const ByteVector real = dtls_hello("wechat.com");
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(part(real, 0, 50)), Verdict::pass);
  for (std::uint16_t i = 1; i < 150; ++i) {  // more than there is room for
    EXPECT_EQ(connection.to_server(part(real, 0, 50, {.number = i})), Verdict::pass);
  }
  EXPECT_EQ(connection.to_server(part(real, 50, 1000)), Verdict::drop);
  EXPECT_EQ(connection.to_server(whole(real)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::forgotten), 2U);
}

TEST(DtlsEvasion, TheRestOfAHelloAfterALongSilence) {
  const ByteVector real = dtls_hello("wechat.com");
  for (const auto idle :
       {std::chrono::seconds(40), std::chrono::seconds(125), std::chrono::seconds(590)}) {
    Lab lab;
    DtlsConnection connection(lab), other(lab, "192.0.2.7:9");
    EXPECT_EQ(connection.to_server(part(real, 0, 50)), Verdict::pass);
    lab.now += idle;
    EXPECT_EQ(other.to_server(whole(dtls_hello("example.com"))), Verdict::pass);  // time goes by
    EXPECT_EQ(connection.to_server(part(real, 50, 1000)), Verdict::drop);
  }
}

TEST(DtlsEvasion, HelloBehindManySmallPieces) {
  const ByteVector real = dtls_hello("wechat.com");
  ByteVector record;
  for (std::size_t i = 0; i < kDtlsFragments; ++i) {
    test::append(record, dtls_fragment(real, i, 1, {.number = 9}));
  }
  Lab lab;
  DtlsConnection connection(lab);
  EXPECT_EQ(connection.to_server(dtls_record(record)), Verdict::pass);
  test::append(record, dtls_fragment(real, 0, real.size()));
  EXPECT_EQ(connection.to_server(dtls_record(record)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::hello_too_many), 1U);
}

TEST(DtlsEvasion, BadChecksumDecoy) {
  Lab lab;
  const ByteVector decoy = test::FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
                               .payload(whole(dtls_hello("example.com")))
                               .broken_checksum()
                               .build();
  EXPECT_EQ(lab.send(decoy), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::bad_checksum), 1U);
}

TEST(DtlsEvasion, AlertInFrontOfTheHello) {
  Lab lab;
  DtlsConnection connection(lab);
  ByteVector datagram = dtls_record(test::byte_vector("\x01\x5a"), {.type = 21});
  test::append(datagram, whole(dtls_hello("wechat.com")));
  EXPECT_EQ(connection.to_server(datagram), Verdict::drop);
}

// The same ports and numbers again, as clients with fixed ports use them.
TEST(Dtls, AnotherConnectionOnTheSamePortsPasses) {
  Lab lab;
  DtlsConnection connection(lab);
  for (int round = 0; round < 5; ++round) {
    ByteVector hello = dtls_hello("example.com");
    std::ranges::fill(hello.begin() + 2, hello.begin() + 34, static_cast<std::byte>(round));
    for (const ByteVector& datagram : dtls_datagrams(hello, 100)) {
      EXPECT_EQ(connection.to_server(datagram), Verdict::pass) << round;
    }
    EXPECT_EQ(connection.to_server(whole(hello)), Verdict::pass) << round;
    lab.now += kHelloAge;
  }
}

// A hello in pieces cut anywhere, some of them twice or overlapping, in any order, in records and
// datagrams of any number.
TEST(Dtls, VerdictIsTheSameHoweverAHelloIsCut) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t end) { return random() % end; };
    Lab lab;
    for (const char* name : {"example.com", "a.wechat.com"}) {
      const ByteVector body =
          dtls_hello(name, std::string(below(32), 'c'), {.padding = below(1800)});
      std::vector<ByteVector> pieces;
      for (std::size_t at = 0; at < body.size();) {
        const std::size_t size = std::min<std::size_t>(1 + below(700), body.size() - at);
        const std::size_t back = std::min<std::size_t>(at, below(3) == 0 ? below(80) : 0);
        pieces.push_back(dtls_fragment(body, at - back, size + back));
        if (below(4) == 0) pieces.push_back(pieces.back());
        at += size;
      }
      std::ranges::shuffle(pieces, random);
      DtlsConnection connection(lab, name[0] == 'a' ? "192.0.2.1:5000" : "192.0.2.1:5001");
      bool any_dropped = false;
      for (std::size_t i = 0; i < pieces.size();) {
        ByteVector datagram;
        for (std::size_t records = 1 + below(3); records > 0 && i < pieces.size(); --records) {
          ByteVector record;
          for (std::size_t n = 1 + below(3); n > 0 && i < pieces.size(); --n) {
            test::append(record, pieces[i++]);
          }
          test::append(datagram, dtls_record(record));
        }
        any_dropped = connection.to_server(datagram) == Verdict::drop || any_dropped;
      }
      EXPECT_EQ(any_dropped, name[0] == 'a') << seed;
    }
    EXPECT_EQ(lab.count(Verdict::drop, Reason::banned), 1U) << seed;
    EXPECT_EQ(lab.counters->overlaps.value(), 0U) << seed;
  }
}

}  // namespace
}  // namespace sluice::engine
