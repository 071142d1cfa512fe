#include "filters/tls/record.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "tests/support/packet_builder.h"

namespace sluice::tls {
namespace {

using test::ByteVector;
using test::tls_records;

class Record : public testing::Test {
 protected:
  HelloRead read(Bytes stream) { return read_client_hello(stream, scratch_); }
  // The server name, or the error.
  std::string outcome(Bytes stream) {
    const HelloRead result = read(stream);
    if (!result.hello) return "error: " + std::string(to_string(result.hello.error()));
    return std::string(result.hello->server_name);
  }

  std::array<std::byte, kMaxClientHello + kHandshakeHeaderBytes> scratch_;
};

// A hello whose handshake message has this size.
ByteVector hello_of_size(std::size_t size) {
  const std::size_t least = test::client_hello("wechat.com", {.padding = 1}).size() - 1;
  return test::client_hello("wechat.com", {.padding = size - least});
}

ByteVector one_by_one(Bytes handshake) {
  return tls_records(handshake, std::vector<std::size_t>(handshake.size(), 1));
}

bool lies_in(std::string_view view, Bytes home) {
  const std::string_view all = as_text(home);
  return view.data() >= all.data() && view.data() + view.size() <= all.data() + all.size();
}

TEST_F(Record, AHelloInOneRecordIsAViewIntoTheStream) {
  const ByteVector stream = tls_records(test::client_hello("wechat.com"));
  const HelloRead result = read(stream);
  ASSERT_TRUE(result.hello);
  EXPECT_EQ(result.hello->server_name, "wechat.com");
  EXPECT_TRUE(lies_in(result.hello->server_name, stream));
  EXPECT_EQ(result.consumed, stream.size());
}

TEST_F(Record, AHelloInManyRecordsIsJoined) {
  const ByteVector stream = tls_records(test::client_hello("wechat.com"), {3, 1, 60});
  const HelloRead result = read(stream);
  ASSERT_TRUE(result.hello);
  EXPECT_EQ(result.hello->server_name, "wechat.com");
  EXPECT_TRUE(lies_in(result.hello->server_name, scratch_));
  EXPECT_EQ(result.consumed, stream.size());
}

TEST_F(Record, CutsAtEveryByteHideNoName) {
  const ByteVector hello = test::client_hello("wechat.com");
  for (std::size_t cut = 1; cut < hello.size(); ++cut) {
    ASSERT_EQ(outcome(tls_records(hello, {cut})), "wechat.com") << cut;
  }
  EXPECT_EQ(outcome(one_by_one(hello)), "wechat.com");
}

TEST_F(Record, WhatFollowsTheHelloIsNotConsumed) {
  ByteVector stream = tls_records(test::client_hello("wechat.com"), {50});
  const std::size_t size = stream.size();
  test::append(stream, as_bytes("\x14\x03\x03"));
  EXPECT_EQ(read(stream).consumed, size);
}

TEST_F(Record, TheRestOfItsRecordIsConsumedWithTheHello) {
  ByteVector handshake = test::client_hello("wechat.com");
  test::append(handshake, as_bytes("more"));
  const ByteVector stream = tls_records(handshake);
  EXPECT_EQ(read(stream).consumed, stream.size());
  // As far as it is there.
  EXPECT_EQ(read(Bytes(stream).first(stream.size() - 2)).consumed, stream.size() - 2);
}

TEST_F(Record, HoldsTheLongestHello) {
  const ByteVector longest = hello_of_size(kMaxClientHello + kHandshakeHeaderBytes);
  // A record holds no more than 2^14 bytes, and the slack that some servers leave.
  EXPECT_EQ(outcome(tls_records(longest, {16384, 16384, 16384})), "wechat.com");
  EXPECT_EQ(outcome(tls_records(longest, {1, 16640, 16640, 16640})), "wechat.com");
  EXPECT_EQ(outcome(tls_records(longest, std::vector<std::size_t>(5000, 21))), "wechat.com");
  EXPECT_EQ(outcome(tls_records(longest, {16641, 16384, 16384})), "error: malformed");
}

TEST_F(Record, RefusesAHelloInMoreRecordsThanItsBoundHolds) {
  const ByteVector fits = one_by_one(hello_of_size(13653));
  const ByteVector too_long = one_by_one(hello_of_size(13654));
  ASSERT_LE(fits.size(), kMaxHelloStream);
  ASSERT_GT(too_long.size(), kMaxHelloStream);
  EXPECT_EQ(outcome(fits), "wechat.com");
  EXPECT_EQ(outcome(Bytes(too_long).first(kMaxHelloStream)), "error: too_large");
}

TEST_F(Record, RefusesAHelloOverItsBoundOnceItsHeaderIsThere) {
  const ByteVector stream = tls_records(hello_of_size(kMaxClientHello + 5), {1, 1, 1, 1});
  EXPECT_EQ(outcome(stream), "error: too_large");
  EXPECT_EQ(outcome(Bytes(stream).first(4 * (kRecordHeaderBytes + 1))), "error: too_large");
}

// The versions of records say nothing (RFC 8446 section 5.1), and servers do not look at them.
TEST_F(Record, OddRecordVersionsHideNoName) {
  for (const unsigned version : {0x0300U, 0x0301U, 0x0304U, 0x0305U, 0x03ffU, 0x0000U, 0x0f0fU}) {
    ByteVector stream = tls_records(test::client_hello("wechat.com"), {100});
    for (const std::size_t record : {std::size_t{0}, kRecordHeaderBytes + 100}) {
      stream[record + 1] = static_cast<std::byte>(version >> 8);
      stream[record + 2] = static_cast<std::byte>(version & 0xff);
    }
    EXPECT_TRUE(may_be_tls(stream)) << version;
    EXPECT_EQ(outcome(stream), "wechat.com") << version;
  }
}

TEST_F(Record, RefusesOtherRecordsBetweenFragments) {
  const std::size_t second = kRecordHeaderBytes + 100;
  ByteVector stream = tls_records(test::client_hello("wechat.com"), {100});
  stream[second] = std::byte{21};  // an alert
  EXPECT_EQ(outcome(stream), "error: malformed");
  stream[second] = std::byte{22};
  stream[second + 1] = std::byte{0x10};
  EXPECT_EQ(outcome(stream), "error: malformed");
}

const std::string_view kEmpty("\x16\x03\x01\0\0", 5);
const std::string_view kChangeCipherSpec("\x14\x03\x03\0\1\1", 6);
const std::string_view kAlert("\x15\x03\x01\0\2\1\x70", 7);

// OpenSSL steps over empty records, GnuTLS over ChangeCipherSpec.
TEST_F(Record, IdleRecordsBetweenFragmentsHideNoName) {
  const ByteVector hello = test::client_hello("wechat.com");
  for (const std::size_t first : {1U, 2U, 3U, 4U, 5U, 100U}) {
    for (const std::string_view idle : {kEmpty, kChangeCipherSpec}) {
      for (const std::size_t count : {1U, 2U, 32U}) {
        ByteVector stream = tls_records(Bytes(hello).first(first));
        for (std::size_t i = 0; i < count; ++i) test::append(stream, as_bytes(idle));
        test::append(stream, tls_records(Bytes(hello).subspan(first), {1, 1}));
        EXPECT_EQ(outcome(stream), "wechat.com") << first << ' ' << count;
        EXPECT_EQ(read(stream).consumed, stream.size());
      }
    }
  }
}

TEST_F(Record, FindsTheRecordsThatServersStepOverInFrontOfAHello) {
  for (const std::string_view idle : {kEmpty, kChangeCipherSpec, kAlert}) {
    EXPECT_EQ(find_idle_record(as_bytes(idle)).is, Detection::yes);
    EXPECT_EQ(find_idle_record(as_bytes(idle)).size, idle.size());
    for (std::size_t size = 0; size < kRecordHeaderBytes; ++size) {
      EXPECT_EQ(find_idle_record(as_bytes(idle.substr(0, size))).is, Detection::maybe);
    }
  }
  for (const std::string_view other :
       {std::string_view("\x17\3\1\0\0", 5), std::string_view("\x16\3\1\0\1", 5),
        std::string_view("\x14\3\1\0\2", 5), std::string_view("\x15\3\1\0\3", 5),
        std::string_view("\x16\x10"), std::string_view("G")}) {
    EXPECT_EQ(find_idle_record(as_bytes(other)).is, Detection::no);
  }
}

// GnuTLS answers the first with a HelloRetryRequest and then reads the second.
TEST_F(Record, RefusesAnotherHelloInTheSameRecord) {
  ByteVector both = test::client_hello("good.example");
  const std::size_t first = both.size();
  test::append(both, test::client_hello("wechat.com"));
  for (const ByteVector& stream : {tls_records(both), tls_records(both, {50})}) {
    EXPECT_EQ(outcome(stream), "error: malformed");
  }
  const std::size_t behind = kRecordHeaderBytes + first;
  EXPECT_EQ(read(Bytes(tls_records(both)).first(behind)).needed, behind + 1);
}

TEST_F(Record, RefusesRecordsOverTheirLength) {
  ByteVector stream = tls_records(test::client_hello("wechat.com"));
  stream[3] = std::byte{0x41};  // 2^14 + 256 and more
  stream[4] = std::byte{0x01};
  EXPECT_EQ(outcome(stream), "error: malformed");
}

TEST_F(Record, ABadHelloIsBadInAnyRecords) {
  ByteVector hello = test::client_hello("wechat.com");
  hello[4 + 2 + 32] = std::byte{33};  // a session id of 33 bytes
  EXPECT_EQ(outcome(tls_records(hello)), "error: malformed");
  EXPECT_EQ(outcome(one_by_one(hello)), "error: malformed");
}

TEST_F(Record, TellsOtherProtocols) {
  for (const std::string_view text : {"GET / HTTP/1.1\r\n", "\x17\x03\x03", "\x16\x10", "\x80"}) {
    EXPECT_EQ(outcome(as_bytes(text)), "error: not_client_hello");
    EXPECT_FALSE(may_be_tls(as_bytes(text)));
  }
  ByteVector server_hello = test::client_hello("a.example");
  server_hello[0] = std::byte{2};
  EXPECT_EQ(outcome(tls_records(server_hello)), "error: not_client_hello");
  EXPECT_FALSE(may_be_tls(tls_records(server_hello)));
}

TEST_F(Record, MayBeTlsIsTrueAtEveryLengthOfAHello) {
  const ByteVector stream = tls_records(test::client_hello("wechat.com"), {1});
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    EXPECT_TRUE(may_be_tls(Bytes(stream).first(size))) << size;
  }
}

// Every prefix needs more, or says what the whole stream says; and no hello is found in fewer
// bytes than a prefix said that it needs.
TEST_F(Record, AnswersAreTheSameHoweverTheStreamIsSplit) {
  const ByteVector hello = test::client_hello("wechat.com", {.padding = 40});
  std::mt19937 random(7);
  std::vector<ByteVector> streams = {tls_records(hello), one_by_one(hello),
                                     tls_records(hello, {4, 4})};
  for (int round = 0; round < 100; ++round) {
    std::vector<std::size_t> sizes(random() % 6);
    for (std::size_t& size : sizes) size = 1 + random() % 60;
    streams.push_back(tls_records(hello, sizes));
    streams.push_back(streams.back());
    streams.back()[random() % streams.back().size()] = static_cast<std::byte>(random());
  }
  for (const ByteVector& stream : streams) {
    const std::string expected = outcome(stream);
    std::size_t needed = 0;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
      const HelloRead result = read(Bytes(stream).first(size));
      if (result.hello) {
        ASSERT_GE(size, needed);
      } else if (result.hello.error() == HelloError::need_more) {
        ASSERT_GT(result.needed, size);
        needed = std::max(needed, result.needed);
        continue;
      }
      ASSERT_EQ(outcome(Bytes(stream).first(size)), expected) << size;
    }
  }
}

TEST_F(Record, RandomFlipsKeepViewsInside) {
  std::mt19937 random(8);
  const ByteVector hello = test::client_hello("web.wechat.com", {.ech = true});
  for (int round = 0; round < 20000; ++round) {
    ByteVector bytes = round % 2 == 0 ? tls_records(hello) : tls_records(hello, {5, 70});
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    }
    const HelloRead result = read(bytes);
    if (!result.hello) continue;
    ASSERT_LE(result.consumed, bytes.size());
    for (const std::string_view view : {result.hello->server_name, result.hello->first_alpn}) {
      ASSERT_TRUE(view.empty() || lies_in(view, bytes) || lies_in(view, scratch_));
    }
  }
}

}  // namespace
}  // namespace sluice::tls
