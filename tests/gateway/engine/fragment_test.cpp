// Fragmented and tunnelled packets get the same verdict as the whole packet outside a tunnel.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/gateway/engine/lab.h"
#include "tests/support/fragments.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::fragment_of;
using test::fragments_of;
using test::FrameBuilder;
using test::hello;
using test::Lab;
using test::LabOptions;

ByteVector question(std::string_view name, bool v4 = true, bool edns = true) {
  return FrameBuilder(v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000",
                      v4 ? "198.51.100.53:53" : "[2001:db8::53]:53")
      .payload(test::dns_query(name, {.edns = edns, .cookie = 40}))
      .build();
}

ByteVector in_l2tp(const ByteVector& frame, const test::L2tpOptions& options = {}) {
  return test::l2tp_frame(test::without_ethernet(frame), options);
}

// The fragments are cut, ordered and repeated at random. The one that completes the packet gets the
// verdict of the whole packet; all before it pass.
TEST(FragmentedPackets, GetTheVerdictOfTheWhole) {
  std::minstd_rand random(7);
  Lab lab;
  std::uint32_t id = 1;
  for (int round = 0; round < 300; ++round) {
    const bool v4 = random() % 2 == 0;
    const bool banned = random() % 2 == 0;
    const ByteVector frame = question(banned ? "a.wechat.com" : "a.example.org", v4);
    auto pieces =
        fragments_of(frame, 8 * (1 + random() % 10), {.id = ++id, .hop_by_hop = random() % 2 == 0});
    std::ranges::shuffle(pieces, random);
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      EXPECT_EQ(lab.send(pieces[i]), Verdict::pass);
      if (random() % 4 == 0) {
        EXPECT_EQ(lab.send(pieces[random() % (i + 1)]), Verdict::pass);
      }
    }
    const Verdict verdict = banned ? Verdict::drop : Verdict::pass;
    EXPECT_EQ(lab.send(pieces.back()), verdict);
    EXPECT_EQ(lab.send(pieces.back()), verdict);  // again, alone
  }
}

TEST(FragmentedPackets, TcpFragmentsAreSegmentsOfTheirFlow) {
  Lab lab;
  const Connection connection;
  connection.open(lab);
  const auto pieces = fragments_of(connection.data(0, hello("wechat.com")), 64);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    EXPECT_EQ(lab.send(pieces[i]), Verdict::pass);
  }
  EXPECT_EQ(lab.send(pieces.back()), Verdict::drop);  // no verdict for the flow: it has no ports
  EXPECT_EQ(lab.count(Reason::banned), 1U);
  EXPECT_EQ(lab.send(connection.data(0, hello("example.com"))), Verdict::drop_flow);
}

TEST(FragmentedPackets, RejectAnswersTheWholePacket) {
  Lab lab(LabOptions{.action = policy::Action::reject});
  const auto pieces = fragments_of(question("wechat.com"), 48);
  EXPECT_EQ(lab.send(pieces[1]), Verdict::pass);
  EXPECT_EQ(lab.send(pieces[0]), Verdict::drop);
  ASSERT_EQ(lab.dataplane.injected().size(), 1U);
  const auto reply = packet::decode(lab.dataplane.injected()[0].frame, LinkType::ethernet);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(packet::checksums_hold(*reply));
  EXPECT_EQ(reply->destination_port, Port{5000});
}

TEST(FragmentEvasion, TcpHeaderInTwoFragments) {
  Lab lab;
  const Connection connection;
  connection.open(lab);
  const ByteVector frame = connection.data(0, hello("wechat.com"));
  EXPECT_EQ(lab.send(fragment_of(frame, 0, 8)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(frame, 8, 8)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(frame, 16, 1400)), Verdict::drop);
}

TEST(FragmentEvasion, NameCutInTwo) {
  Lab lab;
  const ByteVector frame = question("web.wechat.com");
  EXPECT_EQ(lab.send(fragment_of(frame, 24, 1400)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(frame, 0, 24)), Verdict::drop);
}

TEST(FragmentEvasion, OverlapThatDiffers) {
  for (const bool clean_first : {true, false}) {
    Lab lab;
    const ByteVector banned = question("a.wechat.com");
    const ByteVector clean = question("a.weather.io");
    EXPECT_EQ(lab.send(fragment_of(clean_first ? clean : banned, 0, 40)), Verdict::pass);
    EXPECT_EQ(lab.send(fragment_of(clean_first ? banned : clean, 0, 40)), Verdict::drop);
    EXPECT_EQ(lab.send(fragment_of(banned, 40, 1400)), Verdict::drop);
    EXPECT_EQ(lab.count(Reason::fragment_conflict), 1U);
    EXPECT_EQ(lab.count(Reason::fragment_refused), 1U);
  }
}

// The TTL of the clean first fragment is too low to reach the server, which keeps the second one
// and then completes it with the banned one.
TEST(FragmentEvasion, DecoyThatCompletesBeforeTheTrueOne) {
  Lab lab;
  const ByteVector banned = question("a.wechat.com");
  const ByteVector clean = question("a.weather.io");
  EXPECT_EQ(lab.send(fragment_of(clean, 0, 40)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(clean, 40, 1400)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(banned, 0, 40)), Verdict::drop);
  EXPECT_EQ(lab.send(fragment_of(banned, 0, 40)), Verdict::drop);
}

TEST(FragmentEvasion, DecoyWithABadHeaderChecksum) {
  Lab lab;
  ByteVector decoy = fragment_of(question("a.weather.io"), 0, 40);
  decoy[24] ^= std::byte{1};
  EXPECT_EQ(lab.send(decoy), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::bad_checksum), 1U);
  const auto pieces = fragments_of(question("a.wechat.com"), 40);
  EXPECT_EQ(lab.send(pieces[0]), Verdict::pass);
  EXPECT_EQ(lab.send(pieces[1]), Verdict::pass);
  EXPECT_EQ(lab.send(pieces[2]), Verdict::drop);
}

TEST(FragmentEvasion, AtomicFragmentIsAWholePacket) {
  Lab lab;
  const ByteVector whole = question("wechat.com", false);
  EXPECT_EQ(lab.send(fragment_of(whole, 0, 1400)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

TEST(FragmentEvasion, ExtensionHeaderBeforeTheFragment) {
  Lab lab;
  const auto pieces = fragments_of(question("wechat.com", false), 48, {.hop_by_hop = true});
  EXPECT_EQ(lab.send(pieces[0]), Verdict::pass);
  EXPECT_EQ(lab.send(pieces[1]), Verdict::drop);
}

TEST(FragmentEvasion, SameIdOfAnotherProtocol) {
  Lab lab;
  const ByteVector frame = question("wechat.com");
  const ByteVector tcp = FrameBuilder("192.0.2.1:5000", "198.51.100.53:53")
                             .tcp(1, 2, "A")
                             .payload(ByteVector(100))
                             .build();
  EXPECT_EQ(lab.send(fragment_of(frame, 0, 48)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(tcp, 48, 1400)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(frame, 48, 1400)), Verdict::drop);
}

TEST(FragmentEvasion, AFloodDoesNotLetOneThrough) {
  Lab lab(LabOptions{.limits = {.flows = 64, .streams = 8, .fragments = {.datagrams = 16}}});
  const ByteVector banned = question("wechat.com");
  EXPECT_EQ(lab.send(fragment_of(banned, 0, 48)), Verdict::pass);
  for (std::uint32_t id = 100; id < 400; ++id) {
    EXPECT_EQ(lab.send(fragment_of(banned, 0, 48, {.id = id})), Verdict::pass);
  }
  EXPECT_EQ(lab.send(fragment_of(banned, 48, 1400, {.id = 300})), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::fragment_unheld), 1U);
  // Its verdict is gone as well by now.
  EXPECT_EQ(lab.send(fragment_of(banned, 48, 1400)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::fragment_refused), 1U);
  EXPECT_GT(lab.counters->fragments_evicted.value(), 0U);
}

TEST(FragmentedPackets, FragmentsWithoutRoomFollowTheConfiguration) {
  Lab lab(LabOptions{.fallbacks = {.fragments = policy::Fallback::pass},
                     .limits = {.flows = 64, .streams = 8, .fragments = {.datagrams = 4}}});
  const ByteVector clean = question("example.com");
  for (std::uint32_t id = 1; id < 10; ++id) lab.send(fragment_of(clean, 0, 48, {.id = id}));
  EXPECT_EQ(lab.send(fragment_of(clean, 48, 1400, {.id = 1})), Verdict::pass);
  EXPECT_EQ(lab.count(Verdict::pass, Reason::fragment_unheld), 1U);
}

TEST(TunnelledPackets, AreJudgedInside) {
  Lab lab;
  const ByteVector inside = test::without_ethernet(question("wechat.com"));
  const ByteVector tunnelled = test::ip_frame("203.0.113.1", "203.0.113.2", 4, inside);
  EXPECT_EQ(lab.send(tunnelled), Verdict::drop);
  const telemetry::AuditRecord* const record = lab.audit.front();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->client.to_string(), "192.0.2.1:5000");
  // The tunnel packet in fragments.
  EXPECT_EQ(lab.send(fragment_of(tunnelled, 0, 32)), Verdict::pass);
  EXPECT_EQ(lab.send(fragment_of(tunnelled, 32, 1400)), Verdict::drop);
  // Fragments inside the tunnel.
  const auto pieces = fragments_of(question("wechat.com"), 48);
  const auto wrap = [](const ByteVector& piece) {
    return test::ip_frame("203.0.113.1", "203.0.113.2", 4, test::without_ethernet(piece));
  };
  EXPECT_EQ(lab.send(wrap(pieces[0])), Verdict::pass);
  EXPECT_EQ(lab.send(wrap(pieces[1])), Verdict::drop);
}

TEST(TunnelledPackets, BannedNameInL2tp) {
  Lab lab;
  EXPECT_EQ(lab.send(in_l2tp(question("example.com"))), Verdict::pass);
  EXPECT_EQ(lab.send(in_l2tp(question("wechat.com"))), Verdict::drop);
  EXPECT_EQ(lab.send(in_l2tp(question("wechat.com", false), {.ppp = "\x57"})), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 2U);
  // A control message and an unknown version pass by their outer headers.
  ByteVector message =
      test::l2tp_message(test::without_ethernet(question("wechat.com")), {.length = true});
  const auto to_server = [&] {
    return FrameBuilder("203.0.113.1:1701", "203.0.113.2:1701").payload(message).build();
  };
  message[0] |= std::byte{0x80};
  EXPECT_EQ(lab.send(to_server()), Verdict::pass);
  message[0] &= std::byte{0x7f};
  message[1] = std::byte{3};
  EXPECT_EQ(lab.send(to_server()), Verdict::pass);
}

// Each end of an L2TP tunnel assigns its own numbers, so the directions of a connection differ in
// them.
TEST(TunnelledPackets, BothDirectionsInL2tpAreOneConnection) {
  Lab lab;
  const Connection connection;
  const test::L2tpOptions there{.tunnel = 1, .session = 2}, back{.tunnel = 3, .session = 4};
  const std::string answer = "an answer";
  lab.send(in_l2tp(connection.syn(), there));
  lab.send(in_l2tp(connection.syn_ack(), back), io::Side::outside);
  EXPECT_EQ(lab.send(in_l2tp(connection.data(0, hello("wechat.com")), there)), Verdict::drop);
  EXPECT_EQ(lab.send(in_l2tp(connection.acknowledge(0, answer), back), io::Side::outside),
            Verdict::drop);
}

TEST(TunnelEvasion, HelloOverTwoSessionsOfL2tp) {
  Lab lab;
  const Connection connection;
  const ByteVector whole = hello("wechat.com");
  const std::size_t half = whole.size() / 2;
  lab.send(in_l2tp(connection.syn(), {.session = 1}));
  lab.send(in_l2tp(connection.syn_ack(), {.session = 1}), io::Side::outside);
  EXPECT_EQ(lab.send(in_l2tp(connection.data(0, Bytes(whole).first(half)), {.session = 1})),
            Verdict::pass);
  EXPECT_EQ(lab.send(in_l2tp(connection.data(half, Bytes(whole).subspan(half)), {.session = 2})),
            Verdict::drop);
}

TEST(TunnelledPackets, GetNoReplyAndNoVerdictForFlows) {
  Lab lab(LabOptions{.action = policy::Action::reject});
  const Connection connection;
  const auto wrap = [](const ByteVector& frame) {
    return test::ip_frame("203.0.113.1", "203.0.113.2", 4, test::without_ethernet(frame));
  };
  lab.send(wrap(connection.syn()));
  lab.send(wrap(connection.syn_ack()), io::Side::outside);
  EXPECT_EQ(lab.send(wrap(connection.data(0, hello("wechat.com")))), Verdict::drop);
  EXPECT_TRUE(lab.dataplane.injected().empty());
  EXPECT_EQ(lab.counters->replies_failed.value(), 0U);
}

}  // namespace
}  // namespace sluice::engine
