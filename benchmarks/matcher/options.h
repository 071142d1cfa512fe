#pragma once

// The command line of bench_matcher.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::bench {

struct Options {
  std::vector<std::string> sets;
  std::vector<unsigned> hits;         // percent
  std::vector<std::string> matchers;  // empty: all
  std::size_t queries = 0;
  std::size_t rounds = 0;
  std::uint64_t seed = 0;
  std::string shared;
  std::string csv;
  bool help = false;

  [[nodiscard]] bool wants(std::string_view matcher) const;
};

// Throws std::exception on wrong usage. Prints the usage for --help.
[[nodiscard]] Options read_options(int argc, const char* const* argv);

}  // namespace sluice::bench
