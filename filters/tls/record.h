#pragma once

// TLS records (RFC 8446 section 5.1, RFC 5246 section 6.2.1) down to handshake bytes.
//
//   | 22 | 03 xx | length | fragment of handshake | 22 | 03 xx | length | next fragment | …
//        ^ versions below 16.0: servers take more than 3.x
//
// A ClientHello may lie in one record (then the result is a view into the stream) or be spread over
// any number of them, cut at any byte (then the fragments are joined in `scratch`, once all of them
// are there). Between them servers step over records that say nothing: empty ones (OpenSSL), and
// ChangeCipherSpec (GnuTLS); so do we.
// Pure: no allocation, no exceptions.
// Cost: each record header is read once, however the stream arrives: a HelloWalk remembers where
// the next one begins. `needed` tells how long the stream must be before another call can tell
// more.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/base/detection.h"
#include "filters/tls/client_hello.h"

namespace sluice::tls {

// RFC 8446 section 5.1; of DTLS, too.
enum ContentType : std::uint8_t {
  kChangeCipherSpecRecord = 20,
  kAlertRecord = 21,
  kHandshakeRecord = 22
};

inline constexpr std::size_t kRecordHeaderBytes = 5;
inline constexpr std::size_t kMaxFragment =
    (std::size_t{1} << 14) + 256;  // RFC 5246 allows the slack
// A longest hello in records of 21 bytes, or one of 13 KiB in records of one byte; longer
// streams without a whole hello are too_large.
inline constexpr std::size_t kMaxHelloStream = 80 * 1024;

// Where reading stopped. Eight bytes, for a search keeps several.
struct HelloWalk {
  static constexpr std::uint32_t kMaxOffset = (1U << 20) - 1;
  static constexpr std::uint32_t kMaxMissing = (1U << 17) - 1;

  std::uint64_t at : 20 = 0;                     // offset in the stream where the hello begins
  std::uint64_t next : 20 = kRecordHeaderBytes;  // behind `at`: the end of the next record header
                                                 // to read; missing is 0: the end of the hello
  std::uint64_t head : 3 = 0;                    // bytes of the handshake header that were read
  std::uint64_t missing : 17 = 0;  // all of them: handshake bytes behind the records read so far;
                                   // else the length in them, as far as it was read
  std::uint64_t in_one : 1 = 0;    // all of it lies in the first record

  [[nodiscard]] static HelloWalk from(std::size_t offset) noexcept {
    return {.at = offset & kMaxOffset};
  }
  // Nothing was read yet.
  [[nodiscard]] bool is_fresh() const noexcept { return next == kRecordHeaderBytes && head == 0; }
  [[nodiscard]] bool knows_length() const noexcept { return head == kHandshakeHeaderBytes; }
  void go_on(std::size_t new_next, std::size_t new_missing) noexcept {
    next = new_next & kMaxOffset;
    missing = new_missing & kMaxMissing;
  }
};
static_assert(sizeof(HelloWalk) == 8);
static_assert(kMaxClientHello < HelloWalk::kMaxMissing);

struct HelloRead {
  Result<ClientHello, HelloError> hello = fail(HelloError::need_more);
  std::size_t consumed = 0;  // a hello: offset in the stream behind its last record
  std::size_t needed = 0;    // need_more: in a stream that is shorter no hello is whole
  std::size_t examined = 0;  // bytes that this call looked at
};

// Reads the ClientHello at `walk.at` of a client's stream, on from where the call before stopped.
// Views in the result point into `stream` or `scratch`. REQUIRES: the stream is that of the call
// before, or longer, and less than 1 MiB; scratch holds kMaxClientHello + kHandshakeHeaderBytes.
[[nodiscard]] HelloRead read_client_hello(Bytes stream, HelloWalk& walk,
                                          MutableBytes scratch) noexcept;
// The same from the start of a stream, in one call.
[[nodiscard]] inline HelloRead read_client_hello(Bytes stream, MutableBytes scratch) noexcept {
  HelloWalk walk;
  return read_client_hello(stream, walk, scratch);
}

// Tells whether a stream that begins so may be TLS with a ClientHello: content type 22, a version
// below 16.0, a length that is not zero, handshake type 1. Decides on as many bytes as are there:
// false is final, true may become false with more of them.
[[nodiscard]] bool may_be_tls(Bytes stream) noexcept;

// A record that some server steps over in front of a hello: an empty one (OpenSSL),
// ChangeCipherSpec (GnuTLS), an alert (Go). The same for its header alone; `size` is that of the
// whole record.
struct IdleRecord {
  Detection is = Detection::no;
  std::size_t size = 0;  // yes
};
[[nodiscard]] IdleRecord find_idle_record(Bytes stream) noexcept;

}  // namespace sluice::tls
