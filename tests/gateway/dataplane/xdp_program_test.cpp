// The XDP program, run by the kernel over frames of ours (BPF_PROG_TEST_RUN): what it passes, drops
// and hands up, beside the model of the contract (tests/support/flow_entries.h) and the engine's
// own reading. No interface is touched. There is no socket, so what would come up counts as failed
// open.

#include "gateway/dataplane/xdp/program.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "filters/inspect/recognise.h"
#include "filters/packet/datagram_tunnel.h"
#include "filters/packet/packet.h"
#include "tests/support/flow_entries.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"

namespace sluice::io {
namespace {

using bpf::SLUICE_FAILED_OPEN;
using bpf::SLUICE_FLOW_DROPPED;
using bpf::SLUICE_FLOW_PASSED;
using bpf::SLUICE_OF_NO_INTEREST;
using test::ByteVector;
using test::FrameBuilder;

constexpr int kComesUp = SLUICE_FAILED_OPEN;
constexpr const char* kClient = "192.0.2.1:5000";
constexpr const char* kServer = "198.51.100.2:443";

class XdpProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "BPF programs need root";
    // The loopback interface is there on every machine; it is locked, and nothing else.
    auto program = XdpProgram::open({"lo", ""}, {.flows = 1024});
    if (!program && program.error().find("not permitted") != std::string::npos) {
      GTEST_SKIP() << program.error();
    }
    ASSERT_TRUE(program) << program.error();
    program_ = std::move(*program);
    std::vector<Port> ports = {Port{53}};
    for (const Port port : packet::datagram_tunnel_ports()) ports.push_back(port);
    program_->watch({.ports = ports});
  }

  // Which of the outcomes counted it; -1: none, or several.
  int outcome_of(const ByteVector& frame) {
    const XdpProgram::Traffic before = program_->traffic();
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(frame.size());
    run.repeat = 1;
    EXPECT_EQ(bpf_prog_test_run_opts(program_->file_descriptor(), &run), 0);
    const XdpProgram::Traffic after = program_->traffic();
    int outcome = -1;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i].packets == before[i].packets) continue;
      if (outcome != -1 || after[i].packets != before[i].packets + 1) return -1;
      outcome = static_cast<int>(i);
    }
    return outcome;
  }
  static FlowKey key_of(const ByteVector& frame) {
    return test::flow_key_of(*packet::decode(frame, LinkType::ethernet)).value();
  }
  void decide(Verdict verdict, const ByteVector& frame, Generation generation = 1) {
    EXPECT_TRUE(program_->put_flow(key_of(frame), verdict, generation));
  }

  std::unique_ptr<XdpProgram> program_;
};

ByteVector tcp(std::string_view flags, std::string_view text = "", const char* client = kClient,
               const char* server = kServer) {
  return FrameBuilder(client, server).tcp(1, 1, flags).payload(text).build();
}
ByteVector udp(std::string_view text, const char* client = kClient, const char* server = kServer) {
  return FrameBuilder(client, server).payload(text).build();
}

TEST_F(XdpProgramTest, AnUndecidedFlowComesUp) {
  for (const char* flags : {"S", "SA", "A", "FA", "R"}) EXPECT_EQ(outcome_of(tcp(flags)), kComesUp);
}

TEST_F(XdpProgramTest, AFlowThatPassesIsHandledInBothDirections) {
  decide(Verdict::pass_flow, tcp("A"));
  for (const char* flags : {"A", "FA", "R"}) {
    EXPECT_EQ(outcome_of(tcp(flags, "data")), SLUICE_FLOW_PASSED);
    EXPECT_EQ(outcome_of(tcp(flags, "data", kServer, kClient)), SLUICE_FLOW_PASSED);
  }
  for (const char* flags : {"S", "SA"}) EXPECT_EQ(outcome_of(tcp(flags)), kComesUp);
  EXPECT_EQ(outcome_of(tcp("A", "data", "192.0.2.1:5001")), kComesUp);
}

TEST_F(XdpProgramTest, AFlowThatIsDroppedLetsBareResetsPass) {
  decide(Verdict::drop_flow, tcp("A"));
  EXPECT_EQ(outcome_of(tcp("A", "data")), SLUICE_FLOW_DROPPED);
  EXPECT_EQ(outcome_of(tcp("FA", "", kServer, kClient)), SLUICE_FLOW_DROPPED);
  EXPECT_EQ(outcome_of(tcp("R", "data")), SLUICE_FLOW_DROPPED);
  EXPECT_EQ(outcome_of(tcp("R")), SLUICE_FLOW_PASSED);
  EXPECT_EQ(outcome_of(tcp("S")), kComesUp);
}

TEST_F(XdpProgramTest, EntriesEndWithTheirGeneration) {
  decide(Verdict::pass_flow, tcp("A"), 1);
  decide(Verdict::pass_flow, tcp("A", "", "192.0.2.1:5001"), 2);
  program_->publish(2);
  EXPECT_EQ(outcome_of(tcp("A")), kComesUp);
  EXPECT_EQ(outcome_of(tcp("A", "", "192.0.2.1:5001")), SLUICE_FLOW_PASSED);
  decide(Verdict::pass_flow, tcp("A"), 1);
  EXPECT_EQ(outcome_of(tcp("A")), kComesUp) << "a verdict of an old policy makes no entry";
}

TEST_F(XdpProgramTest, AnEntryThatIsRemovedIsGone) {
  decide(Verdict::pass_flow, tcp("A"));
  program_->remove_flow(key_of(tcp("A")));
  EXPECT_EQ(outcome_of(tcp("A")), kComesUp);
}

TEST_F(XdpProgramTest, KeysAreThoseOfTheEngine) {
  const std::pair<const char*, const char*> ends[] = {
      {"192.0.2.1:443", "192.0.2.2:443"},         {"192.0.2.2:443", "192.0.2.1:443"},
      {"192.0.2.1:80", "192.0.2.1:81"},           {"[2001:db8::1]:5000", "[2001:db8::2]:443"},
      {"[2001:db8::2]:443", "[2001:db8::1]:443"}, {"[2001:db8:ffff::1]:9", "[2001:db8::ffff]:9"},
  };
  for (const auto& [from, to] : ends) {
    const ByteVector frames[] = {
        FrameBuilder(from, to).tcp(1, 1, "A").build(),
        FrameBuilder(from, to).tcp(1, 1, "A").vlan(7).build(),
        FrameBuilder(from, to).tcp(1, 1, "A").vlan(4095).vlan(2).build(),
    };
    for (const ByteVector& frame : frames) {
      EXPECT_EQ(outcome_of(frame), kComesUp) << from;
      decide(Verdict::pass_flow, frame);
      EXPECT_EQ(outcome_of(frame), SLUICE_FLOW_PASSED) << from << " to " << to;
      program_->remove_flow(key_of(frame));
    }
  }
}

TEST_F(XdpProgramTest, AFrameWhoseKeyCannotBeReadComesUp) {
  decide(Verdict::pass_flow, tcp("A"));
  for (const ByteVector& piece : test::fragments_of(tcp("A", "data in two pieces"), 24)) {
    EXPECT_EQ(outcome_of(piece), kComesUp);
  }
  EXPECT_EQ(
      outcome_of(FrameBuilder(kClient, kServer).tcp(1, 1, "A").vlan(1).vlan(2).vlan(3).build()),
      kComesUp);
}

TEST_F(XdpProgramTest, OfDatagramsOnlyThoseComeUpThatMayBeJudged) {
  EXPECT_EQ(outcome_of(udp("anything")), SLUICE_OF_NO_INTEREST);
  EXPECT_EQ(outcome_of(udp("")), SLUICE_OF_NO_INTEREST);
  EXPECT_EQ(outcome_of(udp("anything", kClient, "198.51.100.2:53")), kComesUp);
  EXPECT_EQ(outcome_of(udp("anything", "198.51.100.2:53", kClient)), kComesUp);
  EXPECT_EQ(outcome_of(udp("anything", kClient, "198.51.100.2:4789")), kComesUp);
  EXPECT_EQ(outcome_of(udp("\xc3 a long header")), kComesUp);
  EXPECT_EQ(outcome_of(udp("\x16 a record")), kComesUp);
  program_->watch({.all = true});
  EXPECT_EQ(outcome_of(udp("anything")), kComesUp);
}

TEST_F(XdpProgramTest, DatagramsToAddressesOfInterestComeUp) {
  const auto to = [](const char* server) { return udp("anything", kClient, server); };
  program_->watch(
      {.prefixes = {*IpPrefix::parse("198.51.100.0/24"), *IpPrefix::parse("2001:db8::/32")}});
  EXPECT_EQ(outcome_of(to(kServer)), kComesUp);
  EXPECT_EQ(outcome_of(to("203.0.113.1:9")), SLUICE_OF_NO_INTEREST);
  EXPECT_EQ(outcome_of(FrameBuilder("[fd00::1]:9", "[2001:db8::2]:9").payload("x").build()),
            kComesUp);
  EXPECT_EQ(outcome_of(udp("anything", kServer, "203.0.113.1:9")), SLUICE_OF_NO_INTEREST);
  program_->watch({.prefixes = {*IpPrefix::parse("203.0.113.1")}});
  EXPECT_EQ(outcome_of(to(kServer)), SLUICE_OF_NO_INTEREST) << "no range of interest any more";
  EXPECT_EQ(outcome_of(to("203.0.113.1:9")), kComesUp);
  program_->watch_address(*IpAddress::parse("198.51.100.2"));
  EXPECT_EQ(outcome_of(to(kServer)), kComesUp);
  program_->watch({});
  EXPECT_EQ(outcome_of(to(kServer)), kComesUp) << "a lease outlives an update of the lists";
}

// Then nothing is overlooked.
TEST_F(XdpProgramTest, MoreAddressesThanThereIsRoomForBringUpAll) {
  ByteVector bytes(4);
  for (unsigned i = 0; i <= bpf::SLUICE_ADDRESSES; ++i) {
    bytes = {std::byte{10}, static_cast<std::byte>(i >> 16), static_cast<std::byte>(i >> 8),
             static_cast<std::byte>(i)};
    program_->watch_address(IpAddress::from_bytes(bytes));
  }
  EXPECT_EQ(outcome_of(udp("anything")), kComesUp);
  program_->watch({});
  EXPECT_EQ(outcome_of(udp("anything")), kComesUp) << "also when the lists are read again";
}

// Whatever the program keeps to itself, the engine would have passed without a look at its names.
TEST_F(XdpProgramTest, NothingOfInterestIsKept) {
  std::uint32_t random = 1;
  const auto next = [&random] { return random = random * 1664525 + 1013904223; };
  std::size_t kept = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text(next() % 80, '\0');
    for (char& byte : text) byte = static_cast<char>(next() >> 24);
    ByteVector frame = next() % 2 == 0 ? udp(text) : tcp("A", text);
    // Headers of all kinds: each change is of one byte among the first sixty.
    for (unsigned change = next() % 4; change > 0; --change) {
      frame[next() % std::min<std::size_t>(frame.size(), 60)] =
          static_cast<std::byte>(next() >> 24);
    }
    if (outcome_of(frame) != SLUICE_OF_NO_INTEREST) continue;
    ++kept;
    const auto packet = packet::decode(frame, LinkType::ethernet);
    if (!packet) {
      EXPECT_TRUE(packet.error() == packet::DecodeError::not_ip ||
                  packet.error() == packet::DecodeError::unread)
          << round;
      continue;
    }
    EXPECT_EQ(packet->tunnels, 0U) << round;
    EXPECT_NE(packet->transport, packet::Transport::tcp) << round;
    if (packet->transport != packet::Transport::udp) continue;
    EXPECT_FALSE(packet->is_fragment) << round;
    EXPECT_EQ(inspect::recognise_datagram(packet->payload, false, false),
              inspect::DatagramKind::other)
        << round;
    EXPECT_NE(packet->source_port, Port{53}) << round;
    EXPECT_NE(packet->destination_port, Port{53}) << round;
  }
  EXPECT_GT(kept, 1000U);
}

TEST(DatagramTunnelPorts, AreAllOfThem) {
  const auto ports = packet::datagram_tunnel_ports();
  for (unsigned port = 1; port < 65536; ++port) {
    const ByteVector frame =
        FrameBuilder("192.0.2.1:40000", ("198.51.100.2:" + std::to_string(port)).c_str())
            .payload("anything")
            .build();
    const auto packet = packet::decode(frame, LinkType::ethernet, packet::Tunnels());
    ASSERT_TRUE(packet);
    const bool is_listed =
        std::ranges::find(ports, Port{static_cast<std::uint16_t>(port)}) != ports.end();
    ASSERT_EQ(packet::may_be_datagram_tunnel(*packet), is_listed) << port;
  }
}

}  // namespace
}  // namespace sluice::io
