// bench_matcher: compares our matcher with its rivals in one run. For each rule set it builds all
// of them, compares all answers with the reference, and times them in interleaved rounds on one
// core.
//
// Exit status: 0 done; 1 a matcher gave a wrong answer; 2 could not run.

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "benchmarks/matcher/contest.h"
#include "benchmarks/matcher/options.h"
#include "benchmarks/matcher/report.h"

namespace sluice::bench {
namespace {

void print_conditions(const Options& options, const Data& data, const CacheMisses& misses) {
  if (data.is_real()) {
    std::printf("lists: %s\n", data.folder().c_str());
  } else {
    std::printf("lists: none in %s, so ALL NAMES ARE MADE UP\n", data.folder().c_str());
  }
  const char* const tunables = std::getenv("GLIBC_TUNABLES");
  std::printf("heap of the rivals: %s\n", tunables != nullptr
                                              ? tunables
                                              : "as it is by default (for huge pages, set "
                                                "GLIBC_TUNABLES=glibc.malloc.hugetlb=1)");
  std::printf("cache misses: %s\n", misses.available() ? "counted" : "not available");
  for (const std::string_view rival : missing_rivals()) {
    std::printf("NOT BUILT, its library was not found: %s\n", std::string(rival).c_str());
  }
  std::printf("seed: %ju\n", std::uintmax_t{options.seed});
}

std::vector<Entrant> enter_all(const Options& options, const Names& rules) {
  std::vector<Entrant> entrants;
  for (auto& rival : make_rivals()) {
    if (!options.wants(rival->name())) continue;
    if (auto entrant = enter(std::move(rival), rules)) entrants.push_back(std::move(*entrant));
  }
  return entrants;
}

// The limits are measured on a table of the size of our hot part, or of 10 bytes a rule if our
// matcher does not take part.
std::size_t table_size(const std::vector<Entrant>& entrants, std::size_t rules) {
  for (const Entrant& entrant : entrants) {
    if (entrant.rival->name() == "sluice") return entrant.bytes.hot;
  }
  return 10 * rules;
}

bool all_right(const std::vector<Way>& ways, const Queries& queries) {
  bool right = true;
  for (const Way& way : ways) {
    if (!way.answers) continue;
    if (const std::size_t wrong = wrong_answers(way, queries)) {
      std::printf("WRONG: %s, batch %zu: %zu answers\n", way.matcher.c_str(), way.batch, wrong);
      right = false;
    }
  }
  return right;
}

// For comparison with the description of the lists.
void print_coverage(const Popular& popular, const Reference& reference) {
  std::size_t head = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < popular.names.size(); ++i) {
    const std::size_t covered = reference.covers(popular.names[i]) ? 1U : 0U;
    head += i < popular.head ? covered : 0;
    all += covered;
  }
  std::printf("  popular names covered: %zu of the first %zu, %zu of all %zu\n", head, popular.head,
              all, popular.names.size());
}

// Returns false after a wrong answer.
bool run_set(const Options& options, const std::string& set, Data& data, const Popular& popular,
             CacheMisses& misses, Csv& csv) {
  const auto rules = data.rules(set);
  if (!rules) throw std::runtime_error("no such rule set: " + set);
  std::printf("\n%s: %zu rules\n", set.c_str(), rules->size());
  const Reference reference(*rules);
  print_coverage(popular, reference);
  const std::vector<Entrant> entrants = enter_all(options, *rules);
  print_built(entrants, rules->size());
  const auto limits = std::make_shared<const Limits>(table_size(entrants, rules->size()));
  const std::vector<Way> ways = ways_of(entrants, limits);
  bool right = true;
  for (const unsigned percent : options.hits) {
    const Queries queries = make_queries(*rules, popular, reference, options.queries,
                                         options.queries * percent / 100, options.seed + percent);
    const Setting setting = {set, rules->size(), percent, queries.size(), options.rounds};
    if (!all_right(ways, queries)) {
      right = false;  // do not time wrong answers
      continue;
    }
    const std::vector<Timing> timings = timed(ways, queries, options.rounds, misses);
    print_timings(setting, timings);
    csv.write(setting, entrants, timings);
  }
  return right;
}

int run(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  if (options.help) return 0;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // the run takes minutes: show progress in a file, too
  Csv csv(options.csv);
  CacheMisses misses;
  Data data(options.shared, options.seed);
  print_conditions(options, data, misses);
  const Popular popular = data.popular();
  bool right = true;
  for (const std::string& set : options.sets) {
    right = run_set(options, set, data, popular, misses, csv) && right;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  try {
    return sluice::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_matcher: %s\n", error.what());
    return 2;
  }
}
