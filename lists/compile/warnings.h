#pragma once

// Warnings that need the finished set: duplicates, and blocks of popular names. Private to
// lists/compile.

#include <string_view>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "lists/compile/compile.h"

namespace sluice::lists {

// `warnings` by list. Each names the line of the entry that stays.
void warn_of_duplicates(const match::Built& built, const std::vector<LoadedList>& lists,
                        std::vector<Notes>& warnings);

void warn_of_popular(const match::DomainSet& set, std::string_view popular,
                     std::vector<Notes>& warnings);

}  // namespace sluice::lists
