#pragma once

// A benchmark checks its answer before it times it.

#include <cstdio>
#include <cstdlib>

namespace sluice::bench {

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "benchmark: wrong answer: %s\n", what);
  std::abort();
}

}  // namespace sluice::bench
