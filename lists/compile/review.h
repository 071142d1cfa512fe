#pragma once

// What is odd in a finished set though nothing in it is wrong: entries that another entry of the
// same app makes needless, and exceptions that let nothing through. For `lists lint` and `build`.
//
// Looks every rule up in the set: about 0.5 µs a rule. Allocates; not for workers.

#include <cstdint>
#include <vector>

#include "filters/match/domain_set.h"

namespace sluice::lists {

struct Reviewed {
  match::RuleId rule;  // the entry in question
  match::ListId list;  // where it stands
  std::uint32_t line = 0;
  match::RuleId covered_by;  // the entry that makes it needless; none for idle exceptions
};

struct Review {
  static constexpr std::size_t kMostShown = 1000;
  // The first by list and line, and how many there are.
  std::vector<Reviewed> redundant, idle_exceptions;
  std::uint64_t redundant_count = 0;
  std::uint64_t idle_exception_count = 0;
};

// Redundant: without the entry the same names are blocked, or let through, for its app. Idle: no
// entry of its app (of any, for the exceptions of "*") would block what the exception names; said
// of exceptions of plain names only: a glob has names that stand nowhere, and addresses are let
// through out of longer ranges.
[[nodiscard]] Review review(const match::DomainSet& set);

}  // namespace sluice::lists
