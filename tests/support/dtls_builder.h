#pragma once

// DTLS for tests: hellos, their fragments, records; a datagram is one or more records.
//
//   const ByteVector hello = dtls_hello("example.com");
//   ByteVector datagram = dtls_record(dtls_fragment(hello, 0, hello.size()));

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::test {

// The body of a ClientHello; `server_name` empty: without the extension.
[[nodiscard]] ByteVector dtls_hello(std::string_view server_name, std::string_view cookie = "",
                                    const HelloOptions& options = {});

// `size` bytes of the message from `offset`, as far as it goes, behind their handshake header.
struct DtlsMessage {
  std::uint8_t type = 1;  // client_hello
  std::uint16_t number = 0;
};
[[nodiscard]] ByteVector dtls_fragment(Bytes body, std::size_t offset, std::size_t size,
                                       const DtlsMessage& message = {});

struct DtlsRecord {
  std::uint8_t type = 22;  // handshake
  std::uint16_t version = 0xfefd;
  std::uint16_t epoch = 0;
};
[[nodiscard]] ByteVector dtls_record(Bytes content, const DtlsRecord& record = {});

// A message in fragments of `size` bytes, each in a datagram of its own.
[[nodiscard]] std::vector<ByteVector> dtls_datagrams(Bytes body, std::size_t size,
                                                     const DtlsMessage& message = {});

}  // namespace sluice::test
