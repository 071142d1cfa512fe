#pragma once

// Refuses entries that would block too much: public suffixes, critical names, and address ranges
// that are too large or not on the internet (private, loopback, multicast). Const after
// construction: any number of threads may ask.

#include <string>

#include "filters/base/ip_address.h"
#include "lists/compile/critical_names.h"
#include "lists/compile/public_suffixes.h"
#include "lists/format/entry.h"

namespace sluice::lists {

struct EntryRefusal {
  std::string reason;  // empty: the entry is taken
  std::string_view code = {};
};

class Guard {
 public:
  explicit Guard(CriticalNames critical);

  // Shorter prefixes would ban a large part of the internet.
  static constexpr unsigned kLeastV4Bits = 8, kLeastV6Bits = 16;

  // Why an entry is refused. `forced` takes public suffixes and short prefixes,
  // but never an entry that covers a critical name or a private address. Exceptions block nothing,
  // so all are taken.
  [[nodiscard]] EntryRefusal refusal(const Entry& entry, bool forced) const;

 private:
  [[nodiscard]] EntryRefusal refusal(const IpPrefix& prefix, bool forced) const;

  CriticalNames critical_;
  PublicSuffixes suffixes_;
};

}  // namespace sluice::lists
