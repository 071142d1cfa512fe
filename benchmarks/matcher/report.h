#pragma once

// Prints the tables, and writes the CSV that plot.py reads.

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "benchmarks/matcher/contest.h"

namespace sluice::bench {

// One rule set and one share of hits.
struct Setting {
  std::string set;
  std::size_t rules = 0;
  unsigned hit_percent = 0;
  std::size_t queries = 0;
  std::size_t rounds = 0;
};

void print_built(const std::vector<Entrant>& entrants, std::size_t rules);
void print_timings(const Setting& setting, const std::vector<Timing>& timings);

// Writes one line for each timing, to a new file.
class Csv {
 public:
  explicit Csv(const std::string& file);  // empty: writes nothing
  void write(const Setting& setting, const std::vector<Entrant>& entrants,
             const std::vector<Timing>& timings);

 private:
  std::ofstream out_;
};

}  // namespace sluice::bench
