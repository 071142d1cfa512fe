#pragma once

// From payload to findings: recognises protocols (recognise.h), calls their parsers, makes names
// canonical (server_name.h).
//
// Pure: no allocation, no exceptions. What must be remembered of a stream is a StreamState, which
// the caller keeps. `Scratch` is the worker's, for what is too large for the stack; views in
// findings may point into it until the next call. README.md says how protocols are told apart.

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
#include "filters/inspect/parse_error.h"
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
  bool is_part = false;    // message: a piece of a body, a trailer, a proxy's head, a record
                           // that says nothing
  std::size_t needed = 0;  // need_more: a shorter stream gives the same answer
  ParseError error = ParseError::none;
  std::size_t examined = 0;  // bytes that this look read, each as often as it did
};

// A search for TLS behind an unknown start ends behind so many bytes of the client, or of the
// server: what comes before a STARTTLS is short.
inline constexpr std::size_t kMaxSearch = 16 * 1024;
inline constexpr std::size_t kMaxServerBytesInSearch = 64 * 1024;

// Reads a client's TCP stream from the first byte that is not judged yet, and moves `state` on.
// Call it with a view of that stream that begins at that byte, whenever the view holds `needed`
// bytes; behind a message it begins at `consumed + skip`. `server_port` only decides that DNS is
// taken for granted. Appends to `findings`. A stream that is searched gives `message` without a
// protocol until kMaxSearch.
//
// Cost: however the stream is cut, all looks together read at most kMaxExamined bytes for each byte
// received; `examined` counts them.
//
// Behind a ClientHello, a message of TLS, the stream is searched for another one.
inline constexpr std::size_t kMaxExamined = 8;
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
