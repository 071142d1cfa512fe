#pragma once

// From payload to findings: tells protocols by content, calls their parsers, makes names canonical.
//
// Pure: no allocation, no exceptions, no state. `Scratch` is the worker's, for what is too large
// for the stack; views in findings may point into it until the next call.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/dns/query.h"
#include "filters/dns/response.h"
#include "filters/http/request.h"
#include "filters/inspect/finding.h"
#include "filters/tls/client_hello.h"

namespace sluice::inspect {

inline constexpr Port kDnsPort{53};

struct Scratch {
  dns::Query query;
  dns::Response response;
  std::array<std::byte, tls::kMaxClientHello + tls::kHandshakeHeaderOctets> handshake;
};

// Why something that claims to be DNS, TLS, QUIC or HTTP could not be judged; counted by protocol
// and reason.
enum class ParseError : std::uint8_t {
  none,
  dns_malformed,
  dns_too_many_questions,
  tls_malformed,
  tls_too_large,
  http_malformed,
  http_too_large,
  http_too_many_hosts,
  quic_malformed,
  quic_too_large,
};
inline constexpr std::size_t kParseErrors = 10;
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;
// What the error is an error of. REQUIRES: not none.
[[nodiscard]] Protocol protocol_of(ParseError error) noexcept;

enum class Progress : std::uint8_t {
  need_more,     // a prefix of something: nothing is found yet
  message,       // one message is judged; another may follow behind `consumed`
  finished,      // all that a flow of this protocol reveals is judged
  unrecognised,  // no protocol that we read
  unreadable,    // claims to be one and cannot be judged: see `error`
};

struct StreamReport {
  Progress progress = Progress::need_more;
  std::optional<Protocol> protocol;  // once known
  std::size_t consumed = 0;          // message, finished: octets that were judged
  std::size_t needed = 0;            // need_more: least length that can change the answer
  ParseError error = ParseError::none;
};

// Reads a client's TCP stream from the first octet that is not judged yet. `server_port` only
// decides that port 53 is DNS without a look at plausibility. `expected` is the protocol of earlier
// messages. Appends to `findings`.
[[nodiscard]] StreamReport inspect_stream(Bytes stream, Port server_port,
                                          std::optional<Protocol> expected, Scratch& scratch,
                                          FindingList& findings) noexcept;

struct DatagramReport {
  Progress progress = Progress::unrecognised;  // finished, unrecognised or unreadable
  std::optional<Protocol> protocol;
  ParseError error = ParseError::none;
};

// Reads one UDP payload from a client: a DNS query, where `server_port` is 53. Its parsed form
// stays in scratch.query for a reply. Appends to `findings`.
[[nodiscard]] DatagramReport inspect_datagram(Bytes payload, Port server_port, Scratch& scratch,
                                              FindingList& findings) noexcept;

}  // namespace sluice::inspect
