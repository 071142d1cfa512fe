#pragma once

// DNS over TCP: two bytes of length before each message (RFC 1035 section 4.2.2, RFC 7766).
//
// Input: a stream of a client or a server. Output: views into it. Pure: no allocation, no
// exceptions. Cost: a message is not read here; a guess reads each byte once.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/detection.h"

namespace sluice::dns {

inline constexpr std::size_t kFramingBytes = 2;
// The longest message with its length.
inline constexpr std::size_t kMaxFramedBytes = kFramingBytes + 65535;

struct Framed {
  bool complete = false;
  Bytes message;             // complete: the message, without its length
  std::size_t consumed = 0;  // complete: bytes up to the next message
  std::size_t needed = 0;    // not complete: a shorter stream is not either
};

[[nodiscard]] Framed next_message(Bytes stream) noexcept;

// Where looks_like_query_stream stopped: offset of the next byte that it has to read.
struct QueryScan {
  std::uint16_t next = 0;
};

// Guesses whether a stream is DNS of a client, on any port: a plausible length, a query's header
// (QR 0, opcode 0, Z 0, RCODE 0, one question, no answer, at most two additional records), the
// labels of a name. `maybe` until the name ends. Continues where the scan stopped.
[[nodiscard]] Look looks_like_query_stream(Bytes stream, QueryScan& scan) noexcept;
// The same in one call; false is final, true may become false with more bytes.
[[nodiscard]] inline bool may_be_query_stream(Bytes stream) noexcept {
  QueryScan scan;
  return looks_like_query_stream(stream, scan).is != Detection::no;
}
// Whether a server of DNS could read a question in a stream: its header is no longer than the
// message, and the questions and records that it counts fit in (RFC 1035 section 4.1). Text and TLS
// never do, for their bytes would count too many. REQUIRES: kHeadBytes are there.
inline constexpr std::size_t kHeadBytes = kFramingBytes + 12;
[[nodiscard]] bool may_be_asked(Bytes stream) noexcept;
// Whether a stream may be that of a DNS server: a length with room for a header, and QR 1.
[[nodiscard]] bool may_be_response_stream(Bytes stream) noexcept;

}  // namespace sluice::dns
