#pragma once

// Application messages that clients send, for payloads of tests: DNS questions and HTTP requests.
// ClientHellos are in client_hello.h.

#include <cstdint>
#include <string_view>

#include "tests/support/octets.h"

namespace sluice::test {

struct DnsQueryOptions {
  bool edns = false;    // an OPT record, payload size 1232
  bool cookie = false;  // and in it a client cookie (RFC 7873)
  bool dnssec_ok = false;
  bool recursion_desired = true;
  bool checking_disabled = false;
  std::uint16_t id = 0x1234;
};

inline constexpr std::uint16_t kTypeA = 1;
inline constexpr std::uint16_t kTypeAaaa = 28;
inline constexpr std::uint16_t kTypeHttps = 65;

// `name` with dots, with or without the final one. Throws std::invalid_argument on labels that are
// empty or longer than 63.
[[nodiscard]] Octets dns_name_bytes(std::string_view name);
[[nodiscard]] Octets dns_query_bytes(std::string_view name, std::uint16_t qtype = kTypeA,
                                     const DnsQueryOptions& options = {});
// The message behind its length, as DNS over TCP has it (RFC 7766).
[[nodiscard]] Octets dns_framed(Bytes message);

// As a browser asks, up to the empty line.
[[nodiscard]] Octets http_request_bytes(std::string_view host, std::string_view target = "/");

}  // namespace sluice::test
