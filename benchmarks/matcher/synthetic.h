#pragma once

// Made-up names of realistic shape. Seeded: the same names each time.

#include <cstddef>
#include <cstdint>

#include "benchmarks/matcher/names.h"

namespace sluice::bench {

// For machines without the shared lists: unique names. Two thirds have two labels; most others
// share a parent.
[[nodiscard]] Names made_up_names(std::size_t count, std::uint64_t seed);

// `count` unique names shaped like `real`: copies of its tree of labels, with other letters in
// every label but the rightmost. Lengths, depths and the number of names below a parent stay real.
[[nodiscard]] Names renamed_copies(const Names& real, std::size_t count, std::uint64_t seed);

}  // namespace sluice::bench
