#include "filters/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace sluice {
namespace {

TEST(KeyedHash, DependsOnKeyLengthAndEachOctet) {
  std::array<std::byte, 24> input{};
  std::set<std::uint64_t> seen;
  for (std::size_t length = 0; length <= input.size(); ++length) {
    seen.insert(keyed_hash({1, 2}, Bytes(input).first(length)));
  }
  for (std::byte& octet : input) {
    octet = std::byte{1};
    seen.insert(keyed_hash({1, 2}, input));
  }
  seen.insert(keyed_hash({1, 3}, input));
  seen.insert(keyed_hash({2, 2}, input));
  EXPECT_EQ(seen.size(), input.size() + 1 + input.size() + 2);
}

TEST(KeyedHash, IsTheSameForTheSameInput) {
  EXPECT_EQ(keyed_hash({7, 9}, as_bytes("sluice")), keyed_hash({7, 9}, as_bytes("sluice")));
}

}  // namespace
}  // namespace sluice
