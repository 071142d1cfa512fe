#include "filters/inspect/recognise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/dtls_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/quic_builder.h"

namespace sluice::inspect {
namespace {

using test::ByteVector;

ByteVector bytes(std::initializer_list<int> values) {
  ByteVector all;
  for (const int value : values) all.push_back(static_cast<std::byte>(value));
  return all;
}

StreamKind kind_of(Bytes stream, bool to_dns = false) {
  StreamScan scan;
  return recognise_stream(stream, to_dns, scan).kind;
}

struct Case {
  const char* title;
  ByteVector stream;
  StreamKind kind, to_dns;
};

const std::vector<Case>& cases() {
  const auto text = [](std::string_view plain) { return test::byte_vector(plain); };
  static const std::vector<Case> kCases = {
      {"TLS", test::tls_records(test::client_hello("a.example")), StreamKind::tls, StreamKind::tls},
      {"MMTLS", bytes({0x16, 0xf1, 4, 1, 0x6e, 0, 0, 1, 0x6a, 1, 4, 0xf1, 2, 0xc0}),
       StreamKind::mmtls, StreamKind::mmtls},
      {"a request", text("GET / HTTP/1.1\r\n"), StreamKind::http, StreamKind::http},
      {"a request behind empty lines", text("\r\n\nGET / HTTP/1.1"), StreamKind::http,
       StreamKind::http},
      {"HTTP/2", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), StreamKind::http2, StreamKind::http2},
      {"half a preface", text("PRI * HTTP/2.0\r\n\r\nSM"), StreamKind::undecided,
       StreamKind::undecided},
      {"not quite a preface", text("PRI * HTTP/2.0\r\n\r\nXX"), StreamKind::http2,
       StreamKind::http2},
      {"a request that begins like a preface", text("PRI * HTTP/1.1\r\n"), StreamKind::http,
       StreamKind::http},
      {"DNS", test::framed(test::dns_query("a.example")), StreamKind::dns, StreamKind::dns},
      {"an empty record", bytes({0x16, 3, 1, 0, 0, 0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc}),
       StreamKind::tls_idle, StreamKind::tls_idle},
      {"ChangeCipherSpec", bytes({0x14, 3, 3, 0, 1, 1, 0x16, 3, 1, 2, 0, 1, 0, 1}),
       StreamKind::tls_idle, StreamKind::tls_idle},
      {"an alert", bytes({0x15, 3, 1, 0, 2, 1, 0x70, 0x16, 3, 1, 2, 0, 1, 0}), StreamKind::tls_idle,
       StreamKind::tls_idle},
      {"SOCKS 5", bytes({5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 1, 1, 187, 22, 3}), StreamKind::proxy_head,
       StreamKind::proxy_head},
      {"PROXY 1", text("PROXY UNKNOWN\r\n"), StreamKind::proxy_head, StreamKind::proxy_head},
      {"text", text("caf\xc3\xa9, b, x, y"), StreamKind::unknown, StreamKind::dns},
      {"nothing", {}, StreamKind::undecided, StreamKind::undecided},
  };
  return kCases;
}

TEST(RecogniseStream, TellsByContentOnEveryPort) {
  for (const Case& one : cases()) {
    EXPECT_EQ(kind_of(one.stream), one.kind) << one.title;
    EXPECT_EQ(kind_of(one.stream, true), one.to_dns) << one.title;
  }
}

TEST(RecogniseStream, SaysTheSameHoweverTheStreamIsCut) {
  for (const Case& one : cases()) {
    for (const bool to_dns : {false, true}) {
      StreamScan scan;
      StreamGuess guess;
      std::size_t examined = 0;
      for (std::size_t size = 1; size <= one.stream.size(); ++size) {
        if (size < guess.needed) continue;
        guess = recognise_stream(Bytes(one.stream).first(size), to_dns, scan);
        examined += guess.examined;
        if (guess.kind != StreamKind::undecided) break;
        ASSERT_GT(guess.needed, size);
      }
      // TLS is told early: its reader may still say that it is none.
      EXPECT_EQ(guess.kind, to_dns ? one.to_dns : one.kind) << one.title;
      EXPECT_LE(examined, 8 * one.stream.size()) << one.title;
    }
  }
}

// A server may take LF alone for the end of a line.
TEST(RecogniseEvasion, AMethodThatIsTheFirstWordOfAProxysHead) {
  for (const char* request :
       {"PROXY /x HTTP/1.1\nHost: wechat.com\n\n", "PROXY TCP4 HTTP/1.1\nHost: wechat.com\n\n"}) {
    EXPECT_EQ(kind_of(as_bytes(request)), StreamKind::http) << request;
  }
}

// A query for wechat.com of this length, which the client chooses: an EDNS option pads it.
ByteVector query_of(int length, int id, std::initializer_list<int> header = {}) {
  const ByteVector query = test::dns_query("wechat.com");
  ByteVector stream = bytes({length >> 8, length & 0xff});
  test::append(stream, query);
  stream[2] = static_cast<std::byte>(id >> 8);
  stream[3] = static_cast<std::byte>(id & 0xff);
  std::ranges::copy(bytes(header), stream.begin() + 4);
  stream.resize(2 + static_cast<std::size_t>(length));
  return stream;
}

TEST(RecogniseEvasion, ADnsMessageWhoseLengthLooksLikeAnotherProtocol) {
  for (const int length :
       {0x0401, 0x0402, 0x0501, 0x4745, 0x2121, 0x0a0a, 0x1603, 0x5052, 0x5120}) {
    for (const int id : {0x1234, 0x0050, 0x4720, 0x0a20, 0x2f20}) {
      const ByteVector stream = query_of(length, id);
      for (const bool to_dns : {true, false}) {
        // However the client cuts it.
        StreamScan scan;
        StreamGuess guess;
        for (std::size_t size = 1; size < 40 && guess.kind == StreamKind::undecided; ++size) {
          if (size >= guess.needed)
            guess = recognise_stream(Bytes(stream).first(size), to_dns, scan);
        }
        EXPECT_EQ(guess.kind, StreamKind::dns) << length << ' ' << id << ' ' << to_dns;
      }
    }
  }
}

// Servers answer a question whatever the other fields of the header say.
TEST(RecogniseEvasion, ADnsMessageWithAnOddHeaderOnADnsPort) {
  for (const auto& header : {bytes({0x80, 0, 0, 1}), bytes({1, 0x4f, 0, 1}), bytes({1, 0, 0, 2}),
                             bytes({1, 0, 0, 1, 0, 1, 0, 2, 0, 9}), bytes({0x28, 0, 0, 0})}) {
    ByteVector stream = query_of(0x0401, 0x0050);
    std::ranges::copy(header, stream.begin() + 4);
    EXPECT_EQ(kind_of(stream, true), StreamKind::dns);
    EXPECT_EQ(kind_of(Bytes(stream).first(14), true), StreamKind::dns);
  }
}

// Nobody can tell which of the two its server reads.
TEST(RecogniseEvasion, AHelloThatCouldBeADnsMessage) {
  const ByteVector stream =
      bytes({22, 3, 1, 1, 4, 1, 0, 1, 0, 4, 0, 3, 0, 0, 6, 'w', 'e', 'c', 'h', 'a', 't', 3});
  EXPECT_EQ(kind_of(stream, true), StreamKind::contradictory);
  EXPECT_EQ(kind_of(stream, false), StreamKind::tls);
}

TEST(RecogniseDatagram, TellsQuicAndDtlsOnEveryPortAndDnsOnItsOwn) {
  const ByteVector initial = test::quic_initial({}, {});
  const ByteVector unknown =
      test::quic_sealed({.version = {0xdadadada}}, sluice::quic::PacketType::zero_rtt, 1200);
  const ByteVector hello = test::dtls_hello("a.example");
  const ByteVector dtls_datagram = test::dtls_record(test::dtls_fragment(hello, 0, hello.size()));
  const ByteVector query = test::dns_query("a.example");
  ByteVector answer = query;
  answer[2] |= std::byte{0x80};
  const ByteVector junk = test::byte_vector("other");
  using enum DatagramKind;
  const struct {
    const ByteVector& payload;
    bool to_dns, from_dns;
    DatagramKind kind;
  } kCases[] = {
      {initial, false, false, quic},
      {initial, true, false, quic},
      {unknown, false, false, quic_unreadable},
      {unknown, true, false, other},  // a response, read as DNS
      {unknown, false, true, dns_answer},
      {dtls_datagram, false, false, dtls},
      {dtls_datagram, true, false, dtls},
      {query, true, false, dns_question},
      {query, false, false, other},
      {query, false, true, dns_answer},
      {answer, false, true, dns_answer},
      {answer, true, false, other},
      {answer, true, true, dns_answer},
      {junk, false, false, other},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(recognise_datagram(one.payload, one.to_dns, one.from_dns), one.kind) << &one - kCases;
  }
}

}  // namespace
}  // namespace sluice::inspect
