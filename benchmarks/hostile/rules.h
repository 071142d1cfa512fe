#pragma once

// The rules of all scenarios: a million made-up names, globs under one suffix, address ranges, and
// `banned.example`, for clients in 10.0.0.0/8. The same rules in every run.

#include <cstddef>
#include <memory>
#include <string>

#include "gateway/engine/snapshot.h"

namespace sluice::bench {

inline constexpr std::size_t kRules = 1'000'000;
inline constexpr std::string_view kBanned = "banned.example";
inline constexpr std::string_view kGlobSuffix = "globs.example";

// The name of rule `number` (below kRules): two labels.
[[nodiscard]] std::string rule_text(std::size_t number);

[[nodiscard]] engine::Snapshot make_rules();
// The same rules with another `ech` setting.
[[nodiscard]] std::shared_ptr<const engine::Snapshot> with_ech(const engine::Snapshot& rules,
                                                               policy::Ech ech);

}  // namespace sluice::bench
