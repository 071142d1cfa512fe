#pragma once

// What people are shown of the candidates: those with evidence enough, each with what speaks
// against banning it. Allocates; no I/O but that of the public suffix list.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/suggest/candidate.h"
#include "lists/compile/guard.h"

namespace sluice::suggest {

struct ReviewOptions {
  std::string app;  // empty: all
  std::uint64_t least_count = 5;
  std::uint32_t least_clients = 3;  // does not count for what the gateway's own resolver saw
};

// What speaks against a candidate. The code is for machines, and stable: README.md has all.
struct Mark {
  std::string_view code;
  std::string text;
};

struct Reviewed {
  Candidate candidate;
  std::vector<Mark> marks;
};

struct Review {
  std::vector<Reviewed> shown;  // those of most clients first, then of most evidence
  std::size_t below = 0;        // candidates that have too little evidence
};

// `popular`: the text of a list of popular names, or empty.
[[nodiscard]] Review review(const std::vector<Candidate>& candidates, const ReviewOptions& options,
                            const lists::Guard& guard, std::string_view popular);

}  // namespace sluice::suggest
