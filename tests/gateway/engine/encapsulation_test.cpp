// What the engine makes of packets that look like a tunnel, of what cannot be read, and of headers
// that a dataplane does not step over.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/gateway/engine/lab.h"
#include "tests/support/fragments.h"
#include "tests/support/quic_builder.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::append;
using test::append_u16;
using test::byte_vector;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::hello;
using test::ip_frame;
using test::Lab;
using test::LabOptions;
using test::without_ethernet;

constexpr std::uint8_t kIpInIp = 4, kIpComp = 108;

ByteVector name_of(std::string_view text) {
  const name::Name name = *name::Name::from_text(text);
  return {name.wire().begin(), name.wire().end()};
}

// An innocent datagram, 36 bytes with its IP header.
ByteVector small_packet() {
  return without_ethernet(
      FrameBuilder("203.0.113.7:7777", "203.0.113.8:9999").payload("12345678").build());
}

// An answer whose first label holds an Ethernet header from byte 8 of the message on, and a packet.
ByteVector answer_like_vxlan(unsigned id, std::string_view target) {
  ByteVector label = byte_vector("aaaaaaa");
  append_u16(label, 0x0800);
  append(label, small_packet());
  ByteVector question;
  test::append_u8(question, static_cast<unsigned>(label.size()));
  append(question, label);
  append(question, name_of("evil.example"));
  append_u16(question, 1);
  append_u16(question, 1);
  ByteVector message;
  for (const unsigned number : {id, 0x8180U, 1U, 1U, 0U, 0U}) append_u16(message, number);
  append(message, question);
  for (const unsigned number : {0xc00cU, 5U, 1U, 0U, 300U}) append_u16(message, number);
  const ByteVector alias = name_of(target);
  append_u16(message, static_cast<unsigned>(alias.size()));
  append(message, alias);
  return message;
}

ByteVector datagram(std::string_view from, std::string_view to, Bytes payload) {
  return FrameBuilder(from, to).payload(payload).build();
}

// Evasion: a client asks from a tunnel's port, with an ID and a first label that make the answer a
// tunnel's packet. Ports of DNS come first, whichever these are.
TEST(Carriers, AnAnswerToATunnelsPortIsJudgedAsAnAnswer) {
  const policy::DnsScope two_ports{.ports = {Port{53}, Port{5353}}, .port_count = 2};
  for (const char* server : {"198.51.100.53:53", "198.51.100.53:5353"}) {
    for (const char* client : {"192.0.2.1:4789", "192.0.2.1:8472", "192.0.2.1:40000"}) {
      for (const unsigned id : {0x0801U, 0x8801U}) {
        Lab lab(LabOptions{.dns = two_ports});
        EXPECT_EQ(lab.send(datagram(server, client, answer_like_vxlan(id, "wechat.com")),
                           io::Side::outside),
                  Verdict::drop)
            << server << ' ' << client;
        EXPECT_EQ(lab.count(Reason::banned), 1U);
        EXPECT_EQ(lab.send(datagram(server, client, answer_like_vxlan(id, "example.com")),
                           io::Side::outside),
                  Verdict::pass);
        EXPECT_EQ(lab.count(Reason::allowed), 1U);
      }
    }
  }
}

TEST(Carriers, AQuestionToATunnelsPortThatIsDnsIsJudgedAsAQuestion) {
  Lab lab(LabOptions{.dns = {.ports = {Port{4789}}}});
  EXPECT_EQ(lab.send(datagram("192.0.2.1:5000", "198.51.100.53:4789",
                              test::dns_query("wechat.com", {.id = 0x0801}))),
            Verdict::drop);
}

// A ClientHello for `name` in a QUIC Initial that is VXLAN as well, with an innocent packet in it:
// the identifiers of its connection are that packet's Ethernet and IP headers. Two bytes of the
// packet, of its identification and its port, are the lengths of what follows them.
ByteVector initial_like_vxlan(std::string_view name) {
  const ByteVector packet = small_packet();
  const auto at = [&](std::size_t from, std::size_t to) {
    const Bytes part = Bytes(packet).subspan(from, to - from);
    return ByteVector(part.begin(), part.end());
  };
  constexpr std::size_t kIdentification = 4, kPort = 22;
  test::QuicPacket initial{.dcid = ByteVector(14, std::byte{2})};
  append_u16(initial.dcid, 0x0800);
  append(initial.dcid, at(0, kIdentification));
  initial.scid = at(kIdentification + 1, kPort);
  EXPECT_EQ(initial.scid.size(), std::to_integer<std::size_t>(packet[kIdentification]));
  initial.token = at(kPort + 1, packet.size());
  initial.token.resize(std::to_integer<std::size_t>(packet[kPort]));
  for (;; ++initial.number) {
    ByteVector sealed =
        test::quic_initial(initial, test::crypto_frame(0, test::client_hello(name)), 1200);
    if ((sealed[0] & std::byte{0x08}) == std::byte{}) continue;
    const ByteVector frame = datagram("192.0.2.1:5000", "198.51.100.2:4789", sealed);
    EXPECT_EQ(packet::decode(frame, LinkType::ethernet, packet::Tunnels::all())->carriers, 1);
    return sealed;
  }
}

// Evasion: what looks like a tunnel may be a hello, so both are judged.
TEST(Carriers, AQuicInitialThatLooksLikeATunnelIsJudgedAsAnInitial) {
  Lab lab;
  const ByteVector banned = initial_like_vxlan("wechat.com");
  EXPECT_EQ(lab.send(datagram("192.0.2.1:5000", "198.51.100.2:4789", banned)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
  const ByteVector ordinary = initial_like_vxlan("example.com");
  EXPECT_EQ(lab.send(datagram("192.0.2.1:5001", "198.51.100.2:4789", ordinary)), Verdict::pass);
}

// If the inside says nothing, the outside's address counts.
TEST(Carriers, ATunnelToAListedAddressIsJudgedByIt) {
  Lab lab(LabOptions{.addresses = {"198.51.100.0/24"}});
  ByteVector vxlan = byte_vector(std::string_view("\x08\0\0\0\0\0\5\0", 8));
  append(vxlan, FrameBuilder("203.0.113.7:7777", "203.0.113.8:9999").payload("12345678").build());
  EXPECT_EQ(lab.send(datagram("192.0.2.1:5000", "198.51.100.2:4789", vxlan)), Verdict::drop);
  EXPECT_EQ(lab.send(datagram("192.0.2.1:5000", "203.0.113.2:4789", vxlan)), Verdict::pass);
}

// A name in the packet that is carried counts as before.
TEST(Carriers, ABannedNameInsideIsFoundBehindAnInnocentOutside) {
  for (const char* ends : {"192.0.2.1:9999 203.0.113.2:1701", "203.0.113.2:1701 192.0.2.1:9999"}) {
    const std::string_view text(ends);
    const std::size_t blank = text.find(' ');
    const ByteVector question =
        FrameBuilder(test::kClient, test::kResolver).payload(test::dns_query("wechat.com")).build();
    Lab lab;
    EXPECT_EQ(lab.send(datagram(text.substr(0, blank), text.substr(blank + 1),
                                test::l2tp_message(without_ethernet(question)))),
              Verdict::drop);
  }
}

ByteVector nested(std::size_t depth) {
  ByteVector frame =
      FrameBuilder(test::kClient, test::kResolver).payload(test::dns_query("example.com")).build();
  for (std::size_t i = 0; i < depth; ++i) {
    frame = ip_frame("203.0.113.1", "203.0.113.2", kIpInIp, without_ethernet(frame));
  }
  return frame;
}

// Bug: our own limits counted as malformed, or as of no interest, and passed.
TEST(TooDeep, IsWhatCannotBeJudged) {
  Lab lab;
  EXPECT_EQ(lab.send(nested(packet::kMaxTunnels)), Verdict::pass);
  EXPECT_EQ(lab.send(nested(packet::kMaxTunnels + 1)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::too_deep), 1U);
  Lab open(LabOptions{.fallbacks = {.unjudged = policy::Fallback::pass}});
  EXPECT_EQ(open.send(nested(packet::kMaxTunnels + 1)), Verdict::pass);
  Lab closed(LabOptions{.fallbacks = {.malformed = policy::Fallback::drop}});
  EXPECT_EQ(closed.send(nested(packet::kMaxTunnels + 1)), Verdict::drop);
  Lab watching(LabOptions{.enforce = false});
  EXPECT_EQ(watching.send(nested(packet::kMaxTunnels + 1)), Verdict::pass);
}

// An authentication header is behind the fragmentation.
TEST(Authentication, FragmentsOfAnAuthenticatedPacketAreJudgedWhole) {
  const ByteVector question = without_ethernet(
      FrameBuilder(test::kClient, test::kResolver).payload(test::dns_query("wechat.com")).build());
  ByteVector carried = byte_vector(std::string_view("\x11\x04\0\0spi.sqnrintegrity...", 24));
  append(carried, Bytes(question).subspan(20));
  Lab lab;
  const auto pieces = test::fragments_of(ip_frame("192.0.2.1", "198.51.100.53", 51, carried), 24);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    EXPECT_EQ(lab.send(pieces[i]), Verdict::pass);
  }
  EXPECT_EQ(lab.send(pieces.back()), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::banned), 1U);
}

ByteVector tunnelled(const ByteVector& frame, bool back = false) {
  return back ? ip_frame("203.0.113.2", "203.0.113.1", kIpInIp, without_ethernet(frame))
              : ip_frame("203.0.113.1", "203.0.113.2", kIpInIp, without_ethernet(frame));
}

class Compressed : public testing::Test {
 protected:
  // IPComp compresses long packets and leaves short ones as they are.
  void send_unread(const char* from, const char* to) {
    EXPECT_EQ(lab_.send(ip_frame(from, to, kIpComp, ByteVector(200))), Verdict::pass);
    EXPECT_EQ(lab_.count(Reason::unread), 1U);
  }
  Verdict back(const ByteVector& frame) { return lab_.send(frame, io::Side::outside); }

  Lab lab_;
  Connection connection_{"192.0.2.1:5000", "198.51.100.2:80"};
  ByteVector request_ = byte_vector(test::http_request("www.wechat.com"));
};

// Bug: acknowledgments of what went by unread cut the flow.
TEST_F(Compressed, AcknowledgmentsOfWhatIsUnreadDoNotEndAFlow) {
  lab_.send(tunnelled(connection_.syn()));
  back(tunnelled(connection_.syn_ack(), true));
  send_unread("203.0.113.1", "203.0.113.2");
  EXPECT_EQ(back(tunnelled(connection_.acknowledge(200), true)), Verdict::pass);
  EXPECT_EQ(lab_.count(Reason::unjudged_acknowledged), 0U);
  // What comes in the clear is judged, also in the middle of a stream.
  EXPECT_EQ(lab_.send(tunnelled(connection_.data(200, request_))), Verdict::drop);
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

TEST_F(Compressed, InTransportModeAsWell) {
  connection_.open(lab_);
  send_unread("198.51.100.2", "192.0.2.1");
  EXPECT_EQ(back(connection_.acknowledge(200)), Verdict::pass);
  EXPECT_EQ(lab_.send(connection_.data(200, request_)), Verdict::drop_flow);
}

TEST_F(Compressed, OtherPathsAreJudgedAsBefore) {
  connection_.open(lab_);
  send_unread("203.0.113.1", "203.0.113.2");
  EXPECT_EQ(back(connection_.acknowledge(200)), Verdict::drop);
  EXPECT_EQ(lab_.count(Reason::unjudged_acknowledged), 1U);
}

TEST_F(Compressed, NotForEver) {
  connection_.open(lab_);
  send_unread("192.0.2.1", "198.51.100.2");
  lab_.now += std::chrono::minutes(4);
  EXPECT_EQ(back(connection_.acknowledge(1)), Verdict::pass);
  lab_.now += std::chrono::minutes(4);
  EXPECT_EQ(lab_.send(connection_.received(1, 0)), Verdict::pass);
  lab_.now += std::chrono::minutes(4);
  EXPECT_EQ(back(connection_.acknowledge(200)), Verdict::drop);
}

// PPP that is compressed shows no IP addresses at all.
TEST_F(Compressed, InPppOfTheSameEnds) {
  const auto session = [&](std::string_view protocol, Bytes packet) {
    ByteVector frame(12, std::byte{2});
    append(frame, byte_vector(std::string_view("\x88\x64\x11\0\0\5ll", 8)));
    append(frame, byte_vector(protocol));
    append(frame, packet);
    return frame;
  };
  const std::string_view ip("\0\x21", 2), compressed("\0\x2d", 2);
  lab_.send(session(ip, without_ethernet(connection_.syn())));
  back(session(ip, without_ethernet(connection_.syn_ack())));
  EXPECT_EQ(lab_.send(session(compressed, ByteVector(100))), Verdict::pass);
  EXPECT_EQ(back(session(ip, without_ethernet(connection_.acknowledge(200)))), Verdict::pass);
  EXPECT_EQ(lab_.send(session(ip, without_ethernet(connection_.data(200, request_)))),
            Verdict::drop);
}

class Watched : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }
  void acknowledge(std::size_t offset) {
    lab_.send(connection_.acknowledge(offset), io::Side::outside);
  }
  [[nodiscard]] std::uint64_t names() const { return lab_.counters->findings.value(); }

  Lab lab_{LabOptions{.enforce = false}};
  Connection connection_{"192.0.2.1:5000", "198.51.100.2:80"};
  ByteVector request_ = byte_vector(test::http_request("www.example.com"));
};

// Bug: `inspect` lost the name.
TEST_F(Watched, ACaptureMayHaveAnAcknowledgmentBeforeItsData) {
  acknowledge(request_.size());
  lab_.send(connection_.data(0, request_));
  EXPECT_EQ(names(), 1U);
  acknowledge(2 * request_.size());
  lab_.send(connection_.data(request_.size(), request_));
  EXPECT_EQ(names(), 2U);
  acknowledge(2 * request_.size());
  acknowledge(4 * request_.size());
  lab_.send(connection_.data(3 * request_.size(), request_));
  lab_.send(connection_.data(2 * request_.size(), request_));
  EXPECT_EQ(names(), 4U);
}

TEST_F(Watched, WhatIsMissingInACaptureIsSteppedOverInTheEnd) {
  constexpr std::size_t kMissing = 100'000;
  lab_.send(connection_.data(0, request_));
  acknowledge(request_.size() + kMissing);
  lab_.send(connection_.data(request_.size() + kMissing, request_));
  EXPECT_EQ(names(), 2U);
}

// Evasion: the dataplane's entry for an older connection outlives the engine's flow; the next
// connection begins with a packet that the dataplane cannot read.
TEST(Offload, ASynInAnyHeadersEndsTheDataplanesEntry) {
  ByteVector syn = Connection("192.0.2.1:5000", "198.51.100.2:443").syn();
  const ByteVector tag = byte_vector(std::string_view("\x81\0\0\0", 4));
  syn.insert(syn.begin() + 12, tag.begin(), tag.end());
  Lab lab;
  const Connection connection;
  connection.open(lab);
  const ByteVector first = hello("example.com");
  lab.send(connection.data(0, first));
  EXPECT_EQ(lab.send(connection.server_hello(first.size()), io::Side::outside), Verdict::pass_flow);
  lab.now += std::chrono::hours(1);
  lab.send(Connection("192.0.2.7:1", "198.51.100.2:80").syn());  // the engine forgets the flow
  lab.send(syn);
  lab.send(connection.syn_ack(), io::Side::outside);
  EXPECT_EQ(lab.send(connection.data(0, hello("wechat.com"))), Verdict::drop_flow);
}

}  // namespace
}  // namespace sluice::engine
