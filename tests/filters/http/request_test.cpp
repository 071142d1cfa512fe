#include "filters/http/request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::http {
namespace {

using Hosts = std::vector<std::string>;

// The hosts, or the error as the only one.
Hosts hosts_of(std::string_view stream) {
  const auto request = parse_request(as_bytes(stream));
  if (!request) return {"error: " + std::string(to_string(request.error()))};
  Hosts hosts;
  for (std::size_t i = 0; i < request->host_count; ++i) hosts.emplace_back(request->hosts[i]);
  return hosts;
}

Hosts error(RequestError code) {
  return {"error: " + std::string(to_string(code))};
}

const Hosts kWechat = {"wechat.com"};
const Hosts kNotHttp = error(RequestError::not_http);
const Hosts kTooMany = error(RequestError::too_many_hosts);

TEST(Request, ReadsAHead) {
  const std::string head = test::http_request("Web.WeChat.com:8080");
  const std::string stream = head + "body";
  const auto request = parse_request(as_bytes(stream));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/");
  EXPECT_EQ(hosts_of(stream), Hosts{"Web.WeChat.com:8080"});  // as sent
  EXPECT_EQ(request->head_size, head.size());
  EXPECT_TRUE(request->is_whole);
}

TEST(Request, AHeadWithoutHostNamesNothing) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.0\r\n\r\n"), Hosts{});
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHostile: wechat.com\r\nX-Host: wechat.com\r\n\r\n"),
            Hosts{});
}

TEST(Request, WithoutPortCutsTheHostAsServersDo) {
  EXPECT_EQ(without_port("wechat.com:80"), "wechat.com");
  EXPECT_EQ(without_port("wechat.com"), "wechat.com");
  EXPECT_EQ(without_port("wechat.com:"), "wechat.com");
  EXPECT_EQ(without_port("wechat.com:80:90"), "wechat.com");
  EXPECT_EQ(without_port("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(without_port("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(without_port("[2001"), "[2001");
  EXPECT_EQ(without_port(""), "");
}

// Each is a way to write a request that some server takes.

TEST(RequestEvasion, AnyCaseAndBlanksAroundTheField) {
  for (const char* field : {"host:wechat.com", "HOST:  wechat.com  ", "hOsT:\twechat.com\t",
                            "Host : wechat.com", "Host\t: wechat.com"}) {
    EXPECT_EQ(hosts_of(std::string("GET / HTTP/1.1\r\n") + field + "\r\n\r\n"), kWechat) << field;
  }
}

TEST(RequestEvasion, LinesThatEndInLfOnly) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\nHost: wechat.com\n\n"), kWechat);
}

TEST(RequestEvasion, LinesThatEndInManyCrs) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHost: wechat.com\r\r\r\n\r\n"), kWechat);
  // Not the end of the head.
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\n\r\r\nHost: wechat.com\r\n\r\n"), kWechat);
}

TEST(RequestEvasion, EmptyLinesInFront) {
  for (const char* line_end : {"\r\n", "\n", "\r", "\r\r\n"}) {
    std::string front;
    for (int i = 0; i < 30; ++i) {
      front += line_end;
      EXPECT_EQ(hosts_of(front), error(RequestError::need_more));
      EXPECT_EQ(hosts_of(front + test::http_request("wechat.com")), kWechat) << i;
    }
  }
  EXPECT_EQ(hosts_of(std::string(kMaxHead, '\n')), error(RequestError::too_large));
}

TEST(RequestEvasion, OddVersions) {
  for (const char* version : {"HTTP/1.0", "HTTP/1.9", "http/1.1", "HTTP/1.10", "HTTP/1.999",
                              "HTTP/2.0", "HTTP/3.7", "HTTP/0.9", "RTSP/1.0", "ICE/1.0"}) {
    EXPECT_EQ(hosts_of(std::string("GET / ") + version + "\r\nHost: wechat.com\r\n\r\n"), kWechat)
        << version;
  }
  EXPECT_EQ(hosts_of("GET /\r\nHost: wechat.com\r\n\r\n"), kWechat);  // none
  EXPECT_EQ(hosts_of("GET http://wechat.com/\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("POST *\r\nHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET x\r\nHost: wechat.com\r\n\r\n"), kWechat);
}

TEST(RequestEvasion, BlanksInTheRequestLine) {
  EXPECT_EQ(hosts_of("GET   /   HTTP/1.1  \r\nHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET /a b HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
  for (const char blank : {'\t', '\r', '\v', '\f', '\x1c', '\x1f', '\x85', '\xa0'}) {
    std::string request = "GET_/_HTTP/1.1\r\nHost: wechat.com\r\n\r\n";
    std::ranges::replace(request, '_', blank);
    EXPECT_EQ(hosts_of(request), kWechat) << int{blank};
    EXPECT_EQ(hosts_of(blank + request), kWechat) << int{blank};
  }
}

TEST(RequestEvasion, AHostBehindACrAlone) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nX: y\rHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nX: y\rA: b\rhost: wechat.com\r\r\n\r\n"), kWechat);
}

TEST(RequestEvasion, MethodsThatNobodyKnows) {
  EXPECT_EQ(hosts_of("M-SEARCH / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("FOO_BAR / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
  // nginx refuses these, Go and Apache do not.
  EXPECT_EQ(hosts_of("get / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("G / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("connect wechat.com:443 HTTP/1.1\r\n\r\n"), Hosts{"wechat.com:443"});
  for (const std::size_t size : {70U, 300U, 15'000U}) {
    EXPECT_EQ(hosts_of(std::string(size, 'A') + " / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"),
              kWechat);
  }
  EXPECT_EQ(hosts_of("(GET) / HTTP/1.1\r\nHost: wechat.com\r\n\r\n"), kWechat);
}

TEST(RequestEvasion, ASecondHost) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHost: a.example\r\nHost: wechat.com\r\n\r\n"),
            (Hosts{"a.example", "wechat.com"}));
}

TEST(RequestEvasion, AnAbsoluteTargetBesideTheHost) {
  EXPECT_EQ(hosts_of("GET http://wechat.com/ HTTP/1.1\r\nHost: a.example\r\n\r\n"),
            (Hosts{"a.example", "wechat.com"}));
  EXPECT_EQ(hosts_of("GET http://a.example@wechat.com?x HTTP/1.1\r\n\r\n"),
            Hosts{"a.example@wechat.com"});
  EXPECT_EQ(hosts_of("GET ws://wechat.com:80#@a.example/ HTTP/1.1\r\n\r\n"),
            Hosts{"wechat.com:80"});
  EXPECT_EQ(hosts_of("GET http:///\\/wechat.com/ HTTP/1.1\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET http:// wechat.com /x HTTP/1.1\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("CONNECT wechat.com:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"),
            (Hosts{"a.example", "wechat.com:443"}));
}

TEST(RequestEvasion, AUrlInsideThePathIsNoHost) {
  for (const char* target :
       {"/http://wechat.com/", "/?u=http://wechat.com", "x?u=http://wechat.com"}) {
    EXPECT_EQ(hosts_of(std::string("GET ") + target + " HTTP/1.1\r\nHost: a.example\r\n\r\n"),
              Hosts{"a.example"})
        << target;
  }
}

TEST(RequestEvasion, AValueOnTheNextLine) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHost:\r\n wechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHost:\r\n \r\n\twechat.com\r\n\r\n"), kWechat);
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nHost: a.example\r\n b\r\nHost: wechat.com\r\n\r\n"),
            (Hosts{"a.example", "wechat.com"}));
}

TEST(RequestEvasion, ARequestBehindAFoldedLineOfAnotherField) {
  EXPECT_EQ(hosts_of("GET / HTTP/1.1\r\nX: y\r\n z\r\nHost: wechat.com\r\n\r\n"), kWechat);
}

TEST(RequestEvasion, MoreHostsThanItsBound) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (const char* host : {"a", "b", "c", "d"}) head += std::string("Host: ") + host + "\r\n";
  EXPECT_EQ(hosts_of(head + "\r\n"), (Hosts{"a", "b", "c", "d"}));
  EXPECT_EQ(hosts_of(head + "Host: A\r\nHost: d\r\n\r\n"), (Hosts{"a", "b", "c", "d"}));
  EXPECT_EQ(hosts_of(head + "Host: wechat.com\r\n\r\n"), kTooMany);
  EXPECT_EQ(hosts_of(head + "Host: wechat.com\r\nX"), kTooMany);  // at once
  head.replace(0, 5, "GET http://wechat.com/");
  EXPECT_EQ(hosts_of(head + "\r\n"), kTooMany);
}

// An empty value may go on in the next line, so it is not a fifth host yet.
TEST(RequestEvasion, AnEmptyFifthHostIsNotCountedBeforeItsNextLine) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nHost: c\r\nHost: d\r\nHost:\r\n";
  EXPECT_EQ(hosts_of(head), error(RequestError::need_more));
  EXPECT_EQ(hosts_of(head + " d\r\n\r\n"), (Hosts{"a", "b", "c", "d"}));
  EXPECT_EQ(hosts_of(head + " e\r\n\r\n"), kTooMany);
  EXPECT_EQ(hosts_of(head + "\r\n"), kTooMany);
}

// A long head is read in pieces: the hosts of all of them, and the pieces.
struct LongHead {
  Hosts hosts;
  int pieces = 0;
  Framing framing;
};

LongHead read_long(std::string_view stream) {
  LongHead head;
  const auto keep = [&](const Request& request) {
    for (std::size_t i = 0; i < request.host_count; ++i) head.hosts.emplace_back(request.hosts[i]);
    ++head.pieces;
    head.framing = request.framing;
    stream.remove_prefix(request.head_size);
    return !request.is_whole;
  };
  auto request = parse_request(as_bytes(stream));
  while (request && keep(*request)) request = continue_request(as_bytes(stream), head.framing);
  if (!request) head.hosts = {"error: " + std::string(to_string(request.error()))};
  return head;
}

std::string many_fields(std::size_t bytes) {
  std::string fields;
  while (fields.size() < bytes) fields += "Cookie: " + std::string(100, 'x') + "\r\n";
  return fields;
}

TEST(RequestEvasion, AHostInFrontOfALongHead) {
  const std::string long_field = "X: " + std::string(kMaxHead, 'x');
  const std::string stream = "GET / HTTP/1.1\r\nHost: wechat.com\r\n" + long_field;
  EXPECT_EQ(hosts_of(stream.substr(0, kMaxHead - 1)), error(RequestError::need_more));
  EXPECT_EQ(hosts_of(stream.substr(0, kMaxHead)), kWechat);
  const auto request = parse_request(as_bytes(stream));
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->is_whole);
  EXPECT_EQ(request->head_size, stream.size() - long_field.size());
}

TEST(RequestEvasion, AHostBehindALongHead) {
  const std::string host = "Host: wechat.com\r\n\r\n";
  for (const std::size_t bytes : {kMaxHead - 40, kMaxHead, kMaxHead + 20, 5 * kMaxHead}) {
    EXPECT_EQ(read_long("GET / HTTP/1.1\r\n" + many_fields(bytes) + host).hosts, kWechat) << bytes;
  }
  EXPECT_EQ(read_long("GET / HTTP/1.1\r\n" + many_fields(5 * kMaxHead) + host).pieces, 6);
}

TEST(RequestEvasion, AHostBehindALongLine) {
  for (const std::size_t bytes : {kMaxHead, kMaxHead + 1, 3 * kMaxHead}) {
    const std::string line = "X: " + std::string(bytes, 'x') + "\r\n";
    EXPECT_EQ(read_long("GET / HTTP/1.1\r\n" + line + "Host: wechat.com\r\n\r\n").hosts, kWechat);
    // Folded lines of one field are a line, too.
    EXPECT_EQ(read_long("GET / HTTP/1.1\r\nX: y\r\n " + line + "Host: wechat.com\r\n\r\n").hosts,
              bytes < kMaxHead ? kWechat : error(RequestError::too_large));
  }
}

TEST(RequestEvasion, ALineOfInterestThatIsTooLong) {
  const std::string padding(kMaxHead, ' ');
  const Hosts too_large = error(RequestError::too_large);
  EXPECT_EQ(read_long("GET / HTTP/1.1\r\nHost:" + padding + "wechat.com\r\n\r\n").hosts, too_large);
  EXPECT_EQ(read_long("GET / HTTP/1.1\r\nHost:\r\n" + padding + "wechat.com\r\n\r\n").hosts,
            too_large);
  EXPECT_EQ(hosts_of("GET /" + std::string(kMaxHead, 'x')), too_large);
  EXPECT_EQ(hosts_of("GET http://wechat.com/" + std::string(kMaxHead, 'x')), too_large);
  // A name in the target is known, however long the head is.
  EXPECT_EQ(hosts_of("GET http://wechat.com/ HTTP/1.1\r\nX: " + padding), kWechat);
}

Framing framing_of(const std::string& fields) {
  const std::string stream = "POST / HTTP/1.1\r\n" + fields + "\r\n";
  const auto request = parse_request(as_bytes(stream));
  return request ? request->framing : Framing{.ambiguous = true, .in_line = true};
}

TEST(Request, FieldsSayWhereTheBodyEnds) {
  EXPECT_EQ(framing_of(""), Framing{});
  EXPECT_EQ(framing_of("Content-Length: 5\r\n"), (Framing{.length = 5, .has_length = true}));
  EXPECT_EQ(framing_of("content-length:005\r\nContent-Length: 5\r\n"),
            (Framing{.length = 5, .has_length = true}));
  // RFC 9110 section 8.6.
  EXPECT_EQ(framing_of("Content-Length: 5, 5\r\nContent-Length:5,005 ,5\r\n"),
            (Framing{.length = 5, .has_length = true}));
  EXPECT_EQ(framing_of("Transfer-Encoding: Chunked\r\n"), Framing{.chunked = true});
  EXPECT_EQ(framing_of("Transfer-Encoding: gzip, chunked\r\n"), Framing{.chunked = true});
}

// Two servers would see the next request at two places.
TEST(RequestEvasion, ABodyThatServersMayEndElsewhere) {
  for (const char* fields :
       {"Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 6\r\n",
        "Content-Length: 5, 5\r\nContent-Length: 6\r\n", "Content-Length: 5,\r\n",
        "Content-Length: ,5\r\n", "Content-Length: 5 5\r\n", "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n", "Content-Length:\r\n", "Content-Length: 9999999999999999999\r\n",
        "Content-Length : 5\r\n", "Content-Length: 5\r\n 6\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding:\r\n chunked\r\n"}) {
    EXPECT_TRUE(framing_of(fields).ambiguous) << fields;
  }
}

TEST(Request, WhatIsNoRequestIsNotHttp) {
  for (const char* text :
       {"EHLO mail.example\r\n", "GET / HTTP\r\n", "GET / HTTP/\r\n", "GET / HTTP/.1\r\n",
        "GET / HTTP/1.1x\r\n", "GET / /1.1\r\n", "GET / a b\r\n", "{\"a\": \"http://b/\"}\r\n",
        "GET HTTP/1.1\r\n", "GET \r\n", "GET\r\n", "HTTP/1.1 200 OK\r\n", "\x16\x03\x01",
        "220 mail.example ESMTP\r\n", "a1 STARTTLS\r\n"}) {
    EXPECT_EQ(hosts_of(text), kNotHttp) << text;
  }
  EXPECT_EQ(hosts_of("{\"url\": \"http://a.example/\", " + std::string(kMaxHead, 'x')), kNotHttp);
  // Text without a line end that starts with a word: there is no target in it.
  EXPECT_EQ(hosts_of("function main(" + std::string(kMaxHead, 'x')), kNotHttp);
}

TEST(MayBeRequest, DecidesOnAsManyBytesAsAreThere) {
  EXPECT_TRUE(may_be_request({}));
  EXPECT_TRUE(may_be_request(as_bytes("G")));
  EXPECT_TRUE(may_be_request(as_bytes("GET ")));
  EXPECT_TRUE(may_be_request(as_bytes("\r")));
  EXPECT_TRUE(may_be_request(as_bytes(std::string(1000, 'A') + ' ')));
  EXPECT_FALSE(may_be_request(as_bytes("caf\xc3\xa9 ")));
  EXPECT_TRUE(may_be_request(as_bytes("GET\t/ HTTP/1.1\nX\x01")));
  EXPECT_FALSE(may_be_request(as_bytes("GET\t/ HTTP/1.1\x16\x03\x01")));
  EXPECT_FALSE(may_be_request(as_bytes("SSH-2.0-x\n")));
  EXPECT_TRUE(may_be_request(as_bytes("\r\n G")));
  EXPECT_FALSE(may_be_request(as_bytes("\r\n \x01")));
}

const std::vector<std::string>& heads() {
  static const std::vector<std::string> kHeads = {
      test::http_request("web.wechat.com:80"),
      "\r\n\nPOST http://a.example/x HTTP/1.10\r\nhost : wechat.com \r\r\nHost:\n b.example\n\n",
      "CONNECT wechat.com:443 HTTP/1.1\r\n\r\n",
      "GET /\r\nHost: a\r\nHost: b\r\nHost: c\r\nHost: d\r\nHost: e\r\n\r\n",
      "EHLO mail.example\r\n",
  };
  return kHeads;
}

TEST(RequestProperty, AnswersAreTheSameHoweverTheStreamIsSplit) {
  std::mt19937 random(9);
  constexpr std::string_view kLetters = "\r\n :\tHosthOST/@.aGET1";
  for (int round = 0; round < 5000; ++round) {
    std::string stream = heads()[static_cast<std::size_t>(round) % heads().size()];
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      stream[random() % stream.size()] = kLetters[random() % kLetters.size()];
    }
    const Hosts expected = hosts_of(stream);
    bool may_be = true;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read behind its end.
      const std::vector<char> cut(stream.begin(),
                                  stream.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string_view prefix(cut.data(), cut.size());
      const bool now = may_be_request(as_bytes(prefix));
      ASSERT_TRUE(may_be || !now) << "false is final";
      may_be = now;
      const Hosts hosts = hosts_of(prefix);
      if (hosts == error(RequestError::need_more)) continue;
      ASSERT_EQ(hosts, expected) << stream << size;
    }
  }
}

TEST(RequestProperty, RandomFlipsKeepViewsInside) {
  std::mt19937 random(10);
  for (int round = 0; round < 20000; ++round) {
    std::string stream = heads()[static_cast<std::size_t>(round) % heads().size()];
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      stream[random() % stream.size()] ^= static_cast<char>(1U << random() % 8);
    }
    const auto request = parse_request(as_bytes(stream));
    if (!request) continue;
    ASSERT_LE(request->head_size, stream.size());
    ASSERT_LE(request->host_count, kMaxHosts);
    std::vector<std::string_view> views = {request->method, request->target};
    for (std::size_t i = 0; i < request->host_count; ++i) views.push_back(request->hosts[i]);
    for (const std::string_view view : views) {
      ASSERT_TRUE(view.empty() || (view.data() >= stream.data() &&
                                   view.data() + view.size() <= stream.data() + stream.size()));
    }
  }
}

TEST(Request, ALongHeadIsReadInPartsOfWholeFields) {
  std::string stream = "GET / HTTP/1.1\r\nHost: a.example\r\n";
  while (stream.size() < kMinPart) stream += "a: b\r\n folded\r\n";
  const std::size_t end = stream.size();
  stream += "Host: wechat.com\r\n\r\n";
  HeadScan scan;
  EXPECT_EQ(find_head_end(as_bytes(stream).first(end), scan), HeadEvent::request_line);
  EXPECT_EQ(find_head_end(as_bytes(stream).first(end), scan), HeadEvent::need_more);
  EXPECT_EQ(find_head_end(as_bytes(stream).first(end + 1), scan), HeadEvent::part);
  ASSERT_EQ(scan.line, end);
  const auto part = parse_request(as_bytes(stream).first(end), {.is_part = true});
  ASSERT_TRUE(part);
  EXPECT_FALSE(part->is_whole);
  EXPECT_EQ(part->head_size, end);
  EXPECT_EQ(part->hosts[0], "a.example");
  const auto rest = continue_request(as_bytes(stream).subspan(end), part->framing);
  ASSERT_TRUE(rest && rest->is_whole);
  EXPECT_EQ(rest->hosts[0], "wechat.com");
}

TEST(Request, ALongHeadIsNotCutBeforeAFoldedLine) {
  std::string stream = "GET / HTTP/1.1\r\nHost:\r\n";
  while (stream.size() < 2 * kMinPart) stream += " \r\n";
  stream += " wechat.com\r\n\r\n";
  HeadScan scan;
  EXPECT_EQ(find_head_end(as_bytes(stream), scan), HeadEvent::request_line);
  EXPECT_EQ(find_head_end(as_bytes(stream), scan), HeadEvent::end);
}

}  // namespace
}  // namespace sluice::http
