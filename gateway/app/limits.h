#pragma once

// From the configuration to what one worker is given: limits are totals there. Pure.

#include <cstddef>

#include "gateway/config/config.h"
#include "gateway/engine/judge.h"

namespace sluice::app {

// Totals, as configured.
[[nodiscard]] engine::JudgeLimits limits_of(const config::StartSettings& settings);

[[nodiscard]] flow::Routes routes_of(const config::StartSettings& settings) noexcept;

// One worker's part of a total, rounded up, so that the parts are together at least the total.
// Not below `least`, for a table that small is of no use, and not above the total.
// REQUIRES: workers > 0.
[[nodiscard]] std::size_t share_of(std::size_t total, std::size_t workers,
                                   std::size_t least = 1) noexcept;
// Divides what is a size. Timeouts stay. So do rates of one client, because all flows of a client
// may belong to one worker.
[[nodiscard]] engine::JudgeLimits share_of(const engine::JudgeLimits& total,
                                           std::size_t workers) noexcept;

}  // namespace sluice::app
