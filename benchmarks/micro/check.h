#pragma once

// Aborts the benchmark on a wrong answer. Check before timing.

#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "benchmark: wrong answer: %s\n", what);
  std::abort();
}

}  // namespace sluice::bench
