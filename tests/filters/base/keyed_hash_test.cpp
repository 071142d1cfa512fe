#include "filters/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

namespace sluice {
namespace {

TEST(KeyedHash, DependsOnKeyLengthAndEachByte) {
  std::array<std::byte, 24> input{};
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length <= input.size(); ++length) {
    seen.insert(keyed_hash({1, 2}, Bytes(input).first(length)));
  }
  for (std::byte& byte : input) {
    byte = std::byte{1};
    seen.insert(keyed_hash({1, 2}, input));
  }
  seen.insert(keyed_hash({1, 3}, input));
  seen.insert(keyed_hash({2, 2}, input));
  EXPECT_EQ(seen.size(), input.size() + 1 + input.size() + 2);
}

TEST(KeyedHash, IsTheSameForTheSameInput) {
  EXPECT_EQ(keyed_hash({7, 9}, as_bytes("sluice")), keyed_hash({7, 9}, as_bytes("sluice")));
}

// SipHash-1-3 of 0, 1, 2 … under the key 0, 1 … 15, the scheme of its authors' test vectors. The
// values come from another implementation.
TEST(KeyedHash, IsSipHash13) {
  std::array<std::byte, 48> input;
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::byte>(i);
  const HashKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  const std::map<std::size_t, std::uint64_t> expected = {
      {0, 0xabac0158050fc4dcU},  {1, 0xc9f49bf37d57ca93U}, {3, 0x8bf80ab8e7ddf7fbU},
      {4, 0xcf75576088d38328U},  {7, 0xd3927d989bb11140U}, {8, 0x369095118d299a8eU},
      {44, 0xc2ca1cedfaf8876bU}, {47, 0x49fb169c8b5114fdU}};
  for (const auto& [bytes, hash] : expected) {
    EXPECT_EQ(keyed_hash(key, Bytes(input).first(bytes)), hash) << bytes;
  }
}

TEST(KeyedHash, IsTheSameWordByWord) {
  std::array<std::byte, 23> input;
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::byte>(i + 1);
  KeyedHash hash({7, 9});
  hash.absorb(0x0807060504030201U);
  hash.absorb(0x100f0e0d0c0b0a09U);
  EXPECT_EQ(hash.finish(0x17161514131211U, input.size()), keyed_hash({7, 9}, input));
}

}  // namespace
}  // namespace sluice
