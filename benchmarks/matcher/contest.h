#pragma once

// The contest for one rule set: who is in it, are the answers right, how long does it take.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/matcher/cache_misses.h"
#include "benchmarks/matcher/limits.h"
#include "benchmarks/matcher/queries.h"
#include "benchmarks/matcher/rival.h"

namespace sluice::bench {

struct Entrant {
  std::unique_ptr<Rival> rival;
  double build_seconds = 0;  // by the clock on the wall, on all cores that it takes
  Footprint bytes;
};

// One way to look names up: a matcher and how many names it gets at a time.
struct Way {
  std::string matcher;
  std::size_t batch = 0;  // 0: one after the other
  bool answers = true;    // false: the machine's limits, which match nothing
  std::function<std::uint64_t(QuerySlice)> count;
};

struct Timing {
  std::string matcher;
  std::size_t batch = 0;
  double median_ns = 0;  // of processor time, a name
  double least_ns = 0;
  std::optional<double> misses;  // of the cache, a name
};

// Builds one rival; nothing, and a line that says why, where it gives up.
[[nodiscard]] std::optional<Entrant> enter(std::unique_ptr<Rival> rival, const Names& rules);

// The ways of all entrants, then the machine's limits. The entrants outlive them.
[[nodiscard]] std::vector<Way> ways_of(const std::vector<Entrant>& entrants,
                                       std::shared_ptr<const Limits> limits);

// How many answers differ from the reference's, name by name (batch by batch); prints the first.
[[nodiscard]] std::size_t wrong_answers(const Way& way, const Queries& queries);

// Each way once, then each again, and so on: what disturbs the machine disturbs all of them.
[[nodiscard]] std::vector<Timing> timed(const std::vector<Way>& ways, const Queries& queries,
                                        std::size_t rounds, CacheMisses& misses);

}  // namespace sluice::bench
