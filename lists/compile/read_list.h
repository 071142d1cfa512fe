#pragma once

// From the text of one list to its entries, guarded. The outcome does not depend on the number of
// threads.
//
// If the format allows it (FormatInfo::splits_at_lines), a large text is cut at line ends, and its
// parts are parsed and guarded at the same time; their entries are taken in the order of the text.
// Memory: the entries of two parts of 1 MiB a thread. A format that does not split costs the
// entries of the whole text.

#include <cstdint>
#include <string_view>

#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/guard.h"
#include "lists/format/format.h"

namespace sluice::lists {

struct ReadOptions {
  bool exceptions = false;  // every entry is an exception
  bool forced = false;      // public suffixes are taken
  unsigned threads = 1;
};

struct ReadOutcome {
  Notes errors;    // refused lines
  Notes warnings;  // about lines that are taken
  std::uint64_t entries = 0;
};

// Called by one thread at a time.
using TakeEntry = FunctionRef<Result<void, match::BuildError>(const Entry&)>;

// Error: that of `take`, which ends the reading.
[[nodiscard]] Result<ReadOutcome, match::BuildError> read_list(std::string_view text,
                                                               const FormatInfo& format,
                                                               const ReadOptions& options,
                                                               const Guard& guard, TakeEntry take);

}  // namespace sluice::lists
