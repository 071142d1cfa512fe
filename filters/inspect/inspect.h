#pragma once

// From payload to findings: tells protocols by content, calls their parsers, makes names canonical.
//
// Pure: no allocation, no exceptions; what must be remembered of a stream is a StreamState, which
// the caller keeps. `Scratch` is the worker's, for what is too large for the stack; views in
// findings may point into it until the next call. README.md tells what is told from what.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/dns/query.h"
#include "filters/dns/response.h"
#include "filters/http/request.h"
#include "filters/http2/frames.h"
#include "filters/http2/huffman.h"
#include "filters/inspect/finding.h"
#include "filters/inspect/stream_state.h"
#include "filters/tls/client_hello.h"

namespace sluice::inspect {

inline constexpr Port kDnsPort{53};

struct Http2Scratch {
  http2::BlockRoom block;
  http2::HuffmanRoom huffman;
  std::array<char, 4096> hosts;
};

struct Scratch {
  dns::Query query;
  dns::Response response;
  Http2Scratch http2;
  std::array<std::byte, tls::kMaxClientHello + tls::kHandshakeHeaderBytes> handshake;
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
  http_ambiguous_body,
  quic_malformed,
  quic_too_large,
};
inline constexpr std::size_t kParseErrors = 11;
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;
// What the error is an error of. REQUIRES: not none.
[[nodiscard]] Protocol protocol_of(ParseError error) noexcept;

enum class Progress : std::uint8_t {
  need_more,     // a prefix of something: nothing is found yet
  message,       // one message is judged; another may follow behind `consumed`
  finished,      // all that a flow of this protocol reveals is judged
  unrecognised,  // no protocol that we read
  unreadable,    // claims to be one and cannot be judged: see `error`; another message may follow
                 // behind `consumed`, if that is not 0
};

struct StreamReport {
  Progress progress = Progress::need_more;
  std::optional<Protocol> protocol;  // once known
  std::size_t consumed = 0;          // bytes that were judged; unreadable: that could not be
  std::uint64_t skip = 0;            // message: bytes behind these that say nothing (a body)
  bool is_part = false;              // message: of a body, a trailer, a proxy's head: not a request
  std::size_t needed = 0;            // need_more: least length that can change the answer
  ParseError error = ParseError::none;
};

// ByteVector of a client that are looked through for TLS behind an unknown start, and bytes of a
// server after which that search ends: what comes before a STARTTLS is short.
inline constexpr std::size_t kMaxSearch = 16 * 1024;
inline constexpr std::size_t kMaxServerBytesInSearch = 64 * 1024;

// Reads a client's TCP stream from the first byte that is not judged yet; moves `state` on where
// another message may follow. `server_port` only decides that port 53 is DNS without a look at
// plausibility. Appends to `findings`. A stream that is searched gives `message` without a protocol
// until kMaxSearch.
[[nodiscard]] StreamReport inspect_stream(Bytes stream, Port server_port, StreamState& state,
                                          Scratch& scratch, FindingList& findings) noexcept;

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
