// Connections of HTTP/2 without TLS, from their preface to their end.

#include <gtest/gtest.h>

#include "tests/gateway/engine/lab.h"
#include "tests/support/http2_builder.h"

namespace sluice::engine {
namespace {

using io::Verdict;
using test::byte_vector;
using test::ByteVector;
using test::Connection;
using test::FieldList;
using test::hpack_literal;
using test::http2_frame;
using test::kContinuation;
using test::kEndHeaders;
using test::kHeaders;
using test::kPadded;
using test::Lab;

class Http2Flow : public testing::Test {
 protected:
  void SetUp() override {
    connection_.open(lab_);
    ASSERT_EQ(send(client_.start()), Verdict::pass);
  }
  Verdict send(Bytes stream) {
    const Verdict verdict = lab_.send(connection_.data(sent_, stream));
    sent_ += stream.size();
    return verdict;
  }
  Verdict request(std::string_view authority) { return send(client_.request(authority)); }
  void acknowledge_all() { lab_.send(connection_.acknowledge(sent_), io::Side::outside); }

  Lab lab_;
  Connection connection_;
  test::Http2Client client_;
  std::size_t sent_ = 0;
};

TEST_F(Http2Flow, TheFirstRequest) {
  EXPECT_EQ(request("www.wechat.com"), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

TEST_F(Http2Flow, EvasionALaterRequest) {
  for (const char* const host : {"a.example", "a.example", "open.wechat.com", "b.example"}) {
    EXPECT_EQ(request(host), Verdict::pass);
    acknowledge_all();
    EXPECT_EQ(lab_.counters->streams.value(), 0U) << "no memory is held between requests";
  }
  EXPECT_EQ(request("WWW.WeChat.com.:8080"), Verdict::drop_flow);
  EXPECT_EQ(request("a.example"), Verdict::drop_flow) << "nothing follows";
}

TEST_F(Http2Flow, EvasionAllInOneSegment) {
  ByteVector stream = client_.request("a.example");
  test::append(stream, client_.data(100));
  test::append(stream, client_.request("wechat.com"));
  EXPECT_EQ(send(stream), Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionAByteASegment) {
  const ByteVector stream = client_.request("wechat.com");
  for (std::size_t i = 0; i + 1 < stream.size(); ++i) {
    EXPECT_EQ(send(Bytes(stream).subspan(i, 1)), Verdict::pass);
  }
  EXPECT_EQ(send(Bytes(stream).last(1)), Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionHostNameFromTheDynamicTable) {
  const ByteVector first = hpack_literal(byte_vector("\x40"), "host", "a.example");
  EXPECT_EQ(send(http2_frame(kHeaders, kEndHeaders, 1, first)), Verdict::pass);
  acknowledge_all();
  const ByteVector second = hpack_literal(byte_vector("\x7e"), "wechat.com");
  EXPECT_EQ(send(http2_frame(kHeaders, kEndHeaders, 3, second)), Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionPaddingAndPieces) {
  const ByteVector block = client_.block(test::request_fields("wechat.com"));
  ByteVector padded = byte_vector("\5");
  test::append(padded, Bytes(block).first(10));
  test::append(padded, byte_vector("xxxxx"));
  ByteVector stream = http2_frame(kHeaders, kPadded, 1, padded);
  test::append(stream, http2_frame(kContinuation, 0, 1));
  EXPECT_EQ(send(stream), Verdict::pass);
  acknowledge_all();
  EXPECT_EQ(send(http2_frame(kContinuation, kEndHeaders, 1, Bytes(block).subspan(10))),
            Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionATrailer) {
  EXPECT_EQ(request("a.example"), Verdict::pass);
  EXPECT_EQ(send(client_.request(FieldList{{"host", "wechat.com"}})), Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionARequestInsideOfData) {
  // The body is skipped by its length, so a request inside it is not one.
  const ByteVector inside = test::Http2Client().request("wechat.com");
  EXPECT_EQ(request("a.example"), Verdict::pass);
  EXPECT_EQ(send(http2_frame(test::kData, 0, 1, inside)), Verdict::pass);
  EXPECT_EQ(request("wechat.com"), Verdict::drop_flow);
}

TEST_F(Http2Flow, EvasionAnotherCopyOfAFrame) {
  // If the server lost the first copy, it would read the rest as part of another frame.
  const ByteVector hidden = client_.request("wechat.com");
  const ByteVector data = http2_frame(test::kData, 0, 1, hidden);
  EXPECT_EQ(send(data), Verdict::pass);
  const ByteVector other = http2_frame(test::kData, 0, 1);
  const auto rewritten =
      lab_.forward(connection_.data(sent_ - data.size(), other), io::Side::inside);
  EXPECT_EQ(rewritten, connection_.data(sent_ - data.size(), Bytes(data).first(other.size())));
}

TEST_F(Http2Flow, UnreadableFramesAreRefused) {
  EXPECT_EQ(send(http2_frame(kContinuation, kEndHeaders, 1)), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unreadable), 1U);
}

TEST_F(Http2Flow, AnInnocentConnectionPassesToItsEnd) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(request("a" + std::to_string(i % 3) + ".example"), Verdict::pass);
    EXPECT_EQ(send(client_.data(1200)), Verdict::pass);
    EXPECT_EQ(send(http2_frame(test::kPing, 0, 0, ByteVector(8))), Verdict::pass);
    acknowledge_all();
  }
  EXPECT_EQ(lab_.count(Verdict::drop_flow, Reason::banned), 0U);
  EXPECT_EQ(lab_.count(Reason::no_name), 0U) << "a host that is repeated is a name";
}

TEST_F(Http2Flow, ALongUploadIsNotKept) {
  constexpr std::size_t kPiece = 1400;
  EXPECT_EQ(request("a.example"), Verdict::pass);
  for (int frame = 0; frame < 20; ++frame) {
    const ByteVector data = client_.data(16 * 1024);
    for (std::size_t at = 0; at < data.size(); at += kPiece) {
      ASSERT_EQ(send(Bytes(data).subspan(at, std::min(kPiece, data.size() - at))), Verdict::pass);
      acknowledge_all();
    }
    EXPECT_EQ(lab_.counters->streams.value(), 0U);
  }
  EXPECT_EQ(request("wechat.com"), Verdict::drop_flow);
}

// A request without a name is judged by its address; one with a name is not.
TEST(Http2Address, OnlyARequestWithoutANameIsJudgedByIt) {
  for (const bool named : {false, true}) {
    Lab lab({.addresses = {"198.51.100.2"}});
    const Connection connection;
    connection.open(lab);
    test::Http2Client client;
    ByteVector stream = client.start();
    FieldList fields = test::request_fields("a.example");
    if (!named) fields.erase(fields.begin() + 2);
    for (int i = 0; i < 2; ++i) test::append(stream, client.request(fields));
    EXPECT_EQ(lab.send(connection.data(0, stream)), named ? Verdict::pass : Verdict::drop_flow);
  }
}

}  // namespace
}  // namespace sluice::engine
