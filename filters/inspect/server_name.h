#pragma once

// From a server's name as a client sent it to a finding, the same way for every source: SNI of TLS,
// DTLS and QUIC, Host, :authority, targets of requests and of proxies.
//
//   " Www.Example.COM.:443 "     ->  www.example.com
//   "[2001:db8::1]:443"          ->  2001:db8::1
//   "www.ex%61mple.com"          ->  www.example.com
//   "user@www.example.com/x, a"  ->  user, www.example.com, x, a
//
// Servers ignore case, blanks around, a port, brackets and final dots; so do we, whatever the
// protocol. Of a value with bytes that no host name has (blanks and controls, @ , ; / \ ? # and
// quotes) each server takes another part, or none, so each part is a finding. Findings are
// appended. Pure: no allocation, no exceptions.

#include <string_view>

#include "filters/inspect/finding.h"
#include "filters/name/name.h"
#include "filters/tls/client_hello.h"

namespace sluice::inspect {

inline constexpr std::size_t kMaxHostParts = 4;

// The canonical name of one part. Never fails: see name::Name::from_host.
[[nodiscard]] name::Name canonical_host(std::string_view part) noexcept;

// A host of HTTP, or of a proxy's head. False: it has more than kMaxHostParts, of which HAProxy may
// take any.
[[nodiscard]] bool add_host(std::string_view as_sent, FindingList& findings) noexcept;

// The server name of a hello, if it has one. `protocol`: tls (DTLS too) or quic. No server takes a
// part behind the first kMaxHostParts.
void add_server_name(const tls::ClientHello& hello, Protocol protocol,
                     FindingList& findings) noexcept;

// `name` is the pseudo-name of a protocol that only one app speaks.
void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept;

}  // namespace sluice::inspect
