#pragma once

// What only the finished set can tell of its lists: duplicates, globs that were left out, blocks of
// popular names. Private to lists/compile.

#include <string_view>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "lists/compile/compile.h"

namespace sluice::lists {

// `warnings` by list. Each names the line of the entry that stays.
void warn_of_duplicates(const match::Built& built, const std::vector<LoadedList>& lists,
                        std::vector<Notes>& warnings);

// Globs that were left out become refused lines; many globs below one name a warning.
void refuse_crowded_globs(const match::Built& built, std::vector<LoadedList>& lists);
void warn_of_many_globs(const match::Built& built, std::vector<Notes>& warnings);

void warn_of_popular(const match::DomainSet& set, std::string_view popular,
                     std::vector<Notes>& warnings);

}  // namespace sluice::lists
