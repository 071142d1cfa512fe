#include "filters/mmtls/hello.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/packet_builder.h"

namespace sluice::mmtls {
namespace {

using test::ByteVector;

ByteVector head(std::initializer_list<unsigned> values) {
  ByteVector bytes;
  for (const unsigned byte : values) test::append_u8(bytes, byte);
  return bytes;
}

// As in public captures: a handshake of one round trip, and one that sends early data.
const ByteVector kHandshake =
    head({0x16, 0xf1, 4, 1, 0x6e, 0, 0, 1, 0x6a, 1, 3, 0xf1, 2, 0xc0, 0x2b});
const ByteVector kEarly = head({0x19, 0xf1, 4, 0, 0xa1, 0, 0, 0, 0x9d, 1, 4, 0xf1, 1, 0, 0xa8});

TEST(Hello, IsToldByItsHead) {
  for (const ByteVector& hello : {kHandshake, kEarly}) {
    for (std::size_t size = 0; size <= hello.size(); ++size) {
      EXPECT_EQ(looks_like_hello(Bytes(hello).first(size)),
                size < kHelloHeadBytes ? Detection::maybe : Detection::yes);
    }
  }
}

TEST(Hello, IsNoTls) {
  EXPECT_EQ(looks_like_hello(test::tls_records(test::client_hello("a.example"))), Detection::no);
  // What no public source has seen a connection start with: data, alerts.
  EXPECT_EQ(looks_like_hello(head({0x17, 0xf1, 4})), Detection::no);
  EXPECT_EQ(looks_like_hello(head({0x15, 0xf1, 4})), Detection::no);
}

TEST(HelloProperty, OneChangedByteOfTheHeadIsSomethingElse) {
  std::mt19937 random(12);
  for (std::size_t at = 0; at < kHelloHeadBytes; ++at) {
    for (int round = 0; round < 50; ++round) {
      ByteVector changed = kHandshake;
      changed[at] ^= static_cast<std::byte>(1 + random() % 255);
      const bool other_kind =
          (at == 0 && changed[at] == std::byte{0x19}) ||
          ((at == 2 || at == 10) && (changed[at] == std::byte{3} || changed[at] == std::byte{4}));
      EXPECT_EQ(looks_like_hello(changed), other_kind ? Detection::yes : Detection::no) << at;
    }
  }
}

}  // namespace
}  // namespace sluice::mmtls
