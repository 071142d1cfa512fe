// The canary: ns a name offered to the sample; ms a check of a ban with a million rules.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "benchmarks/micro/check.h"
#include "filters/match/domain_set_builder.h"
#include "gateway/app/canary.h"

namespace sluice::bench {
namespace {

constexpr HashKey kKey{1, 2};

name::Name name_of(std::size_t i) {
  return *name::Name::from_text("www.n" + std::to_string(i) + ".example.com");
}

void offer(benchmark::State& state) {
  engine::NameSample sample(kKey);
  const name::Name name = name_of(1);
  for (std::int64_t i = 0; i < state.range(0); ++i) sample.offer(name, "office", Nanos(0));
  for (auto _ : state) sample.offer(name, "office", Nanos(0));
}
BENCHMARK(offer)->Arg(0)->Arg(1'000'000);

void try_canary(benchmark::State& state) {
  match::DomainSetBuilder builder(kKey);
  const auto list = *builder.list("test");
  policy::Policy office{.name = "office"};
  office.apps.add(*builder.app("chat"));
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    builder.add(name_of(i), match::EntryKind::suffix, match::AppId{0}, list, i + 1).value();
  }
  engine::Snapshot next;
  next.domains = builder.build()->set;
  next.policies = policy::PolicySet({office});
  engine::NameSample sample(kKey);
  for (std::size_t i = 0; i < 1000; ++i) sample.offer(name_of(i * 2000), "office", Nanos(0));
  std::vector<engine::NameSample::Weighted> entries;
  sample.read(entries);
  const engine::Snapshot old;
  check(app::try_canary(old, next, entries, kKey).newly.of_names == 0.5, "share");
  for (auto _ : state) benchmark::DoNotOptimize(app::try_canary(next, next, entries, kKey));
}
BENCHMARK(try_canary)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
