#include "filters/flow/tcp_flow.h"

#include <gtest/gtest.h>

#include "filters/flow/flow_key.h"
#include "tests/support/packet_builder.h"

namespace sluice::flow {
namespace {

using test::ByteVector;
using test::FrameBuilder;
using Kind = ClientSegment::Kind;

// A decoded packet with the frame that it looks into.
struct Segment {
  ByteVector frame;
  packet::Packet packet;
};

Segment segment(std::uint32_t sequence, std::uint32_t acknowledgment, std::string_view flags,
                std::string_view payload = "") {
  Segment result;
  result.frame = FrameBuilder("192.0.2.1:5000", "198.51.100.2:443")
                     .tcp(sequence, acknowledgment, flags)
                     .payload(payload)
                     .build();
  result.packet = *packet::decode(result.frame, LinkType::ethernet);
  return result;
}

// Client's SYN at 999, server's SYN at 4999: the client's stream starts at 1000.
TcpFlow established() {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet);
  static_cast<void>(flow.on_server(segment(4999, 1000, "SA").packet));
  return flow;
}

TEST(TcpFlow, TurnsSequenceNumbersIntoOffsets) {
  TcpFlow flow = established();
  EXPECT_TRUE(flow.handshake_seen());
  const Segment data = segment(1005, 5000, "PA", "world");
  const ClientSegment at = flow.on_client(data.packet);
  EXPECT_EQ(at.kind, Kind::data);
  EXPECT_EQ(at.offset, 5U);
  EXPECT_EQ(as_text(at.bytes), "world");
  EXPECT_EQ(flow.sequence_at(5), 1005U);
}

TEST(TcpFlow, CountsAcrossTheEndOfTheSequenceSpace) {
  TcpFlow flow = TcpFlow::from_syn(segment(0xfffffffd, 0, "S").packet);
  static_cast<void>(flow.on_server(segment(1, 0xfffffffe, "SA").packet));
  EXPECT_EQ(flow.on_client(segment(0xfffffffe, 2, "A", "ab").packet).offset, 0U);
  EXPECT_EQ(flow.on_client(segment(0, 2, "A", "cd").packet).offset, 2U);
  EXPECT_TRUE(flow.on_server(segment(2, 2, "A").packet).acknowledged_more);
  EXPECT_EQ(flow.acknowledged(), 4U);
}

TEST(TcpFlow, BytesBeforeTheStartAreTrimmedAsServersDo) {
  TcpFlow flow = established();
  const Segment early = segment(997, 5000, "A", "xyzhello");
  const ClientSegment at = flow.on_client(early.packet);
  EXPECT_EQ(at.kind, Kind::data);
  EXPECT_EQ(at.offset, 0U);
  EXPECT_EQ(as_text(at.bytes), "hello");
}

TEST(TcpFlow, BytesThatWereAcknowledgedAreStale) {
  TcpFlow flow = established();
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123456789").packet).kind, Kind::data);
  EXPECT_TRUE(flow.on_server(segment(5000, 1010, "A").packet).acknowledged_more);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123456789").packet).kind, Kind::stale);
  const Segment partly = segment(1005, 5000, "A", "5678901234");
  const ClientSegment rest = flow.on_client(partly.packet);
  EXPECT_EQ(rest.kind, Kind::data);
  EXPECT_EQ(rest.offset, 10U);
  EXPECT_EQ(as_text(rest.bytes), "01234");
}

TEST(TcpFlow, DecoyFarOutsideTheWindowIsFar) {
  TcpFlow flow = established();
  EXPECT_EQ(flow.on_client(segment(999, 5000, "A", "x").packet).kind, Kind::far);
  EXPECT_EQ(flow.on_client(segment(1000 + (1U << 30) + 1, 5000, "A", "x").packet).kind, Kind::far);
}

// A first SYN that never reached the server: its SYN-ACK answers the second.
TEST(TcpFlow, DecoySynIsCorrectedByTheServer) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet);
  EXPECT_TRUE(flow.on_client(segment(77, 0, "S").packet).restarted);
  EXPECT_TRUE(flow.on_server(segment(4999, 1000, "SA").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "x").packet).offset, 0U);
}

// Seen in a real capture: the server still had an older connection of these ports.
TEST(TcpFlow, AnAckBeforeTheSynAckBelongsToAnOlderConnection) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet);
  EXPECT_FALSE(flow.on_server(segment(7, 500'000'000, "A").packet).acknowledged_more);
  static_cast<void>(flow.on_server(segment(4999, 1000, "SA").packet));
  EXPECT_EQ(flow.acknowledged(), 0U);
  static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
  EXPECT_TRUE(flow.on_server(segment(5000, 1010, "A").packet).acknowledged_more);
}

// One forged packet must not make bytes count as acknowledged, nor end the connection.
TEST(TcpFlow, AnAcknowledgmentOfWhatTheClientNeverSentDoesNotCount) {
  for (const std::uint32_t ahead : {1U, 100'000U, 1U << 30, (1U << 31) - 11}) {
    TcpFlow flow = established();
    static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
    const ServerEvent event = flow.on_server(segment(5000, 1010 + ahead, "A").packet);
    EXPECT_TRUE(event.acknowledges_unseen) << ahead;
    EXPECT_FALSE(event.acknowledged_more);
    EXPECT_EQ(flow.acknowledged(), 0U);
    EXPECT_TRUE(flow.on_server(segment(5000, 1010, "A").packet).acknowledged_more);
    EXPECT_EQ(flow.acknowledged(), 10U);
  }
}

TEST(TcpFlow, AnAcknowledgmentCountsInTheClientsWindowOnly) {
  TcpFlow flow = established();  // no window scale: at most 64 KiB
  static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
  for (const std::uint32_t sequence : {4000U, 5000U + 0x20000U, 5000U + 0x8000'0000U}) {
    EXPECT_FALSE(flow.on_server(segment(sequence, 1010, "A").packet).acknowledged_more);
  }
  EXPECT_TRUE(flow.on_server(segment(5000 + 0x1000, 1005, "A").packet).acknowledged_more);
  EXPECT_TRUE(flow.on_server(segment(5000, 1010, "A").packet).acknowledged_more);
}

TEST(TcpFlow, TheEndOfTheClientMayBeAcknowledged) {
  TcpFlow flow = established();
  static_cast<void>(flow.on_client(segment(1000, 5000, "FA", "bye").packet));
  EXPECT_TRUE(flow.on_server(segment(5000, 1004, "A").packet).acknowledged_more);
  EXPECT_EQ(flow.acknowledged(), 3U);
  EXPECT_FALSE(flow.on_server(segment(5000, 1004, "A").packet).acknowledges_unseen);
}

TEST(TcpFlow, ASynOnALiveConnectionCountsOnceTheServerAnswersIt) {
  TcpFlow flow = established();
  EXPECT_FALSE(flow.on_client(segment(70000, 0, "S").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "x").packet).offset, 0U);
  EXPECT_TRUE(flow.on_server(segment(9000, 70001, "SA").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(70001, 9001, "A", "x").packet).offset, 0U);
}

TEST(TcpFlow, DataInTheSynIsAtTheStartOfTheStream) {
  const Segment syn = segment(999, 0, "S", "fast");
  TcpFlow flow = TcpFlow::from_syn(syn.packet);
  const ClientSegment data = flow.on_client(syn.packet);
  EXPECT_EQ(data.kind, Kind::data);
  EXPECT_EQ(data.offset, 0U);
  EXPECT_EQ(as_text(data.bytes), "fast");
  static_cast<void>(flow.on_server(segment(4999, 1004, "SA").packet));
  EXPECT_EQ(flow.acknowledged(), 4U);
}

// A server in SYN-RECEIVED answers a wrong acknowledgment with a RST, and goes on.
TEST(TcpFlow, AfterAResetOrFinADecoySynIsStillIgnored) {
  TcpFlow flow = established();
  static_cast<void>(flow.on_client(segment(1000, 5000, "R").packet));
  static_cast<void>(flow.on_client(segment(1000, 5000, "FA").packet));
  static_cast<void>(flow.on_server(segment(77777, 0, "R").packet));
  EXPECT_FALSE(flow.on_client(segment(1003, 0, "S").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(1004, 5000, "A", "x").packet).offset, 4U);
}

TEST(TcpFlow, DataInASynOnPortsInUseWaitsForTheServersAnswer) {
  TcpFlow flow = established();
  EXPECT_EQ(flow.on_client(segment(70000, 0, "S", "fast").packet).kind, Kind::early);
  EXPECT_TRUE(flow.on_server(segment(9000, 70001, "SA").packet).restarted);
}

TEST(TcpFlow, ASynDecoyDoesNotMoveAStartThatCarriedData) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S", "half").packet);
  EXPECT_FALSE(flow.on_client(segment(5000, 0, "S").packet).restarted);
  EXPECT_FALSE(flow.on_server(segment(4999, 1004, "SA").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(1004, 5000, "A", "rest").packet).offset, 4U);
}

// SYN cookies: a repeated SYN gets another number, and the client takes either.
TEST(TcpFlow, AServerThatAnswersOneSynWithTwoNumbersGoesOnFromEither) {
  for (const std::uint32_t start : {5000U, 90'000'000U}) {
    for (const std::uint32_t other : {start + 70'000'000U, start - 70'000'000U}) {
      TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet);
      static_cast<void>(flow.on_server(segment(start - 1, 1000, "SA").packet));
      static_cast<void>(flow.on_server(segment(other - 1, 1000, "SA").packet));
      EXPECT_EQ(flow.on_client(segment(1000, start, "PA", "hello").packet).kind, Kind::data);
      EXPECT_EQ(flow.on_client(segment(1000, other, "PA", "hello").packet).kind, Kind::data);
      static_cast<void>(flow.on_server(segment(start, 1005, "PA", "answer").packet));
      EXPECT_EQ(flow.acknowledged(), 5U);
      EXPECT_EQ(flow.server_next(), start + 6);
    }
  }
}

// Else a client could have its first bytes forgotten, which the server may hold.
TEST(TcpFlow, TwoNumbersDoNotMakeTheBytesBetweenThemForgotten) {
  TcpFlow flow = established();
  static_cast<void>(flow.on_client(segment(1000, 5000, "PA", "first").packet));
  const ServerEvent event = flow.on_server(segment(77777, 1000, "SA").packet);
  EXPECT_FALSE(event.restarted);
  EXPECT_TRUE(event.reopened);
  EXPECT_EQ(flow.on_client(segment(1005, 77778, "PA", "more").packet).offset, 5U);
}

TEST(TcpFlow, AnotherNumberBehindAcknowledgedDataOpensAnotherConnection) {
  TcpFlow flow = established();
  static_cast<void>(flow.on_server(segment(77777, 1000, "SA").packet));
  static_cast<void>(flow.on_client(segment(1000, 77778, "PA", "first").packet));
  static_cast<void>(flow.on_server(segment(77778, 1005, "A").packet));
  EXPECT_TRUE(flow.on_server(segment(123456, 1000, "SA").packet).restarted);
  EXPECT_EQ(flow.acknowledged(), 0U);
  EXPECT_EQ(flow.on_client(segment(1000, 77778, "PA", "decoy").packet).kind, Kind::discarded);
  EXPECT_EQ(flow.on_client(segment(1000, 123457, "PA", "hello").packet).kind, Kind::data);
}

TEST(TcpFlow, AmongManySynsOnALiveConnectionTheAnsweredOneCounts) {
  TcpFlow flow = established();
  static_cast<void>(flow.on_client(segment(70000, 0, "S").packet));
  static_cast<void>(flow.on_client(segment(80000, 0, "S").packet));
  EXPECT_TRUE(flow.on_server(segment(9000, 70001, "SA").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(70001, 9001, "A", "x").packet).offset, 0U);
}

TEST(FlowKey, IsTheSameInBothDirections) {
  const ByteVector there =
      FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(1, 1, "A").build();
  const ByteVector back = FrameBuilder("198.51.100.2:443", "192.0.2.1:5000").tcp(1, 1, "A").build();
  const KeyedPacket a = key_of(*packet::decode(there, LinkType::ethernet));
  const KeyedPacket b = key_of(*packet::decode(back, LinkType::ethernet));
  EXPECT_EQ(a.key, b.key);
  EXPECT_NE(a.source_is_low, b.source_is_low);
}

TEST(FlowKey, TellsVlansApart) {
  const auto key_in = [](std::uint16_t vlan) {
    const ByteVector frame =
        FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(1, 1, "A").vlan(vlan).build();
    return key_of(*packet::decode(frame, LinkType::ethernet)).key;
  };
  EXPECT_FALSE(key_in(1) == key_in(2));
}

// --- Routes::asymmetric ---

constexpr std::uint32_t kMiB = 1U << 20;

// SYN at 999, and the client acknowledges; its server is not heard.
TcpFlow unheard() {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet, Routes::asymmetric);
  static_cast<void>(flow.on_client(segment(1000, 5000, "A").packet));
  return flow;
}

// Sends so many bytes from `offset` on, in segments of 64,000.
void send_bytes(TcpFlow& flow, std::uint64_t offset, std::uint64_t count) {
  const std::string payload(64'000, 'x');
  for (const std::uint64_t end = offset + count; offset < end; offset += payload.size()) {
    const auto sequence = 1000 + static_cast<std::uint32_t>(offset);
    EXPECT_EQ(flow.on_client(segment(sequence, 5000, "A", payload).packet).kind, Kind::data)
        << offset;
  }
}

TEST(TcpFlowAsymmetric, IsTheSameWhereBothEndsAreHeard) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet, Routes::asymmetric);
  EXPECT_TRUE(flow.is_server_unheard());
  static_cast<void>(flow.on_server(segment(4999, 1000, "SA").packet));
  EXPECT_FALSE(flow.is_server_unheard());
  EXPECT_TRUE(flow.is_client_unheard());
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123456789").packet).kind, Kind::data);
  EXPECT_FALSE(flow.is_client_unheard());
  EXPECT_TRUE(flow.on_server(segment(5000, 1010, "A").packet).acknowledged_more);
  EXPECT_EQ(flow.settled(), 10U);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123456789").packet).kind, Kind::stale);
  EXPECT_EQ(flow.on_client(segment(77, 0, "S").packet).kind, Kind::empty)
      << "its SYN-ACK tells whether it counts";
}

TEST(TcpFlowAsymmetric, SymmetricRoutesHaveNoneOfIt) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet);
  EXPECT_FALSE(flow.is_asymmetric());
  EXPECT_FALSE(flow.is_server_unheard());
  EXPECT_TRUE(flow.on_client(segment(77, 0, "S").packet).restarted);
  EXPECT_FALSE(established().is_client_unheard());
}

// A copy of them may differ from the first.
TEST(TcpFlowAsymmetric, WhatWasGivenUpIsToldApart) {
  TcpFlow flow = unheard();
  static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
  flow.give_up(5);
  EXPECT_EQ(flow.acknowledged(), 0U);
  EXPECT_EQ(flow.settled(), 5U);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).kind, Kind::given_up);
  EXPECT_EQ(flow.on_client(segment(1004, 5000, "A", "456789").packet).kind, Kind::given_up);
  EXPECT_EQ(flow.on_client(segment(998, 5000, "A", "xx0123").packet).kind, Kind::given_up);
  EXPECT_EQ(flow.on_client(segment(1005, 5000, "A", "56789").packet).kind, Kind::data);
  flow.give_up(2);
  EXPECT_EQ(flow.settled(), 5U) << "it moves forwards only";
}

// Once the server is heard after all, what it acknowledges is stale, whether it was given up or
// not.
TEST(TcpFlowAsymmetric, AcknowledgedIsStaleThoughGivenUp) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet, Routes::asymmetric);
  static_cast<void>(flow.on_server(segment(4999, 1000, "SA").packet));
  static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
  flow.give_up(5);
  EXPECT_TRUE(flow.on_server(segment(5000, 1007, "A").packet).acknowledged_more);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).kind, Kind::stale);
  EXPECT_EQ(flow.on_client(segment(1003, 5000, "A", "3456789").packet).kind, Kind::data);
}

// Without acknowledgments places are certain by what came.
TEST(TcpFlowAsymmetric, AStreamGoesOnForAGigabyte) {
  TcpFlow flow = unheard();
  constexpr std::uint64_t kMost = 2047ULL * kMiB;
  send_bytes(flow, 0, kMost);
  const auto next = static_cast<std::uint32_t>(1000 + (kMost + 63'999) / 64'000 * 64'000);
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).kind, Kind::given_up)
      << "no honest sender goes back so far";
  EXPECT_EQ(flow.on_client(segment(next - 100 * kMiB, 5000, "A", "0123").packet).kind, Kind::data);
  const std::string rest(64'000, 'x');
  Kind last = Kind::data;
  for (std::uint32_t i = 0; i < 40 && last == Kind::data; ++i) {
    last = flow.on_client(segment(next + i * 64'000, 5000, "A", rest).packet).kind;
  }
  EXPECT_EQ(last, Kind::endless) << "at 2 GiB";
}

// One packet that lies far ahead must not move what is taken for certain.
TEST(TcpFlowAsymmetric, EvasionADecoyFarAhead) {
  TcpFlow flow = unheard();
  EXPECT_EQ(flow.on_client(segment(1000 + 300 * kMiB, 5000, "A", "x").packet).kind, Kind::far);
  static_cast<void>(flow.on_client(segment(1000 + 200 * kMiB, 5000, "A", "x").packet));
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).kind, Kind::data);
}

// Whichever SYN the server has, only one connection's bytes may pass.
TEST(TcpFlowAsymmetric, AnotherSynDoesNotCountWhileTheFirstMayBeOpen) {
  TcpFlow flow = unheard();
  EXPECT_EQ(flow.on_client(segment(77'000, 0, "S").packet).kind, Kind::other_start);
  EXPECT_EQ(flow.on_client(segment(77'000, 0, "S", "data").packet).kind, Kind::early);
  EXPECT_EQ(flow.on_client(segment(999, 0, "S").packet).kind, Kind::empty) << "the same again";
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).offset, 0U);
}

TEST(TcpFlowAsymmetric, AnotherSynCountsWhereNothingCameOfTheFirst) {
  TcpFlow flow = TcpFlow::from_syn(segment(999, 0, "S").packet, Routes::asymmetric);
  EXPECT_TRUE(flow.on_client(segment(77'000, 0, "S").packet).restarted);
  EXPECT_EQ(flow.on_client(segment(77'001, 5000, "A", "0123").packet).offset, 0U);
  // The server of the first SYN would read these.
  EXPECT_EQ(flow.on_client(segment(1000, 5000, "A", "0123").packet).kind, Kind::far);
  EXPECT_EQ(flow.on_client(segment(76'999, 5000, "A", "xx0123").packet).kind, Kind::far)
      << "trimmed by one server, read by the other";
}

TEST(TcpFlowAsymmetric, AnotherSynCountsBehindTheEnd) {
  for (const std::string_view flags : {"FA", "R", "RA"}) {
    for (const std::uint32_t ahead : {0U, 1U, 2U, 500'000U}) {
      TcpFlow flow = unheard();
      static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
      static_cast<void>(flow.on_client(segment(1010, 5000, flags).packet));
      // Its SYN takes a number, so its stream starts one further on.
      const ClientSegment at = flow.on_client(segment(1009 + ahead, 0, "S").packet);
      EXPECT_EQ(at.restarted, ahead > 0) << flags << " " << ahead;
      EXPECT_EQ(at.kind == Kind::other_start, ahead == 0) << flags << " " << ahead;
    }
  }
}

TEST(TcpFlowAsymmetric, AnEndElsewhereEndsNothing) {
  for (const std::uint32_t sequence : {1009U, 1012U, 500'000U}) {
    for (const std::string_view flags : {"FA", "R"}) {
      TcpFlow flow = unheard();
      static_cast<void>(flow.on_client(segment(1000, 5000, "A", "0123456789").packet));
      static_cast<void>(flow.on_client(segment(sequence, 5000, flags).packet));
      EXPECT_EQ(flow.on_client(segment(77'000, 0, "S").packet).kind, Kind::other_start)
          << flags << " " << sequence;
    }
  }
}

// The numbers of connections on the same ports must not come around to the first one's.
TEST(TcpFlowAsymmetric, EvasionNumbersThatComeAround) {
  TcpFlow flow = unheard();
  std::uint32_t start = 1000;
  std::size_t restarts = 0;
  for (; restarts < 100; ++restarts) {
    static_cast<void>(flow.on_client(segment(start, 5000, "R").packet));
    if (!flow.on_client(segment(start - 1 + (1U << 30), 0, "S").packet).restarted) break;
    start += 1U << 30;
  }
  EXPECT_EQ(restarts, 3U);
}

// An ordinary client's numbers go up with a clock (RFC 6528).
TEST(TcpFlowAsymmetric, PortsAreUsedAgainManyTimes) {
  TcpFlow flow = unheard();
  for (std::uint32_t i = 1, start = 1000; i < 100; ++i) {
    static_cast<void>(flow.on_client(segment(start, 5000, "A", "0123456789").packet));
    static_cast<void>(flow.on_client(segment(start + 10, 5000, "FA").packet));
    start += 20 * kMiB;
    EXPECT_TRUE(flow.on_client(segment(start - 1, 0, "S").packet).restarted) << i;
    static_cast<void>(flow.on_client(segment(start, 5000, "A").packet));
  }
}

}  // namespace
}  // namespace sluice::flow
