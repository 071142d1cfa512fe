#pragma once

// Entries of a finished set that have no effect: those that another entry of the same app covers,
// and exceptions that let nothing through. For `lists lint` and `build`.
//
// Looks every rule up in the set: about 0.5 µs a rule. Allocates; not for workers.

#include <cstdint>
#include <vector>

#include "filters/match/domain_set.h"

namespace sluice::lists {

struct Reviewed {
  match::RuleId rule;
  match::ListId list;
  std::uint32_t line = 0;
  match::RuleId covered_by;  // the entry that makes it redundant; none for idle exceptions
};

struct Review {
  static constexpr std::size_t kMostShown = 1000;
  // The first ones by list and line, and how many there are.
  std::vector<Reviewed> redundant, idle_exceptions;
  std::uint64_t redundant_count = 0;
  std::uint64_t idle_exception_count = 0;
};

// Redundant: without the entry the same names or addresses are blocked, or let through, for its
// app. Idle: no entry of its app (of any app, for exceptions of "*") would block what the exception
// names. Only exceptions of plain names are reported as idle: the names that a glob matches are
// unknown, and an exception of addresses also prevails over what the gateway learns about them.
[[nodiscard]] Review review(const match::DomainSet& set);

}  // namespace sluice::lists
