#pragma once

// What a TLS server says first: a ServerHello, or a HelloRetryRequest, which is a ServerHello with
// a random of its own (RFC 8446 section 4.1.3). Behind the first no server reads another plain
// ClientHello on this connection; behind the second it reads one, which may name another server.
//
//   | 22 | 03 xx | length | 02 | length 24 | 03 xx | random 32 | … | 20 | … | 22 | … | 02 | …
//                           `------- looked at ------' `- skipped -'
//
// Input: the server's stream from the first byte behind a ClientHello, in any pieces, each byte
// once. Pure: no allocation, no exceptions; a few words, by value. Cost: one look at each byte up
// to the random, none at those that are skipped.

#include <cstdint>

#include "filters/base/bytes.h"

namespace sluice::tls {

enum class ServerWord : std::uint8_t {
  none,   // nothing yet
  retry,  // HelloRetryRequest: read on
  hello,  // ServerHello: nothing more is read
  other,  // no handshake of a server: nothing more is read
};

class ServerHelloScan {
 public:
  // The first word that these bytes complete. `bytes` is moved behind it.
  [[nodiscard]] ServerWord read(Bytes& bytes) noexcept;

 private:
  [[nodiscard]] ServerWord read_byte(std::uint8_t byte) noexcept;
  [[nodiscard]] bool read_header(std::uint8_t byte) noexcept;
  [[nodiscard]] ServerWord read_message(std::uint8_t byte) noexcept;

  std::uint32_t message_left_ =
      0;                           // bytes of the message behind its header; its length, until then
  std::uint16_t record_left_ = 0;  // bytes of the record; its length, until its header is read
  std::uint8_t header_ = 0;        // bytes of the record's header that were read
  std::uint8_t type_ = 0;          // of the record
  std::uint8_t message_ = 0;       // bytes of the message, up to the end of its random
  bool differs_ = false;           // its random from that of a HelloRetryRequest
  bool is_over_ = false;
};

}  // namespace sluice::tls
