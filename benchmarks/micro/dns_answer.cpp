// dns::parse_response and inspect::inspect_answer: ns an answer, including all names it leads to.

#include <benchmark/benchmark.h>

#include <memory>

#include "benchmarks/micro/check.h"
#include "filters/inspect/answer.h"
#include "tests/support/dns_response.h"

namespace sluice::bench {
namespace {

using test::DnsResponse;

struct AnswerScratch {
  dns::Response response;
  inspect::FindingList findings;
};

// The names that the answer leads to.
std::size_t read_answer(Bytes message, AnswerScratch& scratch) {
  scratch.findings.clear();
  if (!dns::parse_response(message, scratch.response)) return 0;
  dns::ResponseReader records(message, scratch.response);
  static_cast<void>(inspect::inspect_answer(scratch.response, records, false, scratch.findings));
  return scratch.findings.size();
}

void dns_answer(benchmark::State& state, const DnsResponse& answer, std::size_t targets) {
  const test::ByteVector message = answer.build();
  const auto scratch = std::make_unique<AnswerScratch>();
  check(read_answer(message, *scratch) == targets, "targets of an answer");
  for (auto _ : state) {
    benchmark::DoNotOptimize(read_answer(message, *scratch));
    benchmark::ClobberMemory();
  }
}

DnsResponse four_addresses() {
  DnsResponse answer("www.example.com");
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) {
    answer.a("www.example.com", address);
  }
  return answer.additional().edns();
}

// A typical answer of a content delivery network: two aliases, then addresses.
DnsResponse alias_chain() {
  return DnsResponse("www.example.com")
      .cname("www.example.com", "www.example.com.cdn.example.net")
      .cname("www.example.com.cdn.example.net", "edge-17.cdn.example.net")
      .a("edge-17.cdn.example.net", "192.0.2.1")
      .a("edge-17.cdn.example.net", "192.0.2.2")
      .additional()
      .edns();
}

BENCHMARK_CAPTURE(dns_answer, four_addresses, four_addresses(), 0);
BENCHMARK_CAPTURE(dns_answer, two_aliases, alias_chain(), 2);

}  // namespace
}  // namespace sluice::bench
