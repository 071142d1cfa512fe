#pragma once

// The hosts that an HTTP/1 request names, and how long its body is (RFC 9112 sections 2.1, 3.2, 6;
// RFC 9110 section 7.2).
//
// Input: a client's stream from the first byte of a request line. Output: views into it.
// Pure: no allocation, no exceptions. Bound: kMaxHead bytes are looked at in one call; a longer
// head is read in several, and what is whole of it is judged at once:
//
//   | request line | field | field | … | field |            parse_request: is_whole = false,
//   `------------ head_size ------------'                   head_size = up to the last whole field
//                                      | field | … | empty line |     continue_request
//
// Read as a lenient server would: any method, lines that end in LF or CRs and LF, any case and
// blanks around the field's value, empty lines in front, a request line without version. Every Host
// field counts, and so does the authority of an absolute or CONNECT target: a banned name in any of
// them blocks. Where the body's end is concerned it is strict: what servers may read in two ways is
// `ambiguous`, and nothing behind such a head can be judged.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::http {

enum class RequestError : std::uint8_t {
  need_more,       // the head is not complete
  not_http,        // the first line is no request line of HTTP/1
  too_large,       // a request line, or a Host field, of kMaxHead bytes
  too_many_hosts,  // over kMaxHosts
};
inline constexpr std::size_t kRequestErrors = 4;

inline constexpr std::size_t kMaxHead = 16 * 1024;
inline constexpr std::size_t kMaxHosts = 4;

// What the fields read so far say of the body, and where a head that goes on was left.
struct Framing {
  std::uint64_t length = 0;  // of Content-Length
  bool has_length = false;
  bool chunked = false;
  bool ambiguous = false;  // servers may differ: two lengths, a length and chunks, odd codings
  bool in_line = false;    // left inside a long line of no interest

  friend bool operator==(const Framing&, const Framing&) = default;
};

struct Request {
  std::string_view method;
  std::string_view target;
  std::array<std::string_view, kMaxHosts> hosts;  // as sent, port kept, blanks around removed
  std::size_t host_count = 0;                     // distinct ones, the target's authority last
  std::size_t head_size = 0;                      // bytes up to the body
  bool is_whole = true;                           // false: the head goes on behind head_size
  Framing framing;                                // final once the head is whole
  bool upgrades_to_mmtls = false;                 // a field says `Upgrade: mmtls`
};

[[nodiscard]] Result<Request, RequestError> parse_request(Bytes stream) noexcept;

// Reads on where a head was left (is_whole false), or the trailer of a chunked body; method and
// target of the result are empty.
[[nodiscard]] Result<Request, RequestError> continue_request(Bytes stream,
                                                             const Framing& before) noexcept;

// Without blanks and CRs around.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
// The authority of an absolute target (RFC 9112 section 3.2.2), without a user and blanks around
// it; nullopt: a target of another form.
[[nodiscard]] std::optional<std::string_view> authority_of(std::string_view target) noexcept;
// `host:port` -> host, cut at the first colon; `[v6]:port` -> v6 without brackets.
[[nodiscard]] std::string_view without_port(std::string_view host) noexcept;

// Tells whether a stream that begins so may be an HTTP/1 request: a method token (RFC 9110 section
// 9.1) of up to kMaxMethod bytes and a blank. nginx takes upper-case letters only; Go and Apache
// take any token, so `get` counts. Decides on as many bytes as are there: false is final, true may
// become false with more of them.
inline constexpr std::size_t kMaxMethod = 64;
[[nodiscard]] bool may_be_request(Bytes stream) noexcept;

[[nodiscard]] std::string_view to_string(RequestError error) noexcept;

}  // namespace sluice::http
