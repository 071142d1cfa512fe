#include "filters/http2/huffman.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/http2_builder.h"

namespace sluice::http2 {
namespace {

class Huffman : public testing::Test {
 protected:
  std::unique_ptr<HuffmanRoom> room_ = std::make_unique<HuffmanRoom>();
};

TEST_F(Huffman, DecodesWhatEncodersWrite) {
  const test::ByteVector name = test::hpack_coded("www.example.com");
  EXPECT_EQ(room_->decode(Bytes(name).subspan(1)), "www.example.com");
  EXPECT_EQ(room_->decode({}), "");
}

// '0' is five bits of zero; what is left of the last byte is filled with ones.
test::ByteVector coded_zeros(std::size_t bytes) {
  test::ByteVector coded(bytes, std::byte{0});
  coded.back() = static_cast<std::byte>((1U << bytes * 8 % 5) - 1);
  return coded;
}

TEST_F(Huffman, DecodesEachLength) {
  for (const std::size_t size :
       {1U, 2U, 126U, 127U, 128U, 129U, 254U, 255U, 256U, 16383U, 16384U}) {
    EXPECT_EQ(room_->decode(coded_zeros(size)), std::string(size * 8 / 5, '0')) << size;
  }
  EXPECT_EQ(room_->decode(coded_zeros(kMaxCoded + 1)), std::nullopt);
}

TEST_F(Huffman, RefusesWhatIsNoCode) {
  // EOS inside, and padding that is longer than seven bits or not of ones.
  EXPECT_EQ(room_->decode(test::byte_vector("\xff\xff\xff\xff")), std::nullopt);
  EXPECT_EQ(room_->decode(test::byte_vector("\xff\xff")), std::nullopt);
  EXPECT_EQ(room_->decode(test::ByteVector(1, std::byte{0})), std::nullopt);
  // … and goes on after a refusal.
  EXPECT_EQ(room_->decode(test::ByteVector(5, std::byte{0})), "00000000");
}

}  // namespace
}  // namespace sluice::http2
