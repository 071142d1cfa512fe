#pragma once

// Where a ClientHello may begin inside a stream: TLS that starts behind something else (STARTTLS of
// mail, directories and chat, RDP, databases).
//
//   | 22 | 03 | 0-4 | length | 01 | length of the hello | 03 | 0-4 | …
//
// Needs both lengths to agree, so that among random bytes one place in 2^40 is taken for one.
// Pure: no allocation, no exceptions. Cost: one pass.

#include <cstddef>

#include "filters/base/bytes.h"

namespace sluice::tls {

// The first place at or behind `from` where a hello may begin, as far as the bytes are there; the
// size of the stream where there is none.
[[nodiscard]] std::size_t find_client_hello(Bytes stream, std::size_t from) noexcept;

}  // namespace sluice::tls
