// Streams of several messages, and of several protocols one behind the other.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/http2_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/stream_feeder.h"

namespace sluice::inspect {
namespace {

using Names = std::vector<std::string>;
using test::StreamFeeder;

std::string get(std::string_view host, std::string_view more = "") {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) + "\r\n";
}
std::string tls_hello(std::string_view name) {
  return std::string(as_text(test::tls_records(test::client_hello(name))));
}
// The minor version of its record, the major one of the hello.
std::string with_versions(std::string hello, int record, int legacy) {
  hello[2] = static_cast<char>(record);
  hello[9] = static_cast<char>(legacy);
  return hello;
}
std::string bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

const std::string kSocks5 =
    bytes({5, 1, 0}) + bytes({5, 1, 0, 3, 9}) + "a.example" + bytes({1, 187});
const std::string kMmtls = bytes({0x16, 0xf1, 4, 1, 0x6e, 0, 0, 1, 0x6a, 1, 4, 0xf1, 2, 0xc0});

// A connection of HTTP/2 with a request for each of these, data behind each.
std::string http2(std::initializer_list<const char*> hosts) {
  test::Http2Client client;
  test::ByteVector stream = client.start();
  for (const char* const host : hosts) {
    test::append(stream, client.request(host));
    test::append(stream, client.data(30));
  }
  return std::string(as_text(stream));
}
// … with one block, in two pieces.
std::string http2_block(Bytes block) {
  test::ByteVector stream = test::Http2Client().start();
  test::append(stream,
               test::http2_frame(test::kHeaders, test::kPriority, 1, test::byte_vector("first")));
  test::append(stream, test::http2_frame(test::kContinuation, 0, 1, block.first(block.size() / 2)));
  test::append(stream, test::http2_frame(test::kContinuation, test::kEndHeaders, 1,
                                         block.subspan(block.size() / 2)));
  return std::string(as_text(stream));
}
std::string http2_fields(const test::FieldList& fields) {
  return http2_block(test::FieldEncoder().encode(fields));
}

struct Case {
  const char* title;
  std::string stream;
  Names names;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"requests on one connection",
       get("a.example") + get("b.example") + get("c.example"),
       {"http:a.example", "http:b.example", "http:c.example"}},
      {"behind a body",
       get("a.example", "Content-Length: 26\r\n") + "GET / HTTP/1.1\r\nHost: x\r\n" +
           get("b.example"),
       {"http:a.example", "http:b.example"}},
      {"behind chunks",
       get("a.example", "Transfer-Encoding: chunked\r\n") +
           "5\r\nhello\r\n10;x=y\r\nGET / HTTP/1.1\r\n\r\n0\r\nHost: trailer\r\n\r\n" +
           get("b.example"),
       {"http:a.example", "http:b.example"}},
      {"behind an empty chunked body",
       get("a.example", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n" + get("b.example"),
       {"http:a.example", "http:b.example"}},
      {"TLS behind CONNECT",
       "CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 9\r\n\r\n" + tls_hello("b.example"),
       {"http:a.example", "tls:b.example"}},
      {"a request behind CONNECT",
       "CONNECT a.example:80 HTTP/1.1\r\n\r\n" + get("b.example"),
       {"http:a.example", "http:b.example"}},
      {"TLS behind Upgrade",
       get("a.example", "Upgrade: TLS/1.0\r\n") + tls_hello("b.example"),
       {"http:a.example", "tls:b.example"}},
      {"TLS with a port behind the name", tls_hello("A.Example.:443"), {"tls:a.example"}},
      {"TLS with an empty name",
       std::string(as_text(test::tls_records(test::client_hello("", {.empty_name = true})))),
       {}},
      {"TLS behind records that servers step over",
       bytes({22, 3, 1, 0, 0, 22, 3, 0x7f, 0, 0, 20, 3, 3, 0, 1, 1, 21, 3, 1, 0, 2, 1, 0x70}) +
           tls_hello("a.example"),
       {"tls:a.example"}},
      {"TLS without versions behind STARTTLS",
       "EHLO mail.example\r\nSTARTTLS\r\n" + with_versions(tls_hello("a.example"), 0x7f, 0xff),
       {"tls:a.example"}},
      {"TLS behind SOCKS 5", kSocks5 + tls_hello("b.example"), {"http:a.example", "tls:b.example"}},
      {"a request behind SOCKS 4a",
       bytes({4, 1, 0, 80, 0, 0, 0, 1}) + "me" + bytes({0}) + "a.example" + bytes({0}) +
           get("b.example"),
       {"http:a.example", "http:b.example"}},
      {"CONNECT behind SOCKS 5",
       kSocks5 + "CONNECT b.example:1 HTTP/1.1\r\n\r\n" + tls_hello("c.example"),
       {"http:a.example", "http:b.example", "tls:c.example"}},
      {"behind the PROXY protocol",
       "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\n" + tls_hello("a.example"),
       {"tls:a.example"}},
      {"STARTTLS of SMTP",
       "EHLO mail.example\r\nSTARTTLS\r\n" + tls_hello("a.example"),
       {"tls:a.example"}},
      {"STARTTLS of IMAP",
       "a1 CAPABILITY\r\na2 STARTTLS\r\n" + tls_hello("a.example"),
       {"tls:a.example"}},
      {"TLS behind the SSLRequest of PostgreSQL",
       bytes({0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}) + tls_hello("a.example"),
       {"tls:a.example"}},
      {"TLS behind RDP's connection request",
       bytes({3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0}) +
           tls_hello("a.example"),
       {"tls:a.example"}},
      {"TLS behind MySQL's SSL request",
       bytes({32, 0, 0, 1, 0x85, 0xae, 0xff, 0x19, 0, 0, 0, 1, 0x2d}) + std::string(23, '\0') +
           tls_hello("a.example"),
       {"tls:a.example"}},
      {"TLS behind LDAP",
       bytes({0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16}) + "1.3.6.1.4.1.1466.20037" +
           tls_hello("a.example"),
       {"tls:a.example"}},
      // Their first bytes are a method and a blank of Python's.
      {"TLS behind an anonymous bind to LDAP",
       bytes({0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0}) +
           bytes({0x30, 0x1d, 2, 1, 2, 0x77, 0x18, 0x80, 0x16}) + "1.3.6.1.4.1.1466.20037" +
           tls_hello("a.example"),
       {"tls:a.example"}},
      {"STARTTLS of XMPP, without a line end",
       "<stream:stream to='a.example'><starttls xmlns='x'/>" + tls_hello("a.example"),
       {"tls:a.example"}},
      {"MMTLS", kMmtls, {"mmtls:mmtls._signature"}},
      {"MMTLS behind SOCKS 5", kSocks5 + kMmtls, {"http:a.example", "mmtls:mmtls._signature"}},
      {"MMTLS in a request",
       get("a.example", "Upgrade: mmtls\r\n"),
       {"http:a.example", "mmtls:mmtls._signature"}},
      {"MMTLS by its path",
       "POST /mmtls/0A1b2c3d HTTP/1.1\r\nHost: a.example\r\n\r\n",
       {"http:a.example", "mmtls:mmtls._signature"}},
      {"another path",
       "POST /mmtls/0a1b2c3d4 HTTP/1.1\r\nHost: a.example\r\n\r\n",
       {"http:a.example"}},
      {"HTTP-DNS of WeChat",
       "GET /cgi-bin/micromsg-bin/newgetdns?uin=0 HTTP/1.0\r\nHost: a.example\r\n\r\n",
       {"http:a.example", "http:httpdns._signature"}},
      {"HTTP/2", http2({"a.example"}), {"http:a.example"}},
      {"requests of HTTP/2, one host twice",
       http2({"a.example", "a.example", "b.example:8080"}),
       {"http:a.example", "http:b.example"}},
      {"HTTP/2 behind Upgrade",
       get("a.example", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n") +
           http2({"b.example"}),
       {"http:a.example", "http:b.example"}},
      {"HTTP/2 behind SOCKS 5",
       kSocks5 + http2({"b.example"}),
       {"http:a.example", "http:b.example"}},
      {"HTTP/2 with two authorities, a host and an absolute path",
       http2_fields({{":authority", "a.example"},
                     {":path", "http://me@c.example:1/x"},
                     {"host", " d.example. "},
                     {":authority", "b.example"},
                     {"host", "a.example"}}),
       {"http:a.example", "http:me", "http:c.example", "http:d.example", "http:b.example"}},
      // Clients of proxies copy a URL's authority.
      {"HTTP/2 with user and port in the authority",
       http2_fields({{":authority", "user@a.example:443"}}),
       {"http:user", "http:a.example"}},
      {"HTTP/2 without a host", http2_fields({{":method", "GET"}, {":path", "*"}}), {}},
      {"… with an absolute target",
       "GET http://b.example/cgi-bin/micromsg-bin/newgetdns HTTP/1.0\r\n\r\n",
       {"http:b.example", "http:httpdns._signature"}},
  };
  return kCases;
}

TEST(Stream, NamesAreTheSameHoweverItIsSplit) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.title);
    StreamFeeder whole;
    whole.feed(as_bytes(one.stream));
    EXPECT_EQ(whole.names(), one.names);
    EXPECT_EQ(whole.error(), ParseError::none);
    StreamFeeder pieces;
    for (std::size_t size = 1; size <= one.stream.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read behind its end.
      const std::string cut = one.stream.substr(0, size);
      pieces.feed(as_bytes(cut));
    }
    EXPECT_EQ(pieces.names(), one.names);
    for (std::size_t cut = 1; cut < one.stream.size(); ++cut) {
      StreamFeeder halves;
      halves.feed(as_bytes(one.stream).first(cut));
      halves.feed(as_bytes(one.stream));
      EXPECT_EQ(halves.names(), one.names) << cut;
    }
  }
}

TEST(StreamEvasion, AHostBehindAHeadOfTwentyKib) {
  std::string head = "GET / HTTP/1.1\r\n";
  while (head.size() < 20 * 1024) head += "Cookie: " + std::string(200, 'x') + "\r\n";
  StreamFeeder many_lines;
  many_lines.feed(as_bytes(head + "Host: wechat.com\r\n\r\n" + get("b.example")));
  EXPECT_EQ(many_lines.names(), (Names{"http:wechat.com", "http:b.example"}));
  StreamFeeder one_line;
  one_line.feed(as_bytes("GET / HTTP/1.1\r\nX: " + std::string(20 * 1024, 'x') +
                         "\r\nHost: wechat.com\r\n\r\n"));
  EXPECT_EQ(one_line.names(), Names{"http:wechat.com"});
  // A CONNECT stays one over such a head.
  StreamFeeder connect;
  connect.feed(as_bytes("CONNECT a.example:1" + head.substr(5) + "Content-Length: 9\r\n\r\n" +
                        tls_hello("b.example")));
  EXPECT_EQ(connect.names(), (Names{"http:a.example", "tls:b.example"}));
}

// A body that two servers end at two places: the head is judged, what follows is refused.
TEST(StreamEvasion, ARequestBehindAnAmbiguousBody) {
  const std::string head = get("a.example", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n");
  StreamFeeder alone;
  EXPECT_TRUE(alone.feed(as_bytes(head)));
  EXPECT_EQ(alone.error(), ParseError::none);
  StreamFeeder more;
  EXPECT_FALSE(more.feed(as_bytes(head + get("wechat.com"))));
  EXPECT_EQ(more.names(), Names{"http:a.example"});
  EXPECT_EQ(more.error(), ParseError::http_ambiguous_body);
}

TEST(StreamEvasion, ARequestBehindAChunkThatNobodyReads) {
  StreamFeeder feeder;
  feeder.feed(
      as_bytes(get("a.example", "Transfer-Encoding: chunked\r\n") + "0x5\r\n" + get("wechat.com")));
  EXPECT_EQ(feeder.error(), ParseError::http_malformed);
}

TEST(StreamEvasion, AHelloBehindAFalseHello) {
  // A record that promises a long hello does not hide what lies behind it.
  const std::string false_hello = bytes({22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3});
  StreamFeeder feeder;
  feeder.feed(as_bytes("STARTTLS\r\n" + false_hello + tls_hello("wechat.com")));
  EXPECT_EQ(feeder.names(), Names{"tls:wechat.com"});
}

// A record that promises a hello of `size` bytes.
std::string promise(int size) {
  const int hello = size - 4;
  return bytes({22, 3, 1, size >> 8, size & 0xff, 1, 0, hello >> 8, hello & 0xff, 3, 3});
}

TEST(StreamEvasion, AHelloBehindAFalseHelloInAllPieces) {
  const std::string stream =
      "STARTTLS\r\n" + promise(9000) + tls_hello("wechat.com") + std::string(9000, 'x');
  for (const std::size_t step : std::vector<std::size_t>{1, 10, 100, stream.size()}) {
    StreamFeeder feeder;
    for (std::size_t size = step; size < stream.size(); size += step) {
      feeder.feed(as_bytes(stream).first(size));
    }
    feeder.feed(as_bytes(stream));
    EXPECT_EQ(feeder.names(), Names{"tls:wechat.com"}) << step;
  }
}

TEST(StreamEvasion, MoreFalseHellosThanAreTried) {
  std::string stream = "STARTTLS\r\n";
  for (int i = 0; i < 2; ++i) stream += promise(9000 + i);
  StreamFeeder two;
  EXPECT_TRUE(two.feed(as_bytes(stream)));
  StreamFeeder three;
  EXPECT_FALSE(three.feed(as_bytes(stream + tls_hello("wechat.com"))));
  EXPECT_EQ(three.error(), ParseError::tls_too_many_hellos);
}

// What was judged is told once, though a false hello in front of it is still waited for.
TEST(Stream, AHelloBehindAFalseOneIsToldOnce) {
  const std::string stream = "STARTTLS\r\n" + promise(9000) + tls_hello("a.example");
  StreamFeeder feeder;
  feeder.feed(as_bytes(stream));
  for (int more = 1; more < 50; ++more) {
    const std::string longer = stream + std::string(static_cast<std::size_t>(more), 'x');
    feeder.feed(as_bytes(longer));
  }
  EXPECT_EQ(feeder.names(), Names{"tls:a.example"});
}

TEST(StreamEvasion, HostsOfHttp2ThatCannotBeTold) {
  const struct {
    std::string stream;
    ParseError error;
  } kCases[] = {
      {"PRI * HTTP/2.0\r\n\r\nXX", ParseError::http_malformed},
      {http2_block(test::byte_vector("\x80")), ParseError::http_malformed},
      {http2({}) + std::string(as_text(test::http2_frame(test::kContinuation, 4, 1))),
       ParseError::http_malformed},
      {http2_fields({{"host", std::string(5000, 'a')}}), ParseError::http_too_large},
      {http2({}) + "\xff\xff\xff\1" + bytes({4, 0, 0, 0, 1}), ParseError::http_too_large},
      {http2_fields({{"host", "a"}, {"host", "b"}, {"host", "c"}, {"host", "d"}, {"host", "e"}}),
       ParseError::http_too_many_hosts}};
  for (const auto& one : kCases) {
    StreamFeeder feeder;
    EXPECT_FALSE(feeder.feed(as_bytes(one.stream)));
    EXPECT_EQ(feeder.error(), one.error);
    EXPECT_TRUE(feeder.names().empty());
  }
}

TEST(Stream, TheSearchHasAnEnd) {
  StreamFeeder feeder;
  EXPECT_TRUE(feeder.feed(as_bytes("SSH-2.0-x\r\n" + std::string(kMaxSearch / 2, 'x'))));
  EXPECT_FALSE(feeder.feed(as_bytes("SSH-2.0-x\r\n" + std::string(kMaxSearch, 'x'))));
  EXPECT_TRUE(feeder.names().empty());
}

}  // namespace
}  // namespace sluice::inspect
