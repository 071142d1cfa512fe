#pragma once

// The rules of a finished set that block given names: popular ones, whose block is rarely intended,
// or critical ones.

#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/match/domain_set.h"
#include "filters/name/name.h"

namespace sluice::lists {

struct PopularHit {
  match::RuleId rule;
  name::Name first;         // the first popular name that the rule blocks
  std::uint64_t names = 0;  // all of them
};

// Sorted by list and line. `text` has a name a line, most popular first; bad lines are skipped.
// Names that an exception lets through do not count.
[[nodiscard]] std::vector<PopularHit> popular_hits(const match::DomainSet& set,
                                                   std::string_view text);

}  // namespace sluice::lists
