// packet::decode, checksums, and the reassembler: ns a packet.

#include <benchmark/benchmark.h>

#include "benchmarks/micro/check.h"
#include "filters/fragment/reassembler.h"
#include "filters/packet/packet.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {
namespace {

using test::ByteVector;
using test::FrameBuilder;

ByteVector frame(bool v4, bool vlan) {
  FrameBuilder builder(v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000",
                       v4 ? "198.51.100.2:443" : "[2001:db8::2]:443");
  if (vlan) builder.vlan(7).vlan(8);
  return builder.tcp(1000, 2000, "PA").payload(ByteVector(1400)).build();
}

void decode_tcp(benchmark::State& state, bool v4, bool vlan) {
  const ByteVector bytes = frame(v4, vlan);
  const auto packet = packet::decode(bytes, LinkType::ethernet);
  check(packet && packet->payload.size() == 1400 && packet->is_fragment == false, "decode");
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet::decode(bytes, LinkType::ethernet));
  }
}
BENCHMARK_CAPTURE(decode_tcp, ipv4, true, false);
BENCHMARK_CAPTURE(decode_tcp, ipv6, false, false);
BENCHMARK_CAPTURE(decode_tcp, ipv4_two_vlan_tags, true, true);

// Decodes as the gateway does, which looks for every kind of tunnel.
void decode_udp(benchmark::State& state, bool vxlan) {
  ByteVector inner = test::byte_vector(std::string_view("\x08\0\0\0\0\0\x05\0", 8));
  test::append(inner, frame(true, false));
  const ByteVector bytes =
      FrameBuilder("203.0.113.1:5000", vxlan ? "203.0.113.2:4789" : "203.0.113.2:443")
          .payload(inner)
          .build();
  const auto packet = packet::decode(bytes, LinkType::ethernet, packet::Tunnels::all());
  check(packet && packet->tunnels == (vxlan ? 1 : 0), "decode");
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet::decode(bytes, LinkType::ethernet, packet::Tunnels::all()));
  }
}
BENCHMARK_CAPTURE(decode_udp, bare, false);
BENCHMARK_CAPTURE(decode_udp, in_vxlan, true);

// Two fragments of a 1,440-byte packet: decoded, reassembled, decoded again.
void reassemble_two_fragments(benchmark::State& state) {
  std::vector<ByteVector> pieces = test::fragments_of(frame(true, false), 720);
  fragment::Reassembler reassembler({}, {1, 2});
  std::uint16_t id = 0;
  for (auto _ : state) {
    ++id;
    for (ByteVector& piece : pieces) {
      piece[18] = static_cast<std::byte>(id >> 8);
      piece[19] = static_cast<std::byte>(id & 0xff);
      const auto packet = packet::decode(piece, LinkType::ethernet);
      const auto outcome = reassembler.take(*packet, Nanos{id}, false);
      if (outcome != fragment::Outcome::whole) continue;
      const auto whole = reassembler.whole(packet::Tunnels::all());
      check(whole && whole->payload.size() == 1400, "reassemble");
      reassembler.settle(true);
    }
  }
}
BENCHMARK(reassemble_two_fragments);

void checksums_of_1400_bytes(benchmark::State& state) {
  const ByteVector bytes = frame(true, false);
  const auto packet = packet::decode(bytes, LinkType::ethernet);
  check(packet && packet::checksums_hold(*packet), "checksums");
  for (auto _ : state) benchmark::DoNotOptimize(packet::checksums_hold(*packet));
}
BENCHMARK(checksums_of_1400_bytes);

}  // namespace
}  // namespace sluice::bench
