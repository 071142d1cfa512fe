// One ClientHello as OpenSSL sends it, in eight shapes: each must be found, for IPv4 and IPv6.

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "tests/gateway/engine/lab.h"

namespace sluice::engine {
namespace {

using test::ByteVector;
using test::Connection;
using test::Lab;

constexpr std::size_t kRecordHeader = 5;

// The record that `openssl s_client -servername sgshort.wechat.com` sent.
ByteVector openssl_record() {
  std::ifstream file(SLUICE_TEST_DATA "/openssl_client_hello.bin", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_GT(bytes.size(), 300U);
  return test::byte_vector(bytes);
}

ByteVector in_records(const std::vector<std::size_t>& sizes) {
  return test::tls_records(Bytes(openssl_record()).subspan(kRecordHeader), sizes);
}

ByteVector in_mixed_case() {
  ByteVector record = openssl_record();
  constexpr std::string_view kName = "sgshort.wechat.com";
  const std::size_t at = as_text(record).find(kName);
  for (std::size_t i = 0; i < kName.size(); i += 2) {
    if (kName[i] != '.') record[at + i] ^= std::byte{0x20};
  }
  return record;
}

struct Shape {
  const char* name;
  ByteVector stream;
  std::vector<std::size_t> segments;  // lengths; the rest goes into a last segment
  bool reversed = false;
};

std::vector<Shape> shapes() {
  const std::size_t size = openssl_record().size();
  return {
      {"plain", openssl_record(), {}},
      {"two_segments", openssl_record(), {size / 2}},
      {"reversed_segments", openssl_record(), {size / 2}, true},
      {"two_records_in_one_segment", in_records({200}), {}},
      {"tiny_first_record", in_records({1}), {}},
      {"record_and_segment_split", in_records({200}), {150}},
      {"a_byte_a_segment", openssl_record(), std::vector<std::size_t>(size - 1, 1)},
      {"mixed_case", in_mixed_case(), {}},
  };
}

class ClientHelloShapes : public testing::TestWithParam<std::size_t> {};

TEST_P(ClientHelloShapes, IsBlocked) {
  const Shape shape = shapes()[GetParam()];
  for (const bool v4 : {true, false}) {
    const Connection connection =
        v4 ? Connection() : Connection("[2001:db8::1]:5000", "[2001:db8::2]:8443");
    Lab lab;
    connection.open(lab);
    std::vector<ByteVector> frames;
    std::size_t at = 0;
    for (const std::size_t length : shape.segments) {
      frames.push_back(connection.data(at, Bytes(shape.stream).subspan(at, length)));
      at += length;
    }
    frames.push_back(connection.data(at, Bytes(shape.stream).subspan(at)));
    if (shape.reversed) std::ranges::reverse(frames);
    for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
      EXPECT_EQ(lab.send(frames[i]), io::Verdict::pass) << i;
    }
    EXPECT_EQ(lab.send(frames.back()), io::Verdict::drop_flow);
    const telemetry::AuditRecord* const record = lab.audit.front();
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->name.view(), "sgshort.wechat.com");
    EXPECT_EQ(record->app.view(), "wechat");
    EXPECT_EQ(record->rule.view(), "wechat.com");
    EXPECT_EQ(lab.counters->findings.value(), 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ClientHelloShapes, testing::Range<std::size_t>(0, 8),
                         [](const auto& parameter) {
                           return std::string(shapes()[parameter.param].name);
                         });

}  // namespace
}  // namespace sluice::engine
