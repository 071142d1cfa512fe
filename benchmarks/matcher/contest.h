#pragma once

// One rule set: builds the rivals, checks their answers, times them.

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
  double build_seconds = 0;  // wall clock; a rival may use several cores
  Footprint bytes;
};

// One way to look names up: a matcher, and how many names it gets in one call.
struct Way {
  std::string matcher;
  std::size_t batch = 0;  // 0: one name a call
  bool answers = true;    // false: a limit of the machine, which matches nothing
  std::function<std::uint64_t(QuerySlice)> count;
};

struct Timing {
  std::string matcher;
  std::size_t batch = 0;
  double median_ns = 0;  // CPU time for one name
  double least_ns = 0;
  std::optional<double> misses;  // cache misses for one name
};

// Builds one rival. nullopt: it gave up, and a line was printed that says why.
[[nodiscard]] std::optional<Entrant> enter(std::unique_ptr<Rival> rival, const Names& rules);

// All ways of all entrants, then the limits of the machine. REQUIRES: the entrants outlive them.
[[nodiscard]] std::vector<Way> ways_of(const std::vector<Entrant>& entrants,
                                       std::shared_ptr<const Limits> limits);

// Compares each answer (of a name, or of a batch) with the reference. Returns how many are wrong
// and prints the first one.
[[nodiscard]] std::size_t wrong_answers(const Way& way, const Queries& queries);

// Rounds are interleaved: each way once, then each again. A disturbance then hits all of them.
[[nodiscard]] std::vector<Timing> timed(const std::vector<Way>& ways, const Queries& queries,
                                        std::size_t rounds, CacheMisses& misses);

}  // namespace sluice::bench
