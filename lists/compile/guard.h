#pragma once

// What no list may say: an entry that is a public suffix, that covers a critical name, or that
// covers addresses of too many, or of nobody's (private, loopback, multicast). Const after
// construction: any number of threads may ask.

#include <string>

#include "filters/base/ip_address.h"
#include "lists/compile/critical_names.h"
#include "lists/compile/public_suffixes.h"
#include "lists/format/entry.h"

namespace sluice::lists {

class Guard {
 public:
  explicit Guard(CriticalNames critical);

  // Shorter ones would ban a good part of the internet.
  static constexpr unsigned kLeastV4Bits = 8, kLeastV6Bits = 16;

  // Why an entry is too dangerous to take; empty: it is not. `forced` takes public suffixes and
  // short prefixes, never what covers a critical name or a private address. Exceptions block
  // nothing, so all of them pass.
  [[nodiscard]] std::string refusal(const Entry& entry, bool forced) const;

 private:
  [[nodiscard]] std::string refusal(const IpPrefix& prefix, bool forced) const;

  CriticalNames critical_;
  PublicSuffixes suffixes_;
};

}  // namespace sluice::lists
