// tls::read_client_hello: ns a hello. A current browser sends about 1,900 bytes.

#include <benchmark/benchmark.h>

#include <array>
#include <memory>

#include "benchmarks/micro/check.h"
#include "filters/tls/record.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {
namespace {

using Scratch = std::array<std::byte, tls::kMaxClientHello + tls::kHandshakeHeaderBytes>;

// `records`: sizes of the first records, see test::tls_records.
void client_hello(benchmark::State& state, std::size_t bytes, std::vector<std::size_t> records) {
  const std::size_t bare = test::client_hello("www.example.com", {.padding = 1}).size() - 1;
  const test::ByteVector stream =
      test::tls_records(test::client_hello("www.example.com", {.padding = bytes - bare}), records);
  const auto scratch = std::make_unique<Scratch>();
  const auto read = tls::read_client_hello(stream, *scratch);
  check(read.hello && read.hello->server_name == "www.example.com", "server name");
  check(read.consumed == stream.size(), "length");
  for (auto _ : state) {
    benchmark::DoNotOptimize(tls::read_client_hello(stream, *scratch));
  }
}
BENCHMARK_CAPTURE(client_hello, 517_bytes, 517, {});
BENCHMARK_CAPTURE(client_hello, 1900_bytes, 1900, {});
BENCHMARK_CAPTURE(client_hello, 1900_bytes_in_five_records, 1900, {400, 400, 400, 400});

}  // namespace
}  // namespace sluice::bench
