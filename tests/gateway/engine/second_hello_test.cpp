// TLS over TCP after its first ClientHello: a HelloRetryRequest asks for another one.

#include <gtest/gtest.h>

#include "filters/inspect/inspect.h"
#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using io::Side;
using io::Verdict;
using test::ByteVector;
using test::Connection;
using test::hello;
using test::Lab;

class SecondHello : public testing::Test {
 protected:
  void SetUp() override { connection_.open(lab_); }
  Verdict client(Bytes bytes) {
    const Verdict verdict = lab_.send(connection_.data(sent_, bytes));
    sent_ += bytes.size();
    return verdict;
  }
  Verdict server(Bytes bytes) {
    const Verdict verdict = lab_.send(connection_.answer(answered_, bytes, sent_), Side::outside);
    answered_ += bytes.size();
    return verdict;
  }

  Lab lab_;
  Connection connection_;
  std::size_t sent_ = 0, answered_ = 0;
  const ByteVector first_ = hello("weather.io");
  const ByteVector retry_ = test::tls_records(test::hello_retry_request());
  const ByteVector server_hello_ = test::tls_records(test::server_hello());
  const ByteVector change_cipher_ = test::byte_vector(std::string_view("\x14\3\3\0\1\1", 6));
};

// OpenSSL serves the second name.
TEST_F(SecondHello, EvasionAnotherNameAfterAHelloRetryRequest) {
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(server(test::joined({retry_, change_cipher_})), Verdict::pass);
  EXPECT_EQ(client(test::joined({change_cipher_, hello("wechat.com")})), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::banned), 1U);
}

TEST_F(SecondHello, EvasionBeforeTheServerHasAnswered) {
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(client(hello("wechat.com")), Verdict::drop_flow);
}

TEST_F(SecondHello, EvasionBehindEarlyData) {
  EXPECT_EQ(client(first_), Verdict::pass);
  ByteVector early = test::byte_vector(std::string_view("\x17\3\3\x05\x14", 5));
  early.resize(1305, std::byte{0x5a});
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client(early), Verdict::pass);
  EXPECT_EQ(server(retry_), Verdict::pass);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client(early), Verdict::pass);
  EXPECT_EQ(client(hello("wechat.com")), Verdict::drop_flow);
}

TEST_F(SecondHello, EvasionInPiecesOfARetryAndOfAHello) {
  EXPECT_EQ(client(first_), Verdict::pass);
  for (std::size_t i = 0; i < retry_.size(); ++i) server(Bytes(retry_).subspan(i, 1));
  const ByteVector second = hello("wechat.com");
  for (std::size_t i = 0; i + 1 < second.size(); ++i) {
    ASSERT_EQ(client(Bytes(second).subspan(i, 1)), Verdict::pass);
  }
  EXPECT_EQ(client(Bytes(second).last(1)), Verdict::drop_flow);
}

// It took a hello that we did not find, so nobody knows its name.
TEST_F(SecondHello, EvasionThatCannotBeRead) {
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(server(retry_), Verdict::pass);
  EXPECT_EQ(client(test::byte_vector("\x01 no hello")), Verdict::pass);
  EXPECT_EQ(server(server_hello_), Verdict::drop_flow);
  EXPECT_EQ(lab_.count(Reason::unreadable), 1U);
}

TEST_F(SecondHello, AnOrdinaryRetryPasses) {
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(server(test::joined({retry_, change_cipher_})), Verdict::pass);
  EXPECT_EQ(client(test::joined({change_cipher_, hello("weather.io")})), Verdict::pass);
  EXPECT_EQ(server(test::joined({server_hello_, test::byte_vector("sealed")})), Verdict::pass_flow);
  EXPECT_EQ(client(test::byte_vector("anything")), Verdict::pass_flow);
}

TEST_F(SecondHello, AServerThatIsNotHeardEndsTheSearchBehindItsBound) {
  EXPECT_EQ(client(first_), Verdict::pass);
  for (std::size_t bytes = 0; bytes <= inspect::kMaxSearch + 1400; bytes += 1400) {
    EXPECT_EQ(client(ByteVector(1400, std::byte{0x17})), Verdict::pass);
  }
  EXPECT_EQ(lab_.send(connection_.acknowledge(sent_), Side::outside), Verdict::pass_flow);
}

// The server of another protocol does not take the first hello for one.
TEST_F(SecondHello, EvasionADecoyInFrontOfStarttls) {
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(server(test::byte_vector("220 mail.example ESMTP\r\n500 what?\r\n")), Verdict::pass);
  EXPECT_EQ(client(test::byte_vector("EHLO a\r\nSTARTTLS\r\n")), Verdict::pass);
  EXPECT_EQ(server(test::byte_vector("220 go ahead\r\n")), Verdict::pass);
  EXPECT_EQ(client(hello("wechat.com")), Verdict::drop_flow);
}

TEST_F(SecondHello, EvasionBehindStarttls) {
  EXPECT_EQ(client(test::byte_vector("EHLO a\r\nSTARTTLS\r\n")), Verdict::pass);
  EXPECT_EQ(server(test::byte_vector("220 go ahead\r\n")), Verdict::pass);
  EXPECT_EQ(client(first_), Verdict::pass);
  EXPECT_EQ(server(retry_), Verdict::pass);
  EXPECT_EQ(client(hello("wechat.com")), Verdict::drop_flow);
}

}  // namespace
}  // namespace sluice::engine
