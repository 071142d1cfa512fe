// A QUIC Initial of 1,200 bytes: ns a packet, in total and for each step.

#include <benchmark/benchmark.h>

#include "benchmarks/micro/check.h"
#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "filters/tls/client_hello.h"
#include "tests/support/quic_builder.h"

namespace sluice::bench {
namespace {

struct Sample {
  test::ByteVector datagram = test::quic_hello("www.example.com").at(0);
  quic::LongPacket packet = *quic::parse_long_packet(datagram);
  quic::PacketKeys keys = quic::initial_keys(*packet.secrets, packet.dcid, quic::Sender::client);
  quic::InitialOpener opener;
};

std::string_view server_name(Bytes payload) {
  quic::CryptoFrames frames(payload);
  const auto frame = frames.next();
  if (!frame) return {};
  const auto hello = tls::parse_client_hello(frame->bytes);
  return hello ? hello->server_name : std::string_view{};
}

void check_sample(Sample& sample) {
  const auto opened = sample.opener.open(sample.packet, sample.keys, 0);
  check(opened && server_name(opened->payload) == "www.example.com", "server name");
}

void quic_header(benchmark::State& state) {
  Sample sample;
  check_sample(sample);
  for (auto _ : state) benchmark::DoNotOptimize(quic::parse_long_packet(sample.datagram));
}
BENCHMARK(quic_header);

void quic_keys(benchmark::State& state) {
  Sample sample;
  check_sample(sample);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        quic::initial_keys(*sample.packet.secrets, sample.packet.dcid, quic::Sender::client));
  }
}
BENCHMARK(quic_keys);

void quic_open(benchmark::State& state) {
  Sample sample;
  check_sample(sample);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sample.opener.open(sample.packet, sample.keys, 0));
  }
}
BENCHMARK(quic_open);

void quic_frames_and_hello(benchmark::State& state) {
  Sample sample;
  check_sample(sample);
  const Bytes payload = sample.opener.open(sample.packet, sample.keys, 0)->payload;
  for (auto _ : state) benchmark::DoNotOptimize(server_name(payload));
}
BENCHMARK(quic_frames_and_hello);

void quic_initial(benchmark::State& state) {
  Sample sample;
  check_sample(sample);
  for (auto _ : state) {
    const auto packet = quic::parse_long_packet(sample.datagram);
    const auto keys = quic::initial_keys(*packet->secrets, packet->dcid, quic::Sender::client);
    const auto opened = sample.opener.open(*packet, keys, 0);
    benchmark::DoNotOptimize(server_name(opened->payload));
  }
}
BENCHMARK(quic_initial);

// Most datagrams cost only this: a look at the first byte.
void quic_sight_of_a_short_header(benchmark::State& state) {
  const test::ByteVector datagram = test::quic_short({}, 1200);
  check(quic::sight_of(datagram) == quic::Sight::none, "1-RTT");
  for (auto _ : state) benchmark::DoNotOptimize(quic::sight_of(datagram));
}
BENCHMARK(quic_sight_of_a_short_header);

}  // namespace
}  // namespace sluice::bench
