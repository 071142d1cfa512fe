#pragma once

// DNS over TCP: each message behind its length in two bytes (RFC 1035 section 4.2.2, RFC 7766).
// Pure views over the bytes of a stream; keeps nothing.

#include <cstddef>

#include "filters/base/bytes.h"

namespace sluice::dns {

inline constexpr std::size_t kFramingBytes = 2;
// The longest message with its length.
inline constexpr std::size_t kMaxFramedBytes = kFramingBytes + 65535;

struct Framed {
  bool complete = false;
  Bytes message;             // complete: the message, without its length
  std::size_t consumed = 0;  // complete: bytes up to the next message
  std::size_t needed = 0;    // not complete: the stream is at least this long when it is
};

[[nodiscard]] Framed next_message(Bytes stream) noexcept;

// Tells whether a stream that begins so may be DNS from a client, whatever its port: a plausible
// length, then a query's header (QR 0, opcode 0, Z 0, RCODE 0, one question, no answer, at most two
// additional records). Decides on as many bytes as are there: false is final, true may become
// false with more of them.
[[nodiscard]] bool may_be_query_stream(Bytes stream) noexcept;
// The same of a server's stream: a length that has room for a header, and one with QR 1.
[[nodiscard]] bool may_be_response_stream(Bytes stream) noexcept;

}  // namespace sluice::dns
