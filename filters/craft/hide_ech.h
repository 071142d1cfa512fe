#pragma once

// A DNS answer without keys for Encrypted ClientHello (RFC 9848): no HTTPS or SVCB record has an
// `ech` parameter that a client could use.
//
//   RDATA before:  | … | ech 5 | length | keys | ipv6hint 6 | length | addresses |
//   RDATA after:   | … | ipv6hint 6 | length | addresses | 65534 | length | zeros |
//
// Nothing changes its length, so no length field, no compression pointer and no sequence number has
// to be mended, over UDP and TCP alike. 65534 is a key for private use (RFC 9460 section 14.3.2),
// which clients do not know and skip; where a record has it, the next lower one is used, in its
// place in the ascending order. `ech` leaves the list of mandatory keys, too: with a mandatory key
// that is not there, clients take the whole answer for malformed (section 8). A DNSSEC signature no
// longer fits: a client that validates takes the answer as forged.
// Pure: changes the caller's bytes; no allocation, no exceptions.

#include <cstddef>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/dns/response.h"

namespace sluice::craft {

// Changes `message` in place, and nothing in front of the offset that it returns. nullopt where a
// record has no private key left, or a name would read differently, because it is compressed by a
// pointer into what moves, or there are over 64 records, or over 24 names that might; `message` is
// then changed in part and must not be used.
// REQUIRES: `response` was parsed from `message`.
[[nodiscard]] std::optional<std::size_t> hide_ech(MutableBytes message,
                                                  const dns::Response& response) noexcept;

}  // namespace sluice::craft
