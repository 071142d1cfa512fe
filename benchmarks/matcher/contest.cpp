#include "benchmarks/matcher/contest.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace sluice::bench {
namespace {

constexpr std::size_t kBatches[] = {8, 16, 32};

// CPU time of this thread. Time in which others run on the core does not count.
double thread_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Keeps the compiler from removing work whose result is not used.
void keep(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

}  // namespace

std::optional<Entrant> enter(std::unique_ptr<Rival> rival, const Names& rules) {
  Entrant entrant = {.rival = std::move(rival)};
  const auto start = std::chrono::steady_clock::now();
  const std::string failure = entrant.rival->build(rules);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  entrant.build_seconds = took.count();
  if (!failure.empty()) {
    std::printf("  %-11s left out: %s\n", std::string(entrant.rival->name()).c_str(),
                failure.c_str());
    return std::nullopt;
  }
  entrant.bytes = entrant.rival->bytes();
  return entrant;
}

std::vector<Way> ways_of(const std::vector<Entrant>& entrants,
                         std::shared_ptr<const Limits> limits) {
  std::vector<Way> ways;
  for (const Entrant& entrant : entrants) {
    const Rival* const rival = entrant.rival.get();
    const std::string name(rival->name());
    ways.push_back({.matcher = name,
                    .count = [rival](QuerySlice queries) { return rival->count_single(queries); }});
    if (!rival->has_batches()) continue;
    for (const std::size_t batch : kBatches) {
      ways.push_back({.matcher = name, .batch = batch, .count = [=](QuerySlice queries) {
                        return rival->count_batch(queries, batch);
                      }});
    }
  }
  ways.push_back({.matcher = "(one load)", .answers = false, .count = [limits](QuerySlice queries) {
                    return limits->independent(queries.size());
                  }});
  ways.push_back({.matcher = "(chained)", .answers = false, .count = [limits](QuerySlice queries) {
                    return limits->dependent(queries.size());
                  }});
  return ways;
}

std::size_t wrong_answers(const Way& way, const Queries& queries) {
  std::size_t wrong = 0;
  const std::size_t step = std::max<std::size_t>(way.batch, 1);
  for (std::size_t at = 0; at < queries.size(); at += step) {
    const QuerySlice some = queries.all().slice(at, std::min(step, queries.size() - at));
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < some.size(); ++i) expected += queries.covered(at + i) ? 1U : 0U;
    const std::uint64_t count = way.count(some);
    if (count == expected) continue;
    if (wrong++ > 0) continue;
    const std::string names(some.framed(0, some.size()));
    std::printf("%s finds %ju covered, not %ju, of:\n%s", way.matcher.c_str(),
                std::uintmax_t{count}, std::uintmax_t{expected}, names.c_str());
  }
  return wrong;
}

std::vector<Timing> timed(const std::vector<Way>& ways, const Queries& queries, std::size_t rounds,
                          CacheMisses& misses) {
  std::vector<std::vector<double>> times(ways.size());
  std::vector<std::vector<double>> missed(ways.size());
  const auto names = static_cast<double>(queries.size());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      misses.start();
      const double start = thread_seconds();
      keep(ways[i].count(queries.all()));
      times[i].push_back((thread_seconds() - start) * 1e9 / names);
      if (const auto count = misses.stop())
        missed[i].push_back(static_cast<double>(*count) / names);
    }
  }
  std::vector<Timing> timings;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    timings.push_back({.matcher = ways[i].matcher,
                       .batch = ways[i].batch,
                       .median_ns = median(times[i]),
                       .least_ns = std::ranges::min(times[i])});
    if (!missed[i].empty()) timings.back().misses = median(missed[i]);
  }
  return timings;
}

}  // namespace sluice::bench
