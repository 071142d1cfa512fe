#pragma once

// A DNS answer without keys for Encrypted ClientHello (RFC 9848): a copy of its frame in which no
// HTTPS or SVCB record has an `ech` parameter that a client could use.
//
//   RDATA before:  | … | ech 5 | length | keys | ipv6hint 6 | length | addresses |
//   RDATA after:   | … | ipv6hint 6 | length | addresses | 65534 | length | zeros |
//
// Nothing changes its length, so no length field, no compression pointer and no sequence number has
// to be mended, and it is done alike over UDP and TCP. 65534 is a key for private use (RFC 9460
// section 14.3.2), which clients do not know and pass over. A record that makes `ech` mandatory is
// one that they ignore then, as they should. A signature (DNSSEC) no longer fits: a client that
// validates takes the answer as forged.
// Pure: writes into the caller's buffer; no allocation, no exceptions.

#include "filters/base/bytes.h"
#include "filters/dns/response.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

// The frame, a part of `out`, as long as packet.frame; empty where `out` is too small or a record
// leaves no room for the key. REQUIRES: `message` is a part of packet.payload, `response` is parsed
// from it.
[[nodiscard]] Bytes hide_ech(const packet::Packet& packet, Bytes message,
                             const dns::Response& response, MutableBytes out) noexcept;

}  // namespace sluice::craft
