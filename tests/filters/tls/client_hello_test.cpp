#include "filters/tls/client_hello.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/packet_builder.h"

namespace sluice::tls {
namespace {

using test::append;
using test::append_u16;
using test::append_u8;
using test::ByteVector;
using test::joined;
using namespace std::string_view_literals;

enum : unsigned { kServerName = 0, kAlpn = 16, kEch = 0xfe0d };

ByteVector vector16(Bytes body) {
  ByteVector result;
  append_u16(result, static_cast<unsigned>(body.size()));
  append(result, body);
  return result;
}

ByteVector extension(unsigned type, Bytes body) {
  ByteVector result;
  append_u16(result, type);
  append(result, vector16(body));
  return result;
}

// An entry of a server_name list: its type, its name.
ByteVector entry(unsigned type, std::string_view name) {
  ByteVector result;
  append_u8(result, type);
  append(result, vector16(as_bytes(name)));
  return result;
}

ByteVector server_name(std::string_view name) {
  return extension(kServerName, vector16(entry(0, name)));
}

ByteVector handshake(Bytes body) {
  ByteVector result;
  append_u8(result, 1);
  append_u8(result, static_cast<unsigned>(body.size() >> 16));
  append_u16(result, static_cast<unsigned>(body.size() & 0xffff));
  append(result, body);
  return result;
}

// What stands before the extensions; each part may be a bad one.
struct Head {
  std::size_t session_id = 32;
  std::string_view ciphers = "\x13\x01";
  std::string_view compressions = "\0"sv;
};

ByteVector body_with(const Head& head) {
  ByteVector body;
  append_u16(body, 0x0303);
  body.resize(body.size() + 32);
  append_u8(body, static_cast<unsigned>(head.session_id));
  body.resize(body.size() + head.session_id);
  append(body, vector16(as_bytes(head.ciphers)));
  append_u8(body, static_cast<unsigned>(head.compressions.size()));
  append(body, as_bytes(head.compressions));
  return body;
}

ByteVector hello_with(Bytes extensions, const Head& head = {}) {
  return handshake(joined({body_with(head), vector16(extensions)}));
}

// The server name, "-" where there is none, or the error.
std::string outcome(Bytes bytes) {
  const auto hello = parse_client_hello(bytes);
  if (!hello) return "error: " + std::string(to_string(hello.error()));
  return hello->has_server_name ? std::string(hello->server_name) : "-";
}

constexpr std::string_view kMalformed = "error: malformed";

TEST(ClientHello, ReadsWhatItReveals) {
  const ByteVector bytes = test::client_hello("Web.WeChat.com");
  const auto hello = parse_client_hello(bytes);
  ASSERT_TRUE(hello);
  EXPECT_TRUE(hello->has_server_name);
  EXPECT_EQ(hello->server_name, "Web.WeChat.com");  // as sent
  EXPECT_EQ(hello->first_alpn, "h2");
  EXPECT_FALSE(hello->has_ech);
  EXPECT_TRUE(parse_client_hello(test::client_hello("a.example", {.ech = true}))->has_ech);
}

TEST(ClientHello, NamesNothingWithoutTheExtension) {
  EXPECT_EQ(outcome(test::client_hello("")), "-");
  EXPECT_EQ(outcome(hello_with({})), "-");
  EXPECT_EQ(outcome(handshake(body_with({}))), "-");  // no extensions at all, as before TLS 1.3
}

TEST(ClientHello, EntriesOfOtherTypesHideNoName) {
  const ByteVector list = joined({entry(7, "decoy.example"), entry(0, "wechat.com"), entry(8, "")});
  EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16(list)))), "wechat.com");
  EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16(entry(7, "decoy"))))), "-");
}

TEST(ClientHello, UnknownExtensionsHideNoName) {
  const ByteVector grease = extension(0x0a0a, {});
  EXPECT_EQ(outcome(hello_with(joined({grease, server_name("wechat.com"), grease}))), "wechat.com");
}

TEST(ClientHello, ANameBehindManyExtensionsIsRead) {
  ByteVector extensions;
  for (unsigned type = 100; type < 3000; ++type) append(extensions, extension(type, {}));
  append(extensions, server_name("wechat.com"));
  EXPECT_EQ(outcome(hello_with(extensions)), "wechat.com");
}

TEST(ClientHello, BytesBehindItAreLeftAlone) {
  EXPECT_EQ(outcome(joined({test::client_hello("wechat.com"), test::byte_vector("more")})),
            "wechat.com");
}

TEST(ClientHello, TellsOtherMessagesByTheirFirstByte) {
  EXPECT_EQ(outcome(as_bytes("\x02")), "error: not_client_hello");
  EXPECT_EQ(outcome(as_bytes("GET / HTTP/1.1\r\n")), "error: not_client_hello");
  EXPECT_EQ(outcome({}), "error: need_more");
}

TEST(ClientHello, RefusesLengthsOverItsBound) {
  ByteVector hello = test::client_hello("a.example", {.padding = kMaxClientHello});
  EXPECT_EQ(outcome(hello), "error: too_large");
  EXPECT_EQ(outcome(Bytes(hello).first(4)), "error: too_large");  // at once
  const std::size_t other = test::client_hello("a.example", {.padding = 1}).size() - 1;
  const std::size_t padding = kMaxClientHello + kHandshakeHeaderBytes - other;
  hello = test::client_hello("a.example", {.padding = padding});
  EXPECT_EQ(hello.size(), kMaxClientHello + kHandshakeHeaderBytes);
  EXPECT_EQ(outcome(hello), "a.example");
  EXPECT_EQ(outcome(test::client_hello("a.example", {.padding = padding + 1})), "error: too_large");
}

// What we refuse: client_hello.cpp.

TEST(ClientHelloRefuses, ASecondServerNameExtension) {
  EXPECT_EQ(outcome(hello_with(joined({server_name("good.example"), server_name("wechat.com")}))),
            kMalformed);
}

TEST(ClientHelloRefuses, ASecondHostNameInTheList) {
  const ByteVector list = joined({entry(0, "good.example"), entry(0, "wechat.com")});
  EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16(list)))), kMalformed);
}

// OpenSSL, nginx and Python serve it as if the extension were absent.
TEST(ClientHello, AnEmptyHostNameIsNone) {
  const auto hello = parse_client_hello(hello_with(server_name("")));
  ASSERT_TRUE(hello);
  EXPECT_FALSE(hello->has_server_name);
}

TEST(ClientHelloRefuses, ASecondHostNameBehindAnEmptyOne) {
  for (const auto& [one, other] : {std::pair{"", "wechat.com"}, {"wechat.com", ""}}) {
    const ByteVector list = joined({entry(0, one), entry(0, other)});
    EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16(list)))), kMalformed);
  }
}

TEST(ClientHelloRefuses, AnEmptyServerNameList) {
  EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16({})))), kMalformed);
  EXPECT_EQ(outcome(hello_with(extension(kServerName, {}))), kMalformed);
}

TEST(ClientHelloRefuses, AServerNameListShorterThanItsExtension) {
  const ByteVector tail = joined({vector16(entry(0, "good.example")), entry(0, "wechat.com")});
  EXPECT_EQ(outcome(hello_with(extension(kServerName, tail))), kMalformed);
}

TEST(ClientHelloRefuses, AServerNameListLongerThanItsExtension) {
  ByteVector list = vector16(entry(0, "wechat.com"));
  list[1] = std::byte{0xff};
  EXPECT_EQ(outcome(hello_with(extension(kServerName, list))), kMalformed);
}

TEST(ClientHelloRefuses, ANameLongerThanItsList) {
  ByteVector names = entry(0, "wechat.com");
  names[2] = std::byte{11};
  EXPECT_EQ(outcome(hello_with(extension(kServerName, vector16(names)))), kMalformed);
}

TEST(ClientHelloRefuses, ASecondAlpnOrEchExtension) {
  const ByteVector alpn = extension(kAlpn, as_bytes("\0\3\2h2"sv));
  EXPECT_EQ(outcome(hello_with(alpn)), "-");
  EXPECT_EQ(outcome(hello_with(joined({alpn, alpn}))), kMalformed);
  const ByteVector ech = extension(kEch, as_bytes("x"));
  EXPECT_EQ(outcome(hello_with(joined({ech, ech}))), kMalformed);
}

TEST(ClientHelloRefuses, AlpnWhoseLengthsDoNotAddUp) {
  for (const std::string_view alpn : {""sv, "\0\0"sv, "\0\1\0"sv, "\0\3\3h2"sv, "\0\3\2h2x"sv}) {
    EXPECT_EQ(outcome(hello_with(extension(kAlpn, as_bytes(alpn)))), kMalformed);
  }
}

TEST(ClientHelloRefuses, ExtensionsThatEndBeforeTheHelloDoes) {
  const ByteVector body = joined({body_with({}), vector16(server_name("good.example"))});
  EXPECT_EQ(outcome(handshake(joined({body, server_name("wechat.com")}))), kMalformed);
}

TEST(ClientHelloRefuses, ExtensionsThatGoOnBehindTheHello) {
  ByteVector extensions = vector16(server_name("wechat.com"));
  extensions[1] ^= std::byte{0x40};
  const ByteVector hello = handshake(joined({body_with({}), extensions}));
  EXPECT_EQ(outcome(joined({hello, ByteVector(200)})), kMalformed);
}

TEST(ClientHelloRefuses, AnExtensionLongerThanTheirBlock) {
  ByteVector last = server_name("wechat.com");
  last[3] ^= std::byte{0x40};
  EXPECT_EQ(outcome(hello_with(last)), kMalformed);
  EXPECT_EQ(outcome(hello_with(as_bytes("\0\0\0"sv))), kMalformed);  // half a header
}

TEST(ClientHelloRefuses, HeadsThatNoServerAccepts) {
  const ByteVector name = server_name("wechat.com");
  EXPECT_EQ(outcome(hello_with(name, {.session_id = 0})), "wechat.com");
  EXPECT_EQ(outcome(hello_with(name, {.session_id = 33})), kMalformed);
  EXPECT_EQ(outcome(hello_with(name, {.ciphers = ""})), kMalformed);
  EXPECT_EQ(outcome(hello_with(name, {.ciphers = "\x13\x01\x13"})), kMalformed);
  EXPECT_EQ(outcome(hello_with(name, {.compressions = ""})), kMalformed);
}

TEST(ClientHelloProperty, EveryPrefixNeedsMore) {
  const ByteVector whole = test::client_hello("web.wechat.com", {.ech = true, .padding = 50});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ByteVector cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(outcome(cut), "error: need_more") << size;
  }
}

// Wherever a length says that the hello ends, nothing is read behind it.
TEST(ClientHelloProperty, EveryShortenedBodyIsRefused) {
  const ByteVector whole = hello_with(server_name("wechat.com"));
  const Bytes body = Bytes(whole).subspan(kHandshakeHeaderBytes);
  const std::size_t without_extensions = body_with({}).size();
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_EQ(outcome(handshake(body.first(size))), size == without_extensions ? "-" : kMalformed)
        << size;
  }
}

TEST(ClientHelloProperty, RandomFlipsKeepViewsInside) {
  std::mt19937 random(5);
  const ByteVector whole = test::client_hello("web.wechat.com", {.ech = true});
  const auto lies_in = [](std::string_view view, const ByteVector& home) {
    const std::string_view all = as_text(home);
    return view.empty() ||
           (view.data() >= all.data() && view.data() + view.size() <= all.data() + all.size());
  };
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = whole;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    }
    const auto hello = parse_client_hello(bytes);
    if (!hello) continue;
    ASSERT_TRUE(lies_in(hello->server_name, bytes) && lies_in(hello->first_alpn, bytes));
    ASSERT_EQ(hello->has_server_name, !hello->server_name.empty());
  }
}

}  // namespace
}  // namespace sluice::tls
