#pragma once

// Private to inspect: the search for TLS that begins somewhere in a stream of another protocol
// (STARTTLS of mail, directories and chat, RDP, databases).
//
//   | EHLO … STARTTLS … | 16 03 01 … a ClientHello … |
//   `---- searched -----'--- scanned ----►
//
// Places that look like a hello are tried, from the first byte on; one that is not whole is waited
// for, and does not hide others behind it. A hello must begin within kMaxSearch bytes. No real
// stream has several places that look like a hello and are none, so a third one is refused
// (tls_too_many_hellos): each try costs one pass over its bytes.
//
// Behind a hello the search goes on, for the answer may be a HelloRetryRequest: then another hello
// follows, which may name another server. It has kMaxSearch bytes again; whoever sees the
// ServerHello ends it (tls/server_hello.h).

#include "filters/inspect/inspect.h"

namespace sluice::inspect {

// REQUIRES: state.stage() is search.
[[nodiscard]] StreamReport search_hello(Bytes stream, StreamState& state, MutableBytes scratch,
                                        FindingList& findings) noexcept;

}  // namespace sluice::inspect
