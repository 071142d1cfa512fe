#pragma once

// What no list may say: an entry that is a public suffix, or that covers a critical name. Const
// after construction: any number of threads may ask.

#include <string>

#include "lists/compile/critical_names.h"
#include "lists/compile/public_suffixes.h"
#include "lists/format/entry.h"

namespace sluice::lists {

class Guard {
 public:
  explicit Guard(CriticalNames critical) : critical_(std::move(critical)) {}

  // Why an entry is too dangerous to take; empty: it is not. `forced` takes public suffixes, never
  // what covers a critical name. Exceptions block nothing, so all of them pass.
  [[nodiscard]] std::string refusal(const Entry& entry, bool forced) const;

 private:
  CriticalNames critical_;
  PublicSuffixes suffixes_;
};

}  // namespace sluice::lists
