// Urgent data: one reading where a hello, a question or a request may be, untouched elsewhere.

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
using test::LabOptions;

class Urgent : public testing::Test {
 protected:
  static constexpr std::string_view kServer = "198.51.100.2:443";

  void SetUp() override { connection_.open(lab_); }
  Verdict data(std::size_t offset, Bytes bytes) {
    return lab_.send(connection_.data(offset, bytes));
  }
  Verdict data(std::size_t offset, std::string_view text) { return data(offset, as_bytes(text)); }
  Verdict acknowledge(std::size_t offset) {
    return lab_.send(connection_.acknowledge(offset, "200 go on\r\n"), Side::outside);
  }
  static ByteVector urgent(std::size_t offset, Bytes bytes, std::uint16_t pointer) {
    const auto sequence = Connection::kClient + static_cast<std::uint32_t>(offset);
    return test::FrameBuilder(test::kClient, kServer)
        .tcp(sequence, Connection::kServer, "PAU")
        .urgent(pointer)
        .payload(bytes)
        .build();
  }
  // Goes on, and all servers read its bytes in line.
  void expect_one_reading(const ByteVector& frame) {
    const auto passed = lab_.forward(frame, Side::inside);
    ASSERT_TRUE(passed);
    const auto packet = packet::decode(*passed, LinkType::ethernet);
    EXPECT_FALSE(packet->tcp.urg);
    EXPECT_EQ(packet->tcp.urgent, 0U);
    EXPECT_TRUE(packet::checksums_hold(*packet));
    const auto before = packet::decode(frame, LinkType::ethernet);
    EXPECT_EQ(as_text(packet->payload), as_text(before->payload));
  }
  void expect_untouched(const ByteVector& frame) {
    const auto passed = lab_.forward(frame, Side::inside);
    ASSERT_TRUE(passed);
    EXPECT_EQ(*passed, frame);
  }

  Lab lab_;
  Connection connection_;
  ByteVector hello_ = hello("abc.weather.io");
};

TEST_F(Urgent, AbortOfFtpPasses) {
  EXPECT_EQ(data(0, "USER anonymous\r\n"), Verdict::pass);
  acknowledge(16);
  const ByteVector abort = urgent(16,
                                  as_bytes("\xff\xf4\xff\xf2"
                                           "ABOR\r\n"),
                                  3);
  expect_untouched(abort);
  expect_untouched(abort);  // sent again
  acknowledge(26);
  expect_untouched(abort);  // stale
}

TEST_F(Urgent, ProbeOfADatabaseClientPasses) {
  data(0, std::string_view("\x00\xe3\x00\x00\x01\x00\x00\x00\x01\x38\x0c\x01xxxx", 16));
  acknowledge(16);
  expect_untouched(urgent(16, as_bytes("!"), 1));
}

TEST_F(Urgent, HelloWithAnUrgentByteIsReadInLine) {
  expect_one_reading(urgent(0, Bytes(hello_).first(60), 20));
}

TEST_F(Urgent, RequestWithAnUrgentByteIsReadInLine) {
  expect_one_reading(urgent(0, as_bytes("GET / HTTP/1.1\r\nHo"), 3));
}

// Alone, it is no start of anything; without it the server reads a request.
TEST_F(Urgent, FirstByteOfAStreamIsReadInLine) {
  expect_one_reading(urgent(0, as_bytes(std::string_view("\0", 1)), 1));
}

// The pointer may come ahead of its byte, in a segment without data or in a copy.
TEST_F(Urgent, PointerAheadOfItsByteIsCleared) {
  expect_one_reading(urgent(0, {}, 20));
  expect_one_reading(urgent(0, {}, 0));
  data(0, Bytes(hello_).first(30));
  acknowledge(30);
  expect_one_reading(urgent(0, Bytes(hello_).first(30), 40));
}

TEST_F(Urgent, PointerAheadOfItsByteIsClearedInAStreamThatIsSearched) {
  data(0, "EHLO x\r\n");
  expect_one_reading(urgent(8, as_bytes("NOOP\r\n"), 7));
}

// Behind STARTTLS, with the urgent byte inside of the head of the hello, or right behind its start.
TEST_F(Urgent, HelloInAStreamThatIsSearchedIsReadInLine) {
  data(0, "STARTTLS\r\n");
  acknowledge(10);
  EXPECT_EQ(data(10, Bytes(hello_).first(1)), Verdict::pass);
  acknowledge(11);
  expect_one_reading(urgent(11, as_bytes("q"), 1));
  expect_one_reading(urgent(12, test::joined({{hello_[1]}, test::byte_vector("q")}), 2));
}

TEST_F(Urgent, StartOfAHelloInTheSegmentItselfIsReadInLine) {
  data(0, "STARTTLS\r\n");
  expect_one_reading(urgent(10, Bytes(hello_).first(3), 2));
}

TEST_F(Urgent, BehindAGapItIsReadInLine) {
  data(0, "STARTTLS\r\n");
  expect_one_reading(urgent(12, as_bytes("q"), 1));
}

TEST_F(Urgent, IsDroppedIfItCannotBeRewritten) {
  Lab lab(LabOptions{.can = {.drop = true}});
  connection_.open(lab);
  EXPECT_EQ(lab.send(urgent(0, Bytes(hello_).first(60), 20)), Verdict::drop);
  EXPECT_EQ(lab.count(Reason::urgent), 1U);
}

TEST_F(Urgent, BehindWhatWasJudgedItPasses) {
  EXPECT_EQ(data(0, hello_), Verdict::pass);
  expect_untouched(urgent(hello_.size(), as_bytes("q"), 1));
}

}  // namespace
}  // namespace sluice::engine
