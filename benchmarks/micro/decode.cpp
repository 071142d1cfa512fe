// packet::decode and its checksums: ns a packet.

#include <benchmark/benchmark.h>

#include "benchmarks/micro/check.h"
#include "filters/packet/packet.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {
namespace {

using test::FrameBuilder;
using test::Octets;

Octets frame(bool v4, bool vlan) {
  FrameBuilder builder(v4 ? "192.0.2.1:5000" : "[2001:db8::1]:5000",
                       v4 ? "198.51.100.2:443" : "[2001:db8::2]:443");
  if (vlan) builder.vlan(7).vlan(8);
  return builder.tcp(1000, 2000, "PA").payload(Octets(1400)).build();
}

void decode_tcp(benchmark::State& state, bool v4, bool vlan) {
  const Octets bytes = frame(v4, vlan);
  const auto packet = packet::decode(bytes, LinkType::ethernet);
  check(packet && packet->payload.size() == 1400 && packet->is_fragment == false, "decode");
  for (auto _ : state) {
    benchmark::DoNotOptimize(packet::decode(bytes, LinkType::ethernet));
  }
}
BENCHMARK_CAPTURE(decode_tcp, ipv4, true, false);
BENCHMARK_CAPTURE(decode_tcp, ipv6, false, false);
BENCHMARK_CAPTURE(decode_tcp, ipv4_two_vlan_tags, true, true);

void checksums_of_1400_octets(benchmark::State& state) {
  const Octets bytes = frame(true, false);
  const auto packet = packet::decode(bytes, LinkType::ethernet);
  check(packet && packet::checksums_hold(*packet), "checksums");
  for (auto _ : state) benchmark::DoNotOptimize(packet::checksums_hold(*packet));
}
BENCHMARK(checksums_of_1400_octets);

}  // namespace
}  // namespace sluice::bench
