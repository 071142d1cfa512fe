#include "filters/flow/flow_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::flow {
namespace {

constexpr HashKey kSecret{1, 2};

packet::Packet packet_between(std::string_view source, std::string_view destination) {
  packet::Packet packet;
  const auto frame = test::FrameBuilder(source, destination).tcp(1, 2, "A").build();
  const auto decoded = packet::decode(frame, LinkType::ethernet);
  if (decoded) packet = *decoded;
  packet.frame = packet.segment = packet.payload = {};  // of a frame that is gone
  return packet;
}

TEST(FlowKey, BothDirectionsHaveOneKey) {
  struct Ends {
    std::string_view a, b;
  };
  for (const auto& [a, b] :
       {Ends{"192.0.2.1:5000", "198.51.100.2:443"}, Ends{"198.51.100.2:5000", "192.0.2.1:443"},
        Ends{"192.0.2.1:443", "198.51.100.2:443"},  // the address decides
        Ends{"[2001:db8::1]:5000", "[2001:db8::2]:443"},
        Ends{"[2001:db8::1]:443", "[2001:db8::2]:443"}}) {
    const KeyedPacket there = key_of(packet_between(a, b));
    const KeyedPacket back = key_of(packet_between(b, a));
    EXPECT_EQ(there.key, back.key) << a << ' ' << b;
    EXPECT_EQ(hash_of(there.key, kSecret), hash_of(back.key, kSecret)) << a << ' ' << b;
    EXPECT_NE(there.source_is_low, back.source_is_low) << a << ' ' << b;
  }
}

TEST(FlowKey, AFlowToItselfHasOneKey) {
  const packet::Packet packet = packet_between("192.0.2.1:443", "192.0.2.1:443");
  EXPECT_TRUE(key_of(packet).source_is_low);
}

// Each field of a key tells flows apart, in comparison and in the hash.
TEST(FlowKey, DependsOnEveryIdentifyingField) {
  for (const bool v4 : {true, false}) {
    const auto base = v4 ? packet_between("192.0.2.1:5000", "198.51.100.2:443")
                         : packet_between("[2001:db8::1]:5000", "[2001:db8::2]:443");
    std::vector<FlowKey> keys = {key_of(base).key, key_of(base, 1).key, key_of(base, 0x8000).key};
    const auto add = [&](auto change) {
      packet::Packet other = base;
      change(other);
      keys.push_back(key_of(other).key);
    };
    for (std::size_t byte = v4 ? 12 : 0; byte < IpAddress::kBytes; ++byte) {
      const auto differ = [&](IpAddress& address) {
        auto bytes = address.mapped();
        bytes[byte] ^= std::byte{0x80};
        address = IpAddress::from_bytes(bytes);
      };
      add([&](packet::Packet& packet) { differ(packet.source); });
      add([&](packet::Packet& packet) { differ(packet.destination); });
    }
    add([](packet::Packet& packet) { packet.source_port.number ^= 1; });
    add([](packet::Packet& packet) { packet.source_port.number ^= 0x4000; });
    add([](packet::Packet& packet) { packet.destination_port.number ^= 2; });
    add([](packet::Packet& packet) { packet.vlan[0] = 7; });
    add([](packet::Packet& packet) { packet.vlan[1] = 7; });
    add([](packet::Packet& packet) { packet.tunnel_id = 1; });
    add([](packet::Packet& packet) { packet.tunnel_id = 0xffffff; });
    add([](packet::Packet& packet) { packet.transport = packet::Transport::udp; });
    std::set<std::uint64_t> hashes;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      hashes.insert(hash_of(keys[i], kSecret));
      for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(keys[i] == keys[j]) << i << ' ' << j;
    }
    EXPECT_EQ(hashes.size(), keys.size());
    EXPECT_NE(hash_of(keys[0], kSecret), hash_of(keys[0], {1, 3}));
  }
}

// Bug: the number of a question and the tunnel's identifier shared bits.
TEST(FlowKey, QuestionNumberAndTunnelIdShareNoBits) {
  packet::Packet in_tunnel = packet_between("192.0.2.1:5000", "198.51.100.2:53");
  packet::Packet bare = in_tunnel;
  in_tunnel.tunnel_id = 0x100;
  EXPECT_FALSE(key_of(in_tunnel, 0).key == key_of(bare, 1).key);
}

}  // namespace
}  // namespace sluice::flow
