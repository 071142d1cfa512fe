#pragma once

// Private to inspect: HTTP/1 in a client's stream, from one request to the next.
//
//   start ─► head ─► no body ──────────────────────────────────► start
//     ▲        ├─► Content-Length: so many octets are skipped ──► start
//     │        ├─► chunked ─► chunk … ─► trailer ──────────────► start
//     │        ├─► CONNECT, Upgrade: what follows is looked at anew ─► start
//     │        └─► a body whose end servers may see elsewhere ─► lost

#include "filters/inspect/inspect.h"

namespace sluice::inspect {

// REQUIRES: state.stage is start, http_fields, http_chunk or http_trailer.
[[nodiscard]] StreamReport inspect_http(Bytes stream, StreamState& state,
                                        FindingList& findings) noexcept;

// Appends `name`, a pseudo-name of a protocol that only one app speaks.
void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept;
// Appends a host as sent, with or without a port.
void add_host(std::string_view host, FindingList& findings) noexcept;

}  // namespace sluice::inspect
