#include "benchmarks/matcher/report.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr std::string_view kMainRival = "absl";

double each(std::size_t bytes, std::size_t rules) {
  return static_cast<double>(bytes) / static_cast<double>(rules);
}

std::string mode(std::size_t batch) {
  return batch == 0 ? "single" : "batch " + std::to_string(batch);
}

}  // namespace

void print_built(const std::vector<Entrant>& entrants, std::size_t rules) {
  std::printf("  %-11s %9s %17s %18s\n", "matcher", "build s", "hot bytes a rule",
              "cold bytes a rule");
  for (const Entrant& entrant : entrants) {
    std::printf("  %-11s %9.2f %17.1f %18.1f\n", std::string(entrant.rival->name()).c_str(),
                entrant.build_seconds, each(entrant.bytes.hot, rules),
                each(entrant.bytes.cold, rules));
  }
}

void print_timings(const Setting& setting, const std::vector<Timing>& timings) {
  std::printf("\n%s: %zu rules, %u %% misses, %zu names, %zu rounds\n", setting.set.c_str(),
              setting.rules, 100 - setting.hit_percent, setting.queries, setting.rounds);
  std::printf("  %-11s %-9s %9s %9s %15s %13s\n", "matcher", "mode", "ns a name", "least",
              "faster than absl", "cache misses");
  const auto main_rival = std::ranges::find_if(timings, [](const Timing& timing) {
    return timing.matcher == kMainRival && timing.batch == 0;
  });
  for (const Timing& timing : timings) {
    std::printf("  %-11s %-9s %9.1f %9.1f ", timing.matcher.c_str(), mode(timing.batch).c_str(),
                timing.median_ns, timing.least_ns);
    if (main_rival == timings.end()) {
      std::printf("%16s ", "-");
    } else {
      std::printf("%14.2f x ", main_rival->median_ns / timing.median_ns);
    }
    timing.misses ? std::printf("%13.2f\n", *timing.misses) : std::printf("%13s\n", "-");
  }
}

Csv::Csv(const std::string& file) {
  if (file.empty()) return;
  out_.open(file);
  if (!out_) throw std::runtime_error("cannot write " + file);
  out_ << "set,rules,hit_percent,queries,rounds,matcher,batch,median_ns,least_ns,cache_misses,"
          "hot_bytes_a_rule,cold_bytes_a_rule,build_s\n";
}

void Csv::write(const Setting& setting, const std::vector<Entrant>& entrants,
                const std::vector<Timing>& timings) {
  if (!out_.is_open()) return;
  char line[256];
  for (const Timing& timing : timings) {
    out_ << setting.set << ',' << setting.rules << ',' << setting.hit_percent << ','
         << setting.queries << ',' << setting.rounds << ',' << timing.matcher << ','
         << timing.batch;
    std::snprintf(line, sizeof line, ",%.2f,%.2f,", timing.median_ns, timing.least_ns);
    out_ << line;
    if (timing.misses) out_ << *timing.misses;
    const auto entrant = std::ranges::find_if(
        entrants, [&](const Entrant& one) { return one.rival->name() == timing.matcher; });
    if (entrant == entrants.end()) {
      out_ << ",,,\n";
      continue;
    }
    std::snprintf(line, sizeof line, ",%.2f,%.2f,%.2f\n", each(entrant->bytes.hot, setting.rules),
                  each(entrant->bytes.cold, setting.rules), entrant->build_seconds);
    out_ << line;
  }
  out_.flush();
}

}  // namespace sluice::bench
