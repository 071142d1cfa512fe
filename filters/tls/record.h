#pragma once

// TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2.1) down to handshake bytes.
//
//   | 22 | 03 xx | length | fragment of handshake | 22 | 03 xx | length | next fragment | …
//        ^ versions below 16.0: servers take more than 3.x
//
// A ClientHello may lie in one record (then the result is a view into the stream) or be spread over
// any number of them, cut at any byte (then the fragments are joined in `scratch`).
// Pure: no allocation, no exceptions. One call walks the stream from its start; `needed` tells the
// caller how long the stream must be before another call can tell more, so that a stream that
// comes byte by byte is not walked at every byte.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/tls/client_hello.h"

namespace sluice::tls {

inline constexpr std::size_t kRecordHeaderBytes = 5;
// A longest hello in records of 21 bytes, or one of 13 KiB in records of one byte; longer
// streams without a whole hello are too_large.
inline constexpr std::size_t kMaxHelloStream = 80 * 1024;

struct HelloRead {
  Result<ClientHello, HelloError> hello = fail(HelloError::need_more);
  std::size_t consumed = 0;  // a hello: bytes of the stream up to the end of its last record
  std::size_t needed = 0;    // need_more: in a stream that is shorter no hello is whole
};

// Reads the ClientHello at the start of a client's TCP stream. Views in the result point into
// `stream` or `scratch`. REQUIRES: scratch holds kMaxClientHello + kHandshakeHeaderBytes bytes.
[[nodiscard]] HelloRead read_client_hello(Bytes stream, MutableBytes scratch) noexcept;

// Tells whether a stream that begins so may be TLS with a ClientHello: content type 22, a version
// below 16.0, a length that is not zero, handshake type 1. Decides on as many bytes as are there:
// false is final, true may become false with more of them.
[[nodiscard]] bool may_be_tls(Bytes stream) noexcept;

}  // namespace sluice::tls
