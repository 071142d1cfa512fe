// Connections with more than one request.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::Lab;

std::string get(std::string_view host, std::string_view more = "") {
  return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(more) + "\r\n";
}

class HttpFlow : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }
  Verdict send(std::string_view text) {
    const Verdict verdict = lab_.send(connection_.data(sent_, as_bytes(text)));
    sent_ += text.size();
    return verdict;
  }
  void acknowledge_all() { acknowledge(sent_); }
  void acknowledge(std::size_t offset) {
    lab_.send(connection_.acknowledge(offset, "HTTP/1.1 200 OK\r\n"), io::Side::outside);
  }
  std::uint64_t streams() const { return lab_.counters->streams.value(); }

  Lab lab_;
  Connection connection_;
  std::size_t sent_ = 0;
};

TEST_F(HttpFlow, EvasionASecondRequestOnTheConnection) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(send(get("example.com")), Verdict::pass);
    acknowledge_all();
    EXPECT_EQ(streams(), 0U) << "no memory is held between requests";
  }
  EXPECT_EQ(send(get("wechat.com")), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionASecondRequestInOneSegment) {
  EXPECT_EQ(send(get("example.com") + get("wechat.com")), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionABodyThatIsARequest) {
  // The body is skipped by its length, so a request inside it is not one …
  EXPECT_EQ(send(get("example.com", "Content-Length: 300\r\n") + get("wechat.com")), Verdict::pass);
  sent_ += 300 - get("wechat.com").size();  // the rest of the body, which the gateway does not see
  EXPECT_EQ(send(get("wechat.com")), Verdict::drop_flow) << "a body names nothing, seen or not";
}

// Bytes of a chunk are not kept; the server may acknowledge them before the next chunk's line.
TEST_F(HttpFlow, AnUploadInChunksGoesOnWhateverIsAcknowledgedWhen) {
  const std::string chunk = "100\r\n" + std::string(256, 'x') + "\r\n";
  EXPECT_EQ(send(get("example.com", "Transfer-Encoding: chunked\r\n") + chunk.substr(0, 50)),
            Verdict::pass);
  const std::size_t first = sent_;
  EXPECT_EQ(send(chunk.substr(50)), Verdict::pass);
  EXPECT_EQ(send(chunk.substr(0, 100)), Verdict::pass);
  acknowledge(first + 100);
  EXPECT_EQ(send(chunk.substr(100)), Verdict::pass);
  acknowledge(sent_ - 10);
  EXPECT_EQ(send(chunk), Verdict::pass);
  acknowledge_all();
  EXPECT_EQ(send("0\r\n\r\n" + get("wechat.com")), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unjudged_acknowledged), 0U);
}

TEST_F(HttpFlow, ALongBodyIsNeitherKeptNorHeldUp) {
  constexpr std::size_t kPiece = 1400;
  constexpr std::size_t kPieces = 200;
  ASSERT_EQ(send(get("example.com", "Content-Length: 280000\r\n")), Verdict::pass);
  const std::size_t head = sent_;
  const std::string piece(kPiece, 'x');
  for (std::size_t i = 0; i < kPieces; ++i) {
    ASSERT_EQ(send(piece), Verdict::pass) << i;
    if (i == 100) acknowledge(head + kPiece);
    if (i > 100) {
      EXPECT_EQ(streams(), 0U);
    }
  }
  EXPECT_GT(lab_.count(Reason::body), 190U);
  EXPECT_EQ(send(get("wechat.com")), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionTlsBehindConnect) {
  EXPECT_EQ(send("CONNECT example.com:443 HTTP/1.1\r\n\r\n"), Verdict::pass);
  acknowledge_all();
  const ByteVector hello = test::tls_records(test::client_hello("wechat.com"));
  EXPECT_EQ(send(as_text(hello)), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionTlsBehindStartTls) {
  EXPECT_EQ(send("EHLO mail.example\r\n"), Verdict::pass);
  acknowledge_all();
  EXPECT_EQ(send("STARTTLS\r\n"), Verdict::pass);
  acknowledge_all();
  const ByteVector hello = test::tls_records(test::client_hello("wechat.com"));
  EXPECT_EQ(send(as_text(hello).substr(0, 40)), Verdict::pass);
  EXPECT_EQ(send(as_text(hello).substr(40)), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionAnotherHeadForTheSameBody) {
  // If the server lost the first head, it would read the second one, and another body.
  const std::string clean = get("example.com", "Content-Length: 99\r\n");
  const std::string other = get("example.com", "Content-Length: 00\r\n");
  EXPECT_EQ(send(clean), Verdict::pass);
  EXPECT_EQ(send(get("wechat.com")), Verdict::pass);
  EXPECT_EQ(lab_.forward(connection_.data(0, as_bytes(other)), io::Side::inside),
            connection_.data(0, as_bytes(clean)));
}

TEST_F(HttpFlow, EvasionARequestBehindAnAmbiguousBody) {
  EXPECT_EQ(send(get("example.com", "Content-Length: 5\r\nContent-Length: 6\r\n")), Verdict::pass);
  EXPECT_EQ(send("x"), Verdict::drop_flow);
}

TEST_F(HttpFlow, EvasionTheNameAmongTooManyHosts) {
  std::string head = "GET / HTTP/1.1\r\nHost: wechat.com\r\n";
  for (const char* host : {"a", "b", "c", "d"}) head += std::string("Host: ") + host + "\r\n";
  EXPECT_EQ(send(head + "\r\n"), Verdict::drop_flow);
}

TEST_F(HttpFlow, TheSearchForANameEndsAfterALongAnswer) {
  EXPECT_EQ(send("SSH-2.0-x\r\n"), Verdict::pass);
  acknowledge_all();
  const std::string piece(1400, 'x');
  Verdict last = Verdict::pass;
  for (std::size_t bytes = 0; bytes <= inspect::kMaxServerBytesInSearch; bytes += piece.size()) {
    last = lab_.send(connection_.acknowledge(sent_, piece), io::Side::outside);
  }
  EXPECT_EQ(last, Verdict::pass_flow);
}

}  // namespace
}  // namespace sluice::engine
