#pragma once

// TLS ClientHello, RFC 8446 section 4.1.2 and RFC 5246 section 7.4.1.2; server_name, RFC 6066
// section 3; ALPN, RFC 7301; ECH, extension 0xfe0d.
//
// Input: handshake bytes from the first byte of the handshake header, record layer already
// stripped (tls/record.h does that for TCP, tls/dtls.h for UDP).
// Output: views into the input, valid for as long as the input is.
// Pure and re-entrant: no allocation, no exceptions, no logging, no global state.
// Strict where leniency would let a name slip past: see client_hello.cpp, "What we refuse".

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::tls {

enum class HelloError : std::uint8_t {
  need_more,         // a well-formed prefix; feed again with more bytes
  not_client_hello,  // some other protocol or handshake message
  malformed,         // violates the RFC; never becomes valid with more bytes
  too_large,         // declared length over kMaxClientHello, or a record stream over its bound
};
inline constexpr std::size_t kHelloErrors = 4;

struct ClientHello {
  std::string_view server_name;  // as sent, not normalised; meaningful if has_server_name
  std::string_view first_alpn;   // empty: extension absent
  bool has_server_name = false;  // an empty one is none
  bool has_ech = false;  // server_name is then only the outer (public) name, or ECH is greased
};

// Of the body. Real ones have at most 2 KiB; servers take 16 KiB (Go: 64 KiB) to 128 KiB (OpenSSL).
inline constexpr std::size_t kMaxClientHello = 0xffff;
inline constexpr std::size_t kHandshakeHeaderBytes = 4;
inline constexpr std::uint8_t kClientHelloMessage = 1;  // the type in that header

enum class HelloForm : std::uint8_t {
  stream,    // TLS and QUIC
  datagram,  // DTLS: a cookie behind the session identifier (RFC 6347 section 4.2.1)
};

// Parses one ClientHello. Needs at least 4 bytes to tell need_more from not_client_hello.
[[nodiscard]] Result<ClientHello, HelloError> parse_client_hello(
    Bytes handshake, HelloForm form = HelloForm::stream) noexcept;
// The same without the handshake header; all of `body` is the hello.
[[nodiscard]] Result<ClientHello, HelloError> parse_hello_body(Bytes body, HelloForm form) noexcept;

[[nodiscard]] std::string_view to_string(HelloError error) noexcept;

}  // namespace sluice::tls
