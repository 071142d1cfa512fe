#pragma once

// TLS 1.3 ClientHellos as browsers send them (RFC 8446 section 4.1.2), and the records that carry
// them (section 5.1).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/octets.h"

namespace sluice::test {

struct HelloOptions {
  std::vector<std::string> alpn = {"h2", "http/1.1"};
  bool ech = false;           // encrypted_client_hello of the outer form (0xfe0d)
  bool post_quantum = false;  // a key share of X25519MLKEM768: the hello grows to about 1.7 KB
  std::size_t padded_to = 0;  // at least so long, by the padding extension (RFC 7685)
};

// The handshake message with its header. No server_name extension where the name is empty.
[[nodiscard]] Octets client_hello_bytes(std::string_view server_name,
                                        const HelloOptions& options = {});

// The message in records of the given sizes, in turn; what is left behind them goes into one more
// (or several, at 2^14 octets each).
[[nodiscard]] Octets tls_records(Bytes handshake, std::span<const std::size_t> sizes = {});
[[nodiscard]] inline Octets tls_records(Bytes handshake, std::initializer_list<std::size_t> sizes) {
  return tls_records(handshake, std::span(sizes.begin(), sizes.size()));
}

}  // namespace sluice::test
