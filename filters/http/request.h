#pragma once

// The hosts that an HTTP/1 request names, and how long its body is (RFC 9112 sections 2.1, 3.2, 6;
// RFC 9110 section 7.2).
//
// Input: a client's stream from the first byte of a request line. Output: views into it.
// Pure: no allocation, no exceptions. Bound: one call reads kMaxHead bytes. A long head is parsed
// in pieces of whole fields:
//
//   | request line | field | field | … | field |            parse_request: is_whole = false,
//   `------------ head_size ------------'                   head_size = up to the last whole field
//                                      | field | … | empty line |     continue_request
//
// Read as the most lenient server would (tests/netns/request_lines_test.py asks some): any method,
// lines that end in LF or CRs and LF, any case and blanks around the field's value, empty lines and
// blanks in front, any version or none. Every Host field counts, and so does the authority of an
// absolute or CONNECT target: a banned name in any of them blocks. Strict about the end of the
// body: if servers may see it at two places, the framing is `ambiguous`, and nothing behind such a
// head can be judged.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/detection.h"
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

// What the fields read so far say about the body, and whether the last piece ended inside a line.
struct Framing {
  std::uint64_t length = 0;  // of Content-Length
  bool has_length = false;
  bool chunked = false;
  bool ambiguous = false;  // servers may differ: two lengths, a length and chunks, odd codings
  bool in_line = false;    // the piece ended inside a long line of no interest

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

// What is known of the bytes before they are parsed.
struct HeadBytes {
  std::size_t line = 0;  // empty lines in front reach at least to here
  bool is_part = false;  // they end where a field does, and the head goes on
};
[[nodiscard]] Result<Request, RequestError> parse_request(Bytes stream,
                                                          const HeadBytes& known = {}) noexcept;

// Continues a head (is_whole was false), or reads the trailer of a chunked body. Method and target
// of the result are empty.
[[nodiscard]] Result<Request, RequestError> continue_request(Bytes stream, const Framing& before,
                                                             const HeadBytes& known = {}) noexcept;

// Without blanks and CRs around.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
// The authority of an absolute target (RFC 9112 section 3.2.2), with its user information, without
// blanks around it; nullopt: another form of target.
[[nodiscard]] std::optional<std::string_view> authority_of(std::string_view target) noexcept;
// `host:port` -> host, cut at the first colon; `[v6]:port` -> v6 without brackets.
[[nodiscard]] std::string_view without_port(std::string_view host) noexcept;

// Where looks_like_request stopped.
struct MethodScan {
  std::uint16_t line = 0;  // empty lines in front end here
  std::uint16_t next = 0;  // offset of the first byte that was not read
  bool is_odd = false;     // the method is no token
  bool in_text = false;    // behind a method that may be none
};

// Guesses whether a stream is an HTTP/1 request: empty lines and blanks, a method and a blank.
// nginx takes upper-case letters only; Go and Apache take any token (RFC 9110 section 9.1), Python
// any visible characters. Continues where the scan stopped: each byte is read once.
[[nodiscard]] Look looks_like_request(Bytes stream, MethodScan& scan) noexcept;
// The same in one call; false is final, true may become false with more bytes.
[[nodiscard]] inline bool may_be_request(Bytes stream) noexcept {
  MethodScan scan;
  return looks_like_request(stream, scan).is != Detection::no;
}

// Finds the end of a head while it comes in, so that each field is parsed once, and no packet pays
// for the fields of a long head at once. Continues where the scan stopped: each byte is read once.
inline constexpr std::size_t kMinPart = 2048;
enum class HeadEvent : std::uint8_t {
  need_more,
  request_line,  // it ends at scan.next: check is_request_line(), then call again
  part,          // kMinPart bytes or more, and a field ends at scan.line: parse up to there
  end,           // the head ends at scan.next: parse it
  full,          // kMaxHead bytes without an end: parse them
};
struct HeadScan {
  std::uint16_t next = 0;  // offset of the first byte that was not read
  std::uint16_t line = 0;  // where the line of that byte begins; once it is no request line
  bool in_fields = false;  // the next line is no request line
};
[[nodiscard]] HeadEvent find_head_end(Bytes stream, HeadScan& scan) noexcept;
// Whether the first line of the stream is a request line. REQUIRES: all of it is there.
[[nodiscard]] bool is_request_line(Bytes stream, const HeadBytes& known = {}) noexcept;

[[nodiscard]] std::string_view to_string(RequestError error) noexcept;

}  // namespace sluice::http
