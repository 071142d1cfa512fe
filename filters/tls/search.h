#pragma once

// Where a ClientHello may begin inside a stream: TLS that starts behind something else (STARTTLS of
// mail, directories and chat, RDP, databases).
//
//   | 22 | 03 | any | length | 01 | length of the hello | version of the hello | …
//
// Needs both lengths to agree, so that among random bytes one place in 2^35 is taken for one. The
// versions say nothing, for servers look at the 3 only (Go not even at that: then the hello must
// have it). Pure: no allocation, no exceptions. Cost: one pass.

#include <cstddef>

#include "filters/base/bytes.h"

namespace sluice::tls {

struct HelloPlace {
  std::size_t at = 0;        // the first place where a hello may begin; `end`: there is none
  bool is_certain = false;   // enough bytes are there: more of them won't rule it out
  std::size_t needed = 0;    // not certain: a shorter stream does not tell
  std::size_t examined = 0;  // bytes that were looked at
};

// Looks for a place in front of `end`, at or behind `from`, as far as the bytes are there.
// REQUIRES: from <= end <= stream.size().
[[nodiscard]] HelloPlace find_client_hello(Bytes stream, std::size_t from,
                                           std::size_t end) noexcept;

}  // namespace sluice::tls
