#pragma once

// What a client says to a proxy before it speaks to the server: SOCKS 4 and 4a, SOCKS 5 (RFC 1928,
// with RFC 1929), the PROXY protocol 1 and 2 (haproxy.org, proxy-protocol.txt).
//
//   SOCKS 4   | 04 | command | port | 0.0.0.x | user … 00 | host … 00 |       the host: 4a only
//   SOCKS 5   | 05 | n | methods |  [ 01 | n | user | n | password ]
//             | 05 | command | 00 | 1, 3 or 4 | address, or n and a host | port |
//   PROXY 1   | "PROXY TCP4 192.0.2.1 198.51.100.2 5000 443" CRLF |
//   PROXY 2   | 0d 0a 0d 0a 00 0d 0a "QUIT" 0a | 2x | family | length | addresses, TLVs |
//
// Behind a head the client's stream starts anew. A head is read as one piece, though a client waits
// for answers inside SOCKS 5: what it sends does not depend on them.
// Input: a client's stream from its first byte. Output: a view into it.
// Pure: no allocation, no exceptions. Bound: kMaxHead bytes.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::proxy {

enum class HeadError : std::uint8_t {
  need_more,  // what is there is the start of a head
  not_head,   // another protocol, a login method that we cannot skip, or over kMaxHead
};

struct Head {
  std::string_view host;  // that the client asks for; empty: an address only
  std::size_t size = 0;
};

inline constexpr std::size_t kMaxHead = 2048;

// Where reading stopped.
struct HeadScan {
  std::uint16_t seen = 0;      // bytes that were searched for the end of a text
  std::uint16_t user_end = 0;  // SOCKS 4: offset behind the user; 0: it is not known yet
};

struct HeadRead {
  Result<Head, HeadError> head = fail(HeadError::need_more);
  std::size_t needed = 0;    // need_more: a shorter stream gives the same answer
  std::size_t examined = 0;  // bytes that this call looked at
};

// Continues where the call before stopped: each text is searched once.
[[nodiscard]] HeadRead read_head(Bytes stream, HeadScan& scan) noexcept;
// The same in one call.
[[nodiscard]] inline Result<Head, HeadError> parse_head(Bytes stream) noexcept {
  HeadScan scan;
  return read_head(stream, scan).head;
}

}  // namespace sluice::proxy
