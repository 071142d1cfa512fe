#pragma once

// The host that an HTTP/1 request names (RFC 9112 sections 2.1, 3.2; RFC 9110 section 7.2).
//
// Input: a client's stream from the first byte of a request line. Output: views into it.
// Pure: no allocation, no exceptions. Bound: a head of kMaxHead octets.
//
// Read as a lenient server would: any method, lines that end in LF or CRs and LF, any case and
// blanks around the field's value, empty lines in front, a request line without version. Every Host
// field counts, and so does the authority of an absolute or CONNECT target: a banned name in any of
// them blocks.

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::http {

enum class RequestError : std::uint8_t {
  need_more,       // the head is not complete
  not_http,        // the first line is no request line of HTTP/1
  malformed,       // a head that no server accepts
  too_large,       // neither a host nor the end of the head within kMaxHead
  too_many_hosts,  // over kMaxHosts
};
inline constexpr std::size_t kRequestErrors = 5;

inline constexpr std::size_t kMaxHead = 16 * 1024;
inline constexpr std::size_t kMaxHosts = 4;

struct Request {
  std::string_view method;
  std::string_view target;
  std::array<std::string_view, kMaxHosts> hosts;  // as sent, port kept, blanks around removed
  std::size_t host_count = 0;                     // distinct ones, the target's authority last
  std::size_t head_size = 0;                      // octets up to the body
  bool is_whole = true;                           // false: the head goes on behind kMaxHead
};

[[nodiscard]] Result<Request, RequestError> parse_request(Bytes stream) noexcept;

// `host:port` -> host, cut at the first colon; `[v6]:port` -> v6 without brackets.
[[nodiscard]] std::string_view without_port(std::string_view host) noexcept;

// Tells whether a stream that begins so may be an HTTP/1 request: a method token of 3 to 20
// upper-case letters (and `-`, `_`), a blank. Decides on as many octets as are there: false is
// final, true may become false with more of them.
[[nodiscard]] bool may_be_request(Bytes stream) noexcept;

[[nodiscard]] std::string_view to_string(RequestError error) noexcept;

}  // namespace sluice::http
