#pragma once

// By which text the globs below one name are found, so that a lookup need not try them all: the
// text that begins or ends one of their labels. `x12-*.cdn.example` has the key "x12-" at the start
// of the label before `cdn`. Private to match/. Pure; allocates.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::match {

struct GlobKey {
  std::uint8_t position = 0;   // of the label: 0 is the one left of the fixed part
  bool at_end = false;         // the text ends the label; else it begins it
  std::string_view text = {};  // in the pattern; empty: always tried
};

// The key of each pattern: of its texts the one that the fewest others have. Few patterns get none,
// because trying them costs less. REQUIRES: whole names in wire form with one fixed part.
[[nodiscard]] std::vector<GlobKey> glob_keys(std::span<const Bytes> patterns);

// A name meets at most so many globs by the keys of one position and end, and as many without key.
inline constexpr std::size_t kMostMet = 64;
// Positions over this are not used.
inline constexpr std::size_t kKeyPositions = 4;

// The patterns, by index, that are over kMostMet: they are alike except between stars.
[[nodiscard]] std::vector<std::size_t> crowded(std::span<const GlobKey> keys);

}  // namespace sluice::match
