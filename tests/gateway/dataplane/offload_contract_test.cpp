// The fake offloading dataplane against the contract in gateway/dataplane/dataplane.h.

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "tests/support/fragments.h"
#include "tests/support/memory_dataplane.h"
#include "tests/support/packet_builder.h"

namespace sluice::io {
namespace {

using test::ByteVector;
using test::FlowEntries;
using test::FrameBuilder;
using test::MemoryDataplane;

constexpr const char* kClient = "192.0.2.1:5000";
constexpr const char* kServer = "198.51.100.2:443";

ByteVector tcp(std::string_view flags, std::string_view text = "", const char* client = kClient) {
  return FrameBuilder(client, kServer).tcp(1, 1, flags).payload(text).build();
}
ByteVector from_server(std::string_view flags, std::string_view text = "") {
  return FrameBuilder(kServer, kClient).tcp(1, 1, flags).payload(text).build();
}
ByteVector udp(std::string_view text) {
  return FrameBuilder(kClient, kServer).payload(text).build();
}
// A DTLS 1.2 record of this type that says it has `length` bytes, and two in truth.
ByteVector dtls(char type, char length) {
  std::string record(1, type);
  record += std::string("\xfe\xfd\0\1\0\0\0\0\0\7\0", 11);
  return udp(record + length + "xy");
}

class Offload : public testing::Test {
 protected:
  static constexpr Capabilities kAll{
      .drop = true, .inject = true, .replace = true, .flow_verdicts = true};

  explicit Offload(const FlowEntries::Limits& limits = {.entries = 2}) : dataplane_(kAll, limits) {}

  static FlowKey key_of(Bytes frame) {
    return test::flow_key_of(*packet::decode(frame, LinkType::ethernet)).value();
  }
  void add(ByteVector frame) {
    frames_.push_back(std::move(frame));
    dataplane_.add({.bytes = frames_.back(), .link = LinkType::ethernet});
  }
  // Sends a frame that comes up, and enters this verdict for its flow.
  void decide(Verdict verdict, const ByteVector& frame, Generation generation = 0) {
    add(frame);
    Batch batch;
    ASSERT_EQ(dataplane_.poll(batch), Poll::frames);
    ASSERT_EQ(batch.count, 1U);
    dataplane_.submit(std::vector<FrameVerdict>{{verdict, key_of(frame), generation}});
  }
  // Sends a frame; if it comes up, it passes alone.
  MemoryDataplane::Fate send(const ByteVector& frame) {
    add(frame);
    Batch batch;
    if (dataplane_.poll(batch) == Poll::frames) {
      dataplane_.submit(std::vector<FrameVerdict>(batch.count));
    }
    return dataplane_.fates().back();
  }
  bool comes_up(const ByteVector& frame) { return send(frame).came_up; }

  MemoryDataplane dataplane_;

 private:
  std::deque<ByteVector> frames_;  // outlive their batches
};

TEST_F(Offload, AFlowThatPassesIsHandledInBothDirections) {
  EXPECT_TRUE(comes_up(tcp("A", "data")));
  decide(Verdict::pass_flow, tcp("A", "data"));
  for (const ByteVector& frame :
       {tcp("A", "data"), from_server("A", "data"), tcp("A"), tcp("FA"), tcp("R")}) {
    const auto fate = send(frame);
    EXPECT_FALSE(fate.came_up);
    EXPECT_EQ(fate.verdict, Verdict::pass_flow);
  }
  EXPECT_TRUE(comes_up(tcp("A", "data", "192.0.2.1:5001")));
}

TEST_F(Offload, AFlowThatIsDroppedLetsBareResetsPass) {
  decide(Verdict::drop_flow, tcp("A", "data"));
  for (const ByteVector& frame : {tcp("A", "data"), from_server("A", "data"), tcp("A"), tcp("FA"),
                                  from_server("FA"), tcp("R", "data")}) {
    const auto fate = send(frame);
    EXPECT_FALSE(fate.came_up);
    EXPECT_EQ(fate.verdict, Verdict::drop_flow);
  }
  for (const ByteVector& frame : {tcp("R"), from_server("RA")}) {
    const auto fate = send(frame);
    EXPECT_FALSE(fate.came_up);
    EXPECT_EQ(fate.verdict, Verdict::pass);
  }
}

TEST_F(Offload, EverySynComesUp) {
  for (const Verdict verdict : {Verdict::pass_flow, Verdict::drop_flow}) {
    decide(verdict, tcp("S"));
    for (const ByteVector& frame : {tcp("S"), tcp("S", "data"), from_server("SA"), tcp("SR")}) {
      EXPECT_TRUE(comes_up(frame)) << to_string(verdict);
    }
    EXPECT_FALSE(comes_up(tcp("A", "data"))) << "the entry is still there";
  }
}

TEST_F(Offload, DatagramsThatMayHoldAHelloComeUp) {
  decide(Verdict::pass_flow, udp("anything"));
  EXPECT_FALSE(comes_up(udp("\x40 a short header")));
  EXPECT_FALSE(comes_up(udp("")));
  EXPECT_TRUE(comes_up(udp("\xc3 a long header")));
  EXPECT_TRUE(comes_up(udp("\x83 a long header without the fixed bit")));
  EXPECT_TRUE(comes_up(dtls(22, 2))) << "a handshake record";
  EXPECT_FALSE(comes_up(dtls(23, 2))) << "application data, and nothing behind it";
  EXPECT_TRUE(comes_up(dtls(23, 1))) << "a hello may stand behind the record";
  EXPECT_TRUE(comes_up(udp("\x17"))) << "a record that is cut short";
}

TEST_F(Offload, DatagramsOfADroppedFlowDoNotComeUp) {
  decide(Verdict::drop_flow, udp("anything"));
  EXPECT_FALSE(comes_up(udp("\xc3 a long header")));
  EXPECT_FALSE(comes_up(dtls(22, 2)));
}

TEST_F(Offload, AFrameWhoseKeyCannotBeReadComesUp) {
  decide(Verdict::pass_flow, tcp("A", "data"));
  for (const ByteVector& piece : test::fragments_of(tcp("A", "data in two pieces"), 24)) {
    EXPECT_TRUE(comes_up(piece));
  }
  EXPECT_TRUE(comes_up(FrameBuilder(kClient, kServer).tcp(1, 1, "A").vlan(1).build()));
  const auto in_three_vlans = [] {
    return FrameBuilder(kClient, kServer).tcp(1, 1, "A").vlan(1).vlan(2).vlan(3).build();
  };
  EXPECT_EQ(test::flow_key_of(*packet::decode(in_three_vlans(), LinkType::ethernet)), std::nullopt);
}

TEST_F(Offload, PublishEndsEntriesOfOlderGenerations) {
  decide(Verdict::pass_flow, tcp("A"), 1);
  decide(Verdict::pass_flow, tcp("A", "", "192.0.2.1:5001"), 2);
  dataplane_.publish(2);
  EXPECT_TRUE(comes_up(tcp("A")));
  EXPECT_FALSE(comes_up(tcp("A", "", "192.0.2.1:5001")));
  decide(Verdict::pass_flow, tcp("A"), 1);
  EXPECT_TRUE(comes_up(tcp("A"))) << "a verdict of an old policy makes no entry";
}

TEST_F(Offload, RevokeEndsOneEntry) {
  decide(Verdict::pass_flow, tcp("A"));
  decide(Verdict::pass_flow, tcp("A", "", "192.0.2.1:5001"));
  dataplane_.revoke(key_of(tcp("A")));
  EXPECT_TRUE(comes_up(tcp("A")));
  EXPECT_FALSE(comes_up(tcp("A", "", "192.0.2.1:5001")));
}

// Data of the old connection and the SYN of the next one may come in one batch: else the verdict of
// the data would pass the new connection uninspected.
TEST_F(Offload, RevokeWinsOverVerdictsOfItsBatch) {
  const ByteVector data = tcp("A", "data");
  add(data);
  add(tcp("S"));
  Batch batch;
  ASSERT_EQ(dataplane_.poll(batch), Poll::frames);
  ASSERT_EQ(batch.count, 2U);
  dataplane_.revoke(key_of(data));
  dataplane_.submit(std::vector<FrameVerdict>{{Verdict::pass_flow, key_of(data), 0}, {}});
  EXPECT_TRUE(comes_up(data));
  decide(Verdict::pass_flow, data);
  EXPECT_FALSE(comes_up(data)) << "it holds for that batch only";
}

TEST_F(Offload, TheOldestEntryIsEvicted) {
  decide(Verdict::pass_flow, tcp("A"));
  decide(Verdict::pass_flow, tcp("A", "", "192.0.2.1:5001"));
  decide(Verdict::pass_flow, tcp("A", "", "192.0.2.1:5002"));
  EXPECT_EQ(dataplane_.entries().size(), 2U);
  EXPECT_TRUE(comes_up(tcp("A")));
  EXPECT_FALSE(comes_up(tcp("A", "", "192.0.2.1:5001")));
}

TEST_F(Offload, ANewVerdictReplacesTheEntry) {
  decide(Verdict::pass_flow, tcp("S"));
  decide(Verdict::drop_flow, tcp("S"));
  EXPECT_EQ(dataplane_.entries().size(), 1U);
  EXPECT_EQ(send(tcp("A", "data")).verdict, Verdict::drop_flow);
}

// The index of a frame in its batch is not its index among all frames.
TEST_F(Offload, FatesAreInTheOrderOfFrames) {
  decide(Verdict::drop_flow, tcp("A"));
  dataplane_.forget_results();
  add(tcp("A"));
  add(udp("comes up"));
  add(tcp("R"));
  add(tcp("S"));
  Batch batch;
  ASSERT_EQ(dataplane_.poll(batch), Poll::frames);
  ASSERT_EQ(batch.count, 2U);
  dataplane_.submit(std::vector<FrameVerdict>{{Verdict::pass}, {Verdict::drop}});
  const auto& fates = dataplane_.fates();
  ASSERT_EQ(fates.size(), 4U);
  EXPECT_EQ(fates[0].verdict, Verdict::drop_flow);
  EXPECT_EQ(fates[1].verdict, Verdict::pass);
  EXPECT_EQ(fates[2].verdict, Verdict::pass);
  EXPECT_EQ(fates[3].verdict, Verdict::drop);
  EXPECT_FALSE(fates[0].came_up || fates[2].came_up);
  EXPECT_TRUE(fates[1].came_up && fates[3].came_up);
}

TEST_F(Offload, AKeyThatIsNotTheFramesIsToldOf) {
  add(tcp("A"));
  Batch batch;
  ASSERT_EQ(dataplane_.poll(batch), Poll::frames);
  dataplane_.submit(std::vector<FrameVerdict>{{Verdict::pass_flow, key_of(udp("")), 0}});
  EXPECT_EQ(dataplane_.foreign_keys(), 1U);
}

TEST_F(Offload, WhatReplacesAFrameIsNoLarger) {
  const ByteVector frame = tcp("A", "data");
  add(frame);
  Batch batch;
  ASSERT_EQ(dataplane_.poll(batch), Poll::frames);
  EXPECT_FALSE(dataplane_.replace(0, ByteVector(frame.size() + 1)));
  EXPECT_TRUE(dataplane_.replace(0, ByteVector(frame.size())));
}

class ShortEntries : public Offload {
 protected:
  ShortEntries() : Offload({.entries = 2, .frames_per_entry = 2}) {}
};

TEST_F(ShortEntries, AreEvictedAfterTheirFrames) {
  decide(Verdict::pass_flow, tcp("A"));
  EXPECT_FALSE(comes_up(tcp("A")));
  EXPECT_FALSE(comes_up(tcp("A")));
  EXPECT_TRUE(comes_up(tcp("A")));
}

// Without the capability, verdicts for flows are verdicts for their frames.
TEST(WithoutOffload, EveryFrameComesUp) {
  MemoryDataplane dataplane;
  const ByteVector frame = tcp("A", "data");
  Batch batch;
  for (int i = 0; i < 2; ++i) {
    dataplane.add({.bytes = frame});
    ASSERT_EQ(dataplane.poll(batch), Poll::frames);
    const auto flow = test::flow_key_of(*packet::decode(frame, LinkType::ethernet));
    dataplane.submit(std::vector<FrameVerdict>{{Verdict::pass_flow, flow.value(), 0}});
  }
  EXPECT_EQ(dataplane.entries().size(), 0U);
}

}  // namespace
}  // namespace sluice::io
