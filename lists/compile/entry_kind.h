#pragma once

// What an entry of a list is to the matcher. Private to lists/compile. Pure.

#include "filters/match/rule.h"
#include "lists/format/entry.h"

namespace sluice::lists {

[[nodiscard]] constexpr match::EntryKind to_entry_kind(Action action, Scope scope) noexcept {
  using enum match::EntryKind;
  if (action == Action::allow) return scope == Scope::itself ? exact_exception : exception;
  return scope == Scope::itself ? exact : suffix;
}

}  // namespace sluice::lists
