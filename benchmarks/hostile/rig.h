#pragma once

// Measures what each packet of a scenario costs an engine over a dataplane in memory.
//
// The cost of a packet is the time of a batch of one frame, minus that of one frame that is not IP.
// The scenario runs several times, each time with a new engine, and each packet keeps its minimum.
// This removes what the scheduler, a neighbour or an interrupt adds, and keeps what the packet
// costs in every run.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmarks/hostile/scenario.h"
#include "gateway/engine/snapshot.h"

namespace sluice::bench {

struct Cost {
  std::size_t packets = 0;
  double bytes = 0;          // mean size of a frame
  double amortised = 0;      // ns a packet, in batches of 64
  double median = 0;         // median packet, ns
  double p999 = 0;           // 99.9th percentile, ns
  double worst = 0;          // maximum, ns
  std::size_t worst_at = 0;  // its index
  std::size_t runs = 0;
  std::size_t wrong = 0;  // packets with a wrong verdict
};

class Rig {
 public:
  explicit Rig(const engine::Snapshot& rules) : rules_(rules) {}

  // Runs a scenario at least `least_runs` times and for `least_seconds`. `ordinary` runs before the
  // attack each time, so that no packet pays for the first use of code and tables.
  [[nodiscard]] Cost measure(const Scenario& scenario, const Scenario& ordinary,
                             std::size_t least_runs, double least_seconds) const;
  // Plays a scenario for `seconds` without timing its packets, for a profiler.
  void play(const Scenario& scenario, double seconds) const;

 private:
  const engine::Snapshot& rules_;
};

}  // namespace sluice::bench
