// Uploads in chunks of HTTP/1 and DATA frames of HTTP/2: what lies between the pieces is judged and
// kept, the pieces are not, and nothing waits for acknowledgments.

#include <gtest/gtest.h>

#include <string>

#include "tests/gateway/engine/lab.h"
#include "tests/support/http2_builder.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::byte_vector;
using test::ByteVector;
using test::Connection;
using test::Lab;

constexpr std::size_t kSegment = 1400;

class Upload : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }
  // In segments; the verdict of the last one, or the first that is no pass.
  Verdict send(Bytes bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += kSegment) {
      const Bytes piece = bytes.subspan(at, std::min(kSegment, bytes.size() - at));
      const Verdict verdict = lab_.send(connection_.data(sent_, piece));
      if (verdict != Verdict::pass) return verdict;
      sent_ += piece.size();
    }
    return Verdict::pass;
  }
  void acknowledge_all() { lab_.send(connection_.acknowledge(sent_), Side::outside); }

  void begin_chunks() {
    ASSERT_EQ(send(byte_vector("POST / HTTP/1.1\r\nHost: a.example\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n")),
              Verdict::pass);
    acknowledge_all();
  }
  void begin_http2() {
    ASSERT_EQ(send(test::joined({client_.start(), client_.request("a.example")})), Verdict::pass);
    acknowledge_all();
  }
  static ByteVector chunk(std::size_t size) {
    std::string text = "4000\r\n" + std::string(size, 'x') + "\r\n";
    return byte_vector(text);
  }

  Lab lab_;
  Connection connection_;
  test::Http2Client client_;
  std::size_t sent_ = 0;
};

constexpr std::size_t kPiece = 0x4000;

TEST_F(Upload, ChunksGoOnWithoutAcknowledgments) {
  begin_chunks();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(send(chunk(kPiece)), Verdict::pass) << i;
  EXPECT_EQ(lab_.counters->streams.value(), 2U) << "the log, and the start of the next line";
  acknowledge_all();
  EXPECT_EQ(lab_.counters->streams.value(), 1U) << "the start of the next line";
  EXPECT_EQ(send(byte_vector("0\r\n\r\nGET / HTTP/1.1\r\nHost: wechat.com\r\n\r\n")),
            Verdict::drop_flow);
}

TEST_F(Upload, DataFramesGoOnWithoutAcknowledgments) {
  begin_http2();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(send(client_.data(kPiece)), Verdict::pass) << i;
  acknowledge_all();
  EXPECT_EQ(lab_.counters->streams.value(), 0U);
  EXPECT_EQ(send(client_.request("wechat.com")), Verdict::drop_flow);
}

TEST_F(Upload, FramesBeforeTheFirstAcknowledgmentNeedNoRoundTripEach) {
  ASSERT_EQ(send(test::joined({client_.start(), client_.request("a.example")})), Verdict::pass);
  const std::size_t head = sent_;
  for (int i = 0; i < 40; ++i) ASSERT_EQ(send(client_.data(200)), Verdict::pass);
  lab_.send(connection_.acknowledge(head), Side::outside);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(send(client_.data(kPiece)), Verdict::pass) << i;
}

// The server would see the next request in what we took for a body.
TEST_F(Upload, EvasionALaterCopyOfAChunksLine) {
  begin_chunks();
  const std::size_t at = sent_;
  const ByteVector whole = chunk(kPiece);
  ASSERT_EQ(send(whole), Verdict::pass);
  ASSERT_EQ(send(whole), Verdict::pass);
  ByteVector other(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kSegment));
  other[0] = std::byte{'0'};
  const ByteVector first(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kSegment));
  EXPECT_EQ(lab_.forward(connection_.data(at, other), Side::inside), connection_.data(at, first));
  EXPECT_EQ(lab_.counters->overlaps.value(), 1U);
  // Bytes of the body may differ.
  other[0] = first[0];
  other.back() = std::byte{'y'};
  EXPECT_EQ(lab_.forward(connection_.data(at, other), Side::inside), connection_.data(at, other));
}

TEST_F(Upload, EvasionALaterCopyOfAFramesHeader) {
  begin_http2();
  const std::size_t at = sent_;
  ASSERT_EQ(send(client_.data(600)), Verdict::pass);
  ASSERT_EQ(send(client_.data(600)), Verdict::pass);
  ByteVector shorter = client_.data(600);
  shorter[2] = std::byte{1};
  const auto forwarded = lab_.forward(connection_.data(at, shorter), Side::inside);
  EXPECT_EQ(forwarded, connection_.data(at, client_.data(600)));
}

TEST_F(Upload, ALostSegmentIsFilledLater) {
  begin_chunks();
  ASSERT_EQ(send(chunk(kPiece)), Verdict::pass);
  const ByteVector whole = chunk(kPiece);
  const std::size_t at = sent_;
  sent_ += kSegment;
  ASSERT_EQ(send(Bytes(whole).subspan(kSegment, 4 * kSegment)), Verdict::pass);
  EXPECT_EQ(lab_.send(connection_.data(at, Bytes(whole).first(kSegment))), Verdict::pass);
  ASSERT_EQ(send(Bytes(whole).subspan(5 * kSegment)), Verdict::pass);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(send(chunk(kPiece)), Verdict::pass) << i;
}

// A full log keeps what follows in the stream's window; nothing is lost, and nothing is let
// through.
TEST_F(Upload, MoreFramesThanTheLogHoldsWaitForAcknowledgments) {
  begin_http2();
  std::size_t frames = 0;
  while (frames < 20'000 && send(client_.data(40)) == Verdict::pass) ++frames;
  EXPECT_LT(frames, 20'000U);
  EXPECT_GT(frames, 640U);
  EXPECT_EQ(lab_.count(Reason::beyond_window), 1U);
  acknowledge_all();
  EXPECT_EQ(send(client_.data(40)), Verdict::pass);
}

}  // namespace
}  // namespace sluice::engine
