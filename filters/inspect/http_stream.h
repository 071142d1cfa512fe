#pragma once

// Private to inspect: HTTP in a client's stream. HTTP/1, from one request to the next:
//
//   start ─► head ─► no body ──────────────────────────────────► start
//     ▲        ├─► Content-Length: so many bytes are skipped ──► start
//     │        ├─► chunked ─► chunk … ─► trailer ──────────────► start
//     │        ├─► CONNECT, Upgrade: what follows is looked at anew ─► start
//     │        └─► a body whose end servers may see elsewhere ─► lost
//
// HTTP/2 without TLS (RFC 9113 section 3.3), from one frame to the next, behind its preface:
//
//   http2 ─┬─► the fields of a request: its hosts ─────► http2
//          └─► any other frame: its payload is skipped ─► http2

#include <optional>

#include "filters/inspect/inspect.h"

namespace sluice::inspect {

// REQUIRES: state.stage is start, http_fields, http_chunk or http_trailer.
[[nodiscard]] StreamReport inspect_http(Bytes stream, StreamState& state,
                                        FindingList& findings) noexcept;

// Whether the stream begins with the preface of HTTP/2: then what is to be answered.
// REQUIRES: state.stage is start.
[[nodiscard]] std::optional<StreamReport> begin_http2(Bytes stream, StreamState& state) noexcept;
// REQUIRES: state.stage is http2.
[[nodiscard]] StreamReport inspect_http2(Bytes stream, StreamState& state, Http2Scratch& scratch,
                                         FindingList& findings) noexcept;

// Appends `name`, a pseudo-name of a protocol that only one app speaks.
void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept;
// Appends a host as sent, with or without a port.
void add_host(std::string_view host, FindingList& findings) noexcept;

}  // namespace sluice::inspect
