// Connections that are older than the gateway, or whose state was forgotten: nothing but a whole
// hello or request with a banned name blocks them, and no server's acknowledgment lifts the ban.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;

class Midstream : public testing::Test {
 protected:
  Verdict data(std::size_t offset, Bytes bytes) {
    return lab_.send(connection_.data(offset, bytes));
  }
  Verdict answer(std::size_t offset, Bytes bytes, std::size_t acknowledged) {
    return lab_.send(connection_.answer(offset, bytes, acknowledged), Side::outside);
  }
  Verdict acknowledge(std::size_t offset) {
    return lab_.send(connection_.acknowledge(offset), Side::outside);
  }

  Lab lab_;
  Connection connection_;
  ByteVector clean_ = hello("abc.weather.io");
  ByteVector banned_ = hello("abc.wechat.com");
  // Cipher text that looks like the head of a TLS record with a hello that is too large, or broken.
  std::vector<ByteVector> unlucky_{
      test::joined({{std::byte{0x16}, std::byte{3}, std::byte{0x5c}, std::byte{0x12},
                     std::byte{0x34}, std::byte{1}, std::byte{0xf3}, std::byte{0xa9}},
                    ByteVector(500, std::byte{0x77})}),
      test::joined({{std::byte{0x16}, std::byte{3}, std::byte{1}, std::byte{0}, std::byte{0x40},
                     std::byte{1}, std::byte{0}, std::byte{0x3c}},
                    ByteVector(500, std::byte{0x77})})};
  ByteVector bulk_ = ByteVector(1000, std::byte{0x9b});
};

TEST_F(Midstream, CipherTextThatLooksLikeAHelloEndsNoDownload) {
  std::size_t at = 0;
  for (const ByteVector& unlucky : unlucky_) {
    for (const ByteVector& bytes : {bulk_, unlucky, bulk_, bulk_}) {
      EXPECT_EQ(answer(at, bytes, 0), Verdict::pass);
      at += bytes.size();
    }
  }
}

TEST_F(Midstream, CipherTextThatLooksLikeAHelloEndsNoUpload) {
  std::size_t at = 0;
  for (const ByteVector& unlucky : unlucky_) {
    for (const ByteVector& bytes : {bulk_, unlucky, bulk_, bulk_}) {
      EXPECT_EQ(data(at, bytes), Verdict::pass);
      at += bytes.size();
      EXPECT_EQ(acknowledge(at), Verdict::pass);
    }
  }
}

// After a restart, a repeat of what was lost comes first, and the client then acknowledges what it
// has had before: a download of text, each packet of which may be the start of a request.
TEST_F(Midstream, TextThatMayBeARequestEndsNoDownload) {
  for (const std::size_t size : {100U, 1000U}) {
    const ByteVector text(size, std::byte{'.'});
    EXPECT_EQ(answer(0, text, 0), Verdict::pass);
    EXPECT_EQ(lab_.send(connection_.received(0, 30'000)), Verdict::pass);
    for (std::size_t at = 30'000; at < 30'000 + 60 * size; at += size) {
      EXPECT_EQ(answer(at, text, 0), Verdict::pass) << at;
      EXPECT_EQ(lab_.send(connection_.received(0, at + size)), Verdict::pass) << at;
    }
  }
}

TEST_F(Midstream, ARequestInTwoSegmentsIsJudged) {
  const std::string head =
      "GET /" + std::string(300, 'a') + " HTTP/1.1\r\nHost: abc.wechat.com\r\n\r\n";
  for (const std::size_t cut : {std::size_t{3}, std::size_t{200}, head.size() - 10}) {
    Lab lab;
    EXPECT_EQ(lab.send(connection_.data(0, as_bytes(head).first(cut))), Verdict::pass) << cut;
    EXPECT_EQ(lab.send(connection_.data(cut, as_bytes(head).subspan(cut))), Verdict::drop_flow)
        << cut;
  }
}

// A sender may be far ahead of what is acknowledged.
TEST_F(Midstream, TextThatIsFarAheadIsNotHeldUp) {
  const ByteVector text(1400, std::byte{'x'});
  for (std::size_t at = 0; at < 1'000'000; at += text.size()) {
    EXPECT_EQ(answer(at, text, 0), Verdict::pass) << at;
  }
}

TEST_F(Midstream, StaleByteBeforeABannedHelloHidesNothing) {
  EXPECT_EQ(data(0, test::joined({{std::byte{0}}, banned_})), Verdict::drop_flow);
}

TEST_F(Midstream, StaleByteBeforeABannedHelloInTwoSegmentsHidesNothing) {
  const ByteVector both = test::joined({{std::byte{0}}, banned_});
  for (const std::size_t cut : {std::size_t{2}, std::size_t{8}, std::size_t{100}}) {
    Lab lab;
    EXPECT_EQ(lab.send(connection_.data(0, Bytes(both).first(cut))), Verdict::pass);
    EXPECT_EQ(lab.send(connection_.data(cut, Bytes(both).subspan(cut))), Verdict::drop_flow) << cut;
  }
}

// The server has all of the decoy already: its acknowledgment says nothing of it.
TEST_F(Midstream, DuplicateAcknowledgmentDoesNotConfirmAStaleDecoy) {
  EXPECT_EQ(data(0, clean_), Verdict::pass);
  EXPECT_EQ(acknowledge(clean_.size()), Verdict::pass);
  EXPECT_EQ(data(clean_.size(), banned_), Verdict::drop_flow);
}

TEST_F(Midstream, HelloRightBehindADecoyIsJudged) {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{40}}) {
    Lab lab;
    const std::size_t start = clean_.size();
    EXPECT_EQ(lab.send(connection_.data(0, clean_)), Verdict::pass);
    if (cut > 0) {
      EXPECT_EQ(lab.send(connection_.data(start, Bytes(banned_).first(cut))), Verdict::pass);
    }
    EXPECT_EQ(lab.send(connection_.data(start + cut, Bytes(banned_).subspan(cut))),
              Verdict::drop_flow);
  }
}

TEST_F(Midstream, HalfADecoyThatIsStaleSwallowsNoHello) {
  EXPECT_EQ(data(0, Bytes(clean_).first(100)), Verdict::pass);
  EXPECT_EQ(acknowledge(100), Verdict::pass);
  EXPECT_EQ(data(100, banned_), Verdict::drop_flow);
}

TEST_F(Midstream, BytesBeforeWhatLookedLikeAStartPass) {
  EXPECT_EQ(data(5000, Bytes(clean_).first(100)), Verdict::pass);
  EXPECT_EQ(data(4000, bulk_), Verdict::pass);
}

TEST_F(Midstream, AnotherConnectionOnItsPortsIsJudgedFromItsStart) {
  EXPECT_EQ(data(0, clean_), Verdict::pass);
  acknowledge(clean_.size());
  connection_.open(lab_);
  EXPECT_EQ(data(0, Bytes(banned_).first(40)), Verdict::pass);
  EXPECT_EQ(data(40, Bytes(banned_).subspan(40)), Verdict::drop_flow);
}

}  // namespace
}  // namespace sluice::engine
