#pragma once

// Candidates as a list that people edit, sign and publish: the format `domains`, each name behind a
// comment with its evidence. What is marked is there as a comment alone: taking the `#` away is a
// decision. Allocates.

#include <string>
#include <vector>

#include "gateway/suggest/review.h"

namespace sluice::suggest {

// `12 aliases of banned names, 40 hellos at its addresses; about 7 clients; 2026-11-20 to
// 2026-11-28`
[[nodiscard]] std::string evidence_text(const Candidate& candidate);

// REQUIRES: all are of one app. `source`: where they come from, for its head.
[[nodiscard]] std::string list_text(const std::vector<Reviewed>& candidates,
                                    const std::string& source);

}  // namespace sluice::suggest
