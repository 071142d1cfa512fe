#pragma once

// What two sets of rules differ in, by app: for people who are about to replace one by the other.
//
// Compares rules as `domains` writes them, whatever their lists and lines. Costs the text of every
// rule of both sets (about 50 bytes a rule) and sorts them. Allocates; not for workers.

#include <cstdint>
#include <string>
#include <vector>

#include "filters/match/domain_set.h"

namespace sluice::lists {

struct AppDifference {
  std::string app;
  std::vector<std::string> added, removed;  // the first by name
  std::uint64_t added_count = 0, removed_count = 0;
};

// Apps that differ, by name; at most `most` texts of each kind for each app.
[[nodiscard]] std::vector<AppDifference> difference(const match::DomainSet& before,
                                                    const match::DomainSet& after,
                                                    std::size_t most);

}  // namespace sluice::lists
