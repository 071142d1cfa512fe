#pragma once

// From the text of one list to its entries, guarded: on several threads, with the same outcome
// whatever their number.
//
// A large text is cut at line ends; the pieces are parsed and guarded at the same time, a few at
// once, and what they hold is taken in the order of the file. Memory: what two pieces a thread
// hold.

#include <cstdint>
#include <string_view>

#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/guard.h"
#include "lists/format/format.h"

namespace sluice::lists {

struct ReadOptions {
  Format format = Format::domains;
  bool exceptions = false;  // every entry is an exception
  bool forced = false;      // public suffixes are taken
  unsigned threads = 1;
};

struct ReadOutcome {
  Notes errors;    // refused lines
  Notes warnings;  // of lines that are taken
  std::uint64_t entries = 0;
};

// Called by one thread at a time.
using TakeEntry = FunctionRef<Result<void, match::BuildError>(const Entry&)>;

// Error: `take` would take no more.
[[nodiscard]] Result<ReadOutcome, match::BuildError> read_list(std::string_view text,
                                                               const ReadOptions& options,
                                                               const Guard& guard, TakeEntry take);

}  // namespace sluice::lists
