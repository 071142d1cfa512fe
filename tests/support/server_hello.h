#pragma once

// Handshake messages of a TLS server.

#include <string_view>

#include "tests/support/packet_builder.h"

namespace sluice::test {

// A ServerHello with this random, and no extensions that anybody reads.
[[nodiscard]] inline ByteVector server_hello(
    std::string_view random = "a random of thirty-two bytes 123") {
  ByteVector body = byte_vector("\x03\x03");
  append(body, as_bytes(random));
  append_u8(body, 0);        // session identifier
  append_u16(body, 0x1301);  // cipher suite
  append_u8(body, 0);        // compression
  append_u16(body, 0);       // extensions
  ByteVector hello = byte_vector(std::string_view("\2\0\0", 3));
  append_u8(hello, static_cast<unsigned>(body.size()));
  append(hello, body);
  return hello;
}

// RFC 8446 section 4.1.3.
[[nodiscard]] inline ByteVector hello_retry_request() {
  return server_hello(
      "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
      "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c");
}

}  // namespace sluice::test
