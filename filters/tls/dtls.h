#pragma once

// ClientHellos in datagrams: DTLS 1.0 (RFC 4347), 1.2 (RFC 6347 section 4) and 1.3 (RFC 9147
// section 5), which begins like the older ones.
//
//   record     | type 8 | version 16 | epoch 16 | number 48 | length 16 | … next record
//   handshake    22                    0          | fragment … next fragment |
//   fragment   | 1: client_hello | length 24 | message_seq 16 | offset 24 | length 24 | bytes |
//
// A hello may come in fragments, several of them in a record, several records in a datagram, other
// records between them, and in any number of datagrams in any order; whoever puts them together
// keeps their message_seq. A hello after a HelloVerifyRequest, or a HelloRetryRequest,
// is another message.
//
// Input: a UDP payload. Output: views into it. Pure: no allocation, no exceptions. Cost: one pass
// over the headers; most other traffic is ruled out by its first byte.
//
// Only its form tells DTLS from other protocols: lengths of records and fragments that agree.
// Versions do not, for GnuTLS takes any. Records of another type or epoch are skipped as servers
// do, and a record that does not fit the datagram ends it.

#include <cstdint>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/base/bytes.h"

namespace sluice::tls {

// A piece of a ClientHello.
struct HelloFragment {
  std::uint32_t length = 0;  // of the whole hello, without its handshake header
  std::uint16_t message = 0;
  std::uint32_t offset = 0;
  Bytes bytes;  // within the hello

  [[nodiscard]] bool is_whole() const noexcept { return bytes.size() == length; }
};

class HelloFragments {
 public:
  explicit constexpr HelloFragments(Bytes datagram) noexcept : records_(datagram) {}

  // The next fragment in the datagram; none: there is no other.
  [[nodiscard]] std::optional<HelloFragment> next() noexcept;

 private:
  // Goes to the next record with plain handshake messages.
  [[nodiscard]] bool next_record() noexcept;

  ByteReader records_;
  ByteReader messages_{Bytes{}};
};

// Whether a datagram holds a piece of a ClientHello.
[[nodiscard]] inline bool has_dtls_hello(Bytes datagram) noexcept {
  return HelloFragments(datagram).next().has_value();
}

}  // namespace sluice::tls
