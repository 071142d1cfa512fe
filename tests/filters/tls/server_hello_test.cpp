#include "filters/tls/server_hello.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/packet_builder.h"
#include "tests/support/server_hello.h"

namespace sluice::tls {
namespace {

using test::ByteVector;
using test::hello_retry_request;
using test::joined;
using test::server_hello;
using test::tls_records;

// What a scan makes of a stream in pieces of this size: `-`, `retry`, `hello`, `other`, in order.
std::string words_in(Bytes stream, std::size_t step) {
  static constexpr const char* kTexts[] = {"-", "retry ", "hello ", "other "};
  ServerHelloScan scan;
  std::string words;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    Bytes piece = stream.subspan(at, std::min(step, stream.size() - at));
    while (!piece.empty()) {
      const ServerWord word = scan.read(piece);
      if (word == ServerWord::none) break;
      words += kTexts[static_cast<std::size_t>(word)];
    }
  }
  return words;
}

TEST(ServerHello, IsToldFromAHelloRetryRequestHoweverItIsCut) {
  const ByteVector retry = tls_records(hello_retry_request()), hello = tls_records(server_hello());
  const ByteVector idle = test::byte_vector(std::string_view("\x14\3\3\0\1\1", 6));
  const ByteVector alert = test::byte_vector(std::string_view("\x15\3\3\0\2\1\x70", 7));
  const ByteVector both = joined({hello_retry_request(), server_hello()});
  const struct {
    const char* title;
    ByteVector stream;
    std::string words;
  } kCases[] = {
      {"a hello", hello, "hello "},
      {"a hello and more", joined({hello, test::byte_vector("\x17\3\3")}), "hello "},
      {"a request", retry, "retry "},
      {"a request, then a hello", joined({retry, idle, hello}), "retry hello "},
      {"both in one record", tls_records(both), "retry hello "},
      {"both in records of seven bytes", tls_records(both, std::vector<std::size_t>(40, 7)),
       "retry hello "},
      {"behind a warning", joined({alert, hello}), "hello "},
      {"behind an empty record",
       joined({test::byte_vector(std::string_view("\x16\3\3\0\0", 5)), hello}), "hello "},
      {"another message", tls_records(test::client_hello("a.example")), "other "},
      {"a hello that is too short",
       tls_records(test::byte_vector(std::string_view("\2\0\0\x21", 4))), "other "},
      {"text", test::byte_vector("220 mail.example ESMTP\r\n"), "other "},
      {"sealed data", test::byte_vector(std::string_view("\x17\3\3\0\1x", 6)), "other "},
  };
  for (const auto& one : kCases) {
    for (const std::size_t step : std::vector<std::size_t>{1, 2, 3, 7, one.stream.size()}) {
      EXPECT_EQ(words_in(one.stream, step), one.words) << one.title << ' ' << step;
    }
  }
}

// Only the whole random says that another hello follows.
TEST(ServerHello, OneByteOfTheRandomTellsThem) {
  for (std::size_t at = 0; at < 32; ++at) {
    ByteVector stream = tls_records(hello_retry_request());
    stream[5 + 6 + at] ^= std::byte{1};
    EXPECT_EQ(words_in(stream, stream.size()), "hello ") << at;
  }
}

}  // namespace
}  // namespace sluice::tls
