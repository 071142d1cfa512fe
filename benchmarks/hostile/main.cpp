// bench_hostile: how much a packet can cost that an attacker constructs, for each protocol and
// state. benchmarks/README.md describes the method.
//
// Exit status: 0 done; 1 a verdict was wrong; 2 wrong usage.

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "benchmarks/hostile/rig.h"
#include "benchmarks/hostile/rules.h"
#include "benchmarks/hostile/scenario.h"

namespace sluice::bench {
namespace {

struct Options {
  std::string csv;      // empty: no file
  std::string only;     // empty: all scenarios
  std::string profile;  // not empty: play this scenario only
  std::size_t runs = 7;
  double seconds = 1;
};

constexpr const char* kUsage =
    "bench_hostile [--csv FILE] [--only TEXT] [--runs N] [--seconds S] [--profile NAME]\n"
    "  --csv      also write the figures to FILE\n"
    "  --only     run only scenarios whose group or name contains TEXT, and the ordinary packets\n"
    "  --runs     run each scenario at least N times (7)\n"
    "  --seconds  and for at least S seconds (1)\n"
    "  --profile  play scenario NAME for S seconds and measure nothing, for a profiler\n";

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
    const bool known = option == "--csv" || option == "--only" || option == "--runs" ||
                       option == "--seconds" || option == "--profile";
    if (!known || value == nullptr) {
      std::fputs(kUsage, option == "--help" ? stdout : stderr);
      std::exit(option == "--help" ? 0 : 2);
    }
    ++i;
    if (option == "--csv") options.csv = value;
    if (option == "--only") options.only = value;
    if (option == "--profile") options.profile = value;
    if (option == "--runs") options.runs = std::strtoul(value, nullptr, 10);
    if (option == "--seconds") options.seconds = std::strtod(value, nullptr);
  }
  return options;
}

std::vector<ScenarioEntry> all_scenarios() {
  std::vector<ScenarioEntry> all;
  for (const auto scenarios :
       {tcp_scenarios, http_scenarios, dns_scenarios, datagram_scenarios, packet_scenarios}) {
    const auto more = scenarios();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

void print(std::FILE* csv, const ScenarioEntry& entry, const Cost& cost, double ordinary) {
  std::printf("%-8.*s %-44.*s %7zu %6.0f %9.0f %9.0f %9.0f %9.0f %7.0f%s\n",
              static_cast<int>(entry.group.size()), entry.group.data(),
              static_cast<int>(entry.name.size()), entry.name.data(), cost.packets, cost.bytes,
              cost.amortised, cost.median, cost.p999, cost.worst, cost.worst / ordinary,
              cost.wrong > 0 ? "  WRONG VERDICTS" : "");
  std::fflush(stdout);
  if (csv == nullptr) return;
  std::fprintf(csv, "%.*s,\"%.*s\",%zu,%.0f,%.1f,%.1f,%.1f,%.1f,%zu,%.2f,%zu,%zu\n",
               static_cast<int>(entry.group.size()), entry.group.data(),
               static_cast<int>(entry.name.size()), entry.name.data(), cost.packets, cost.bytes,
               cost.amortised, cost.median, cost.p999, cost.worst, cost.worst_at,
               cost.worst / ordinary, cost.runs, cost.wrong);
}

// Moves the opening and the first half of the attack to another scenario.
Scenario take_half(Scenario& scenario) {
  Scenario half = scenario;
  const std::size_t middle = scenario.attack.size() / 2;
  half.attack.resize(middle);
  scenario.attack.erase(scenario.attack.begin(),
                        scenario.attack.begin() + static_cast<std::ptrdiff_t>(middle));
  scenario.opening.clear();
  return half;
}

int run(const Options& options) {
  const engine::Snapshot rules = make_rules();
  const Rig rig(rules);
  const auto scenarios = all_scenarios();
  if (!options.profile.empty()) {
    for (const ScenarioEntry& entry : scenarios) {
      if (entry.name == options.profile) rig.play(entry.make(), options.seconds);
    }
    return 0;
  }
  std::FILE* const csv = options.csv.empty() ? nullptr : std::fopen(options.csv.c_str(), "w");
  if (!options.csv.empty() && csv == nullptr) {
    std::perror(options.csv.c_str());
    return 2;
  }
  if (csv != nullptr) {
    std::fputs(
        "group,scenario,packets,bytes,amortised_ns,median_ns,p999_ns,worst_ns,worst_at,"
        "times_ordinary,runs,wrong\n",
        csv);
  }
  std::printf("%-8s %-44s %7s %6s %9s %9s %9s %9s %7s\n", "group", "scenario", "packets", "bytes",
              "ns/packet", "median", "p99.9", "worst", "x ord.");
  std::map<std::string_view, double> ordinary_ns;
  Scenario ordinary;
  std::size_t wrong = 0;
  for (const ScenarioEntry& entry : scenarios) {
    const bool chosen = entry.name == kOrdinary || options.only.empty() ||
                        entry.group.contains(options.only) || entry.name.contains(options.only);
    if (!chosen) continue;
    Scenario scenario = entry.make();
    if (entry.name == kOrdinary) ordinary = take_half(scenario);
    const Cost cost = rig.measure(scenario, ordinary, options.runs, options.seconds);
    if (entry.name == kOrdinary) ordinary_ns[entry.group] = cost.median;
    print(csv, entry, cost, ordinary_ns[entry.group]);
    wrong += cost.wrong;
  }
  if (csv != nullptr) std::fclose(csv);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  // Each run has a new engine. Let it reuse the memory of the previous one, which is already
  // mapped: a page fault costs more than most packets.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  return sluice::bench::run(sluice::bench::read_options(argc, argv));
}
