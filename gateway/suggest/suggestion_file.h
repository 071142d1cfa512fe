#pragma once

// The file of candidates, which the gateway writes and `sluice lists suggest` reads (JSON).
// README.md describes it, format version 1. Reading is strict: a file that is damaged, or of
// another version, is refused as a whole, with the place and the reason. Allocates; no I/O.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "gateway/suggest/candidate.h"

namespace sluice::suggest {

inline constexpr std::size_t kMostCandidates = 65536;
inline constexpr std::size_t kMostFileBytes = std::size_t{64} << 20;

struct SuggestionFile {
  std::chrono::sys_seconds written;
  std::vector<Candidate> candidates;
  friend bool operator==(const SuggestionFile&, const SuggestionFile&) = default;
};

// Times are cut to the hour, so that a line does not tell when somebody used a name. A candidate a
// line.
[[nodiscard]] std::string suggestions_text(const SuggestionFile& file);
// Error: `candidates[3]: "clients" is no whole number`.
[[nodiscard]] Result<SuggestionFile, std::string> parse_suggestions(std::string_view text);

// Of one candidate: the object of the file, for `--json` too.
[[nodiscard]] std::string candidate_json(const Candidate& candidate);

}  // namespace sluice::suggest
