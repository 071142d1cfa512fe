#pragma once

// What an entry of a list is to the matcher. Private to lists/compile. Pure.

#include "filters/match/domain_set_builder.h"
#include "filters/match/rule.h"
#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] constexpr match::EntryKind to_entry_kind(Action action, Scope scope) noexcept {
  using enum match::EntryKind;
  if (action == Action::exempt) return exemption;
  const bool allow = action == Action::allow;
  switch (scope) {
    case Scope::subtree:
      return allow ? exception : suffix;
    case Scope::itself:
      return allow ? exact_exception : exact;
    case Scope::below:
      return allow ? below_exception : below;
  }
  return suffix;
}

// The answer that its rule has in the image.
[[nodiscard]] inline match::Answer answer_of(const Entry& entry) noexcept {
  const bool is_small = entry.answer.rdata.size() <= match::kMostAnswerBytes;
  return entry.action == Action::block && is_small ? entry.answer : match::Answer{};
}

}  // namespace sluice::lists
