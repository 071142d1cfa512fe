#include "gateway/dataplane/flow_key.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "tests/support/packet_builder.h"

namespace sluice::io {
namespace {

using test::endpoint;

constexpr std::uint8_t kTcp = 6, kUdp = 17;

FlowKey key_of(std::string_view a, std::string_view b, std::uint8_t protocol = kTcp,
               const FlowKey::Vlans& vlans = {}) {
  return FlowKey::between(endpoint(a), endpoint(b), protocol, vlans);
}

TEST(DataplaneFlowKey, IsTheSameInBothDirections) {
  for (const auto& [a, b] : {std::pair("192.0.2.1:5000", "198.51.100.2:443"),
                             std::pair("192.0.2.1:53", "198.51.100.2:53"),
                             std::pair("[2001:db8::1]:443", "[2001:db8::2]:5000")}) {
    EXPECT_EQ(key_of(a, b), key_of(b, a)) << a;
    EXPECT_EQ(hash_of(key_of(a, b), {1, 2}), hash_of(key_of(b, a), {1, 2})) << a;
  }
}

TEST(DataplaneFlowKey, TellsFlowsApart) {
  const FlowKey key = key_of("192.0.2.1:5000", "198.51.100.2:443");
  EXPECT_NE(key, key_of("192.0.2.1:443", "198.51.100.2:5000"));  // ports exchanged
  EXPECT_NE(key, key_of("192.0.2.1:5001", "198.51.100.2:443"));
  EXPECT_NE(key, key_of("192.0.2.3:5000", "198.51.100.2:443"));
  EXPECT_NE(key, key_of("192.0.2.1:5000", "198.51.100.2:443", kUdp));
  EXPECT_NE(key, key_of("192.0.2.1:5000", "198.51.100.2:443", kTcp, {7, 0}));
  EXPECT_NE(key_of("192.0.2.1:5000", "198.51.100.2:443", kTcp, {7, 8}),
            key_of("192.0.2.1:5000", "198.51.100.2:443", kTcp, {8, 7}));
}

// What C code of a BPF program will write into the map's key.
TEST(DataplaneFlowKey, HasTheLayoutOfItsHeader) {
  const FlowKey key = key_of("192.0.2.1:5000", "198.51.100.2:443", kUdp, {7, 8});
  std::array<unsigned char, kFlowKeyBytes> bytes{};
  std::memcpy(bytes.data(), &key, sizeof key);
  const std::array<unsigned char, kFlowKeyBytes> expected = {
      0,    0,    0,    0,    0, 0, 0, 0, 0,  0, 0xff, 0xff, 198, 51, 100, 2,  // low: port 443
      0,    0,    0,    0,    0, 0, 0, 0, 0,  0, 0xff, 0xff, 192, 0,  2,   1,  // high: port 5000
      0xbb, 0x01, 0x88, 0x13, 7, 0, 8, 0, 17, 0, 0,    0};
  EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace sluice::io
