// dns::parse_query: ns a question, without and with EDNS.

#include <benchmark/benchmark.h>

#include <memory>

#include "benchmarks/micro/check.h"
#include "filters/dns/query.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {
namespace {

void dns_question(benchmark::State& state, bool edns) {
  const test::ByteVector message =
      test::dns_query("Edge-17.Static.example.COM", {.edns = edns, .cookie = edns ? 8U : 0U});
  const auto query = std::make_unique<dns::Query>();
  check(dns::parse_query(message, *query).has_value() && query->count == 1 &&
            query->questions[0].name == *name::Name::from_text("edge-17.static.example.com") &&
            query->has_edns == edns,
        "question");
  for (auto _ : state) {
    benchmark::DoNotOptimize(dns::parse_query(message, *query));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(dns_question, plain, false);
BENCHMARK_CAPTURE(dns_question, edns_cookie, true);

}  // namespace
}  // namespace sluice::bench
