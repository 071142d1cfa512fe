#pragma once

// From a server's name as a client sent it to a finding, the same way for every source: SNI of TLS,
// DTLS and QUIC, Host, :authority, targets of requests and of proxies.
//
//   " user@Www.Example.COM.:443 "  ->  www.example.com
//   "[2001:db8::1]:443"            ->  2001:db8::1
//
// Servers ignore case, blanks around, a port, brackets and final dots; so do we, whatever the
// protocol. Findings are appended; a full list takes no more. Pure: no allocation, no exceptions.

#include <string_view>

#include "filters/inspect/finding.h"
#include "filters/name/name.h"
#include "filters/tls/client_hello.h"

namespace sluice::inspect {

// The canonical name. Never fails: see name::Name::from_host.
[[nodiscard]] name::Name canonical_host(std::string_view as_sent) noexcept;

// A host of HTTP, or of a proxy's head. Behind user information (`user:password@host`) servers
// disagree on what the host is, so both readings are appended.
void add_host(std::string_view as_sent, FindingList& findings) noexcept;

// The server name of a hello, if it has one. `protocol`: tls (DTLS too) or quic.
void add_server_name(const tls::ClientHello& hello, Protocol protocol,
                     FindingList& findings) noexcept;

// `name` is the pseudo-name of a protocol that only one app speaks.
void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept;

}  // namespace sluice::inspect
