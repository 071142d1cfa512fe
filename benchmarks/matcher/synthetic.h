#pragma once

// Names that nobody registered, of realistic shape. Seeded: the same ones each time.

#include <cstddef>
#include <cstdint>

#include "benchmarks/matcher/names.h"

namespace sluice::bench {

// For machines without the shared lists: unique names, two thirds of them of two labels, most
// others below a parent that they share.
[[nodiscard]] Names made_up_names(std::size_t count, std::uint64_t seed);

// `count` unique names that are shaped like `real`: its tree of labels, as many times over as it
// takes, with other letters in every label but the rightmost. So lengths, depths and the number of
// names below a parent are the real ones.
[[nodiscard]] Names renamed_copies(const Names& real, std::size_t count, std::uint64_t seed);

}  // namespace sluice::bench
