#pragma once

// Private to inspect: HTTP in a client's stream. HTTP/1, from request to request:
//
//   start ─► head ─► no body ──────────────────────────────────► start
//     ▲        ├─► Content-Length: so many bytes are skipped ──► start
//     │        ├─► chunked ─► chunk … ─► trailer ──────────────► start
//     │        ├─► CONNECT, Upgrade: what follows is recognised anew ─► start
//     │        └─► a body whose end servers may see elsewhere ─► lost
//
// HTTP/2 without TLS (RFC 9113 section 3.3), from frame to frame, behind its preface:
//
//   http2 ─┬─► the fields of a request: its hosts ─────► http2
//          └─► any other frame: its payload is skipped ─► http2

#include "filters/inspect/inspect.h"

namespace sluice::inspect {

// The head of a request. REQUIRES: state.stage() is start, and recognised as HTTP.
[[nodiscard]] StreamReport begin_http(Bytes stream, StreamState& state,
                                      FindingList& findings) noexcept;
// REQUIRES: state.stage() is http_fields, http_chunk or http_trailer.
[[nodiscard]] StreamReport inspect_http(Bytes stream, StreamState& state,
                                        FindingList& findings) noexcept;

// The preface. REQUIRES: state.stage() is start, and recognised as HTTP/2.
[[nodiscard]] StreamReport begin_http2(Bytes stream, StreamState& state) noexcept;
// REQUIRES: state.stage() is http2.
[[nodiscard]] StreamReport inspect_http2(Bytes stream, StreamState& state, Http2Scratch& scratch,
                                         FindingList& findings) noexcept;

}  // namespace sluice::inspect
