#pragma once

// Which protocol a stream or a datagram speaks: the one place where that is decided.
//
// Streams are told by their first bytes, on every port; datagrams by theirs, except that DNS is
// taken for granted on its ports. The functions only decide: whoever calls them reads the message
// with the parser of the protocol, which may still refuse it.
// Pure: no allocation, no exceptions. Cost of a stream: each byte is read at most once for each
// protocol that is still possible, however the stream is cut; `scan` remembers where that stopped.
// Cost of a datagram: a few bytes, or one pass over the headers of DTLS.

#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/dns/framing.h"
#include "filters/http/request.h"
#include "filters/http2/frames.h"
#include "filters/proxy/head.h"

namespace sluice::inspect {

enum class StreamKind : std::uint8_t {
  undecided,  // several are possible: see `needed`
  mmtls,
  proxy_head,  // SOCKS, the PROXY protocol
  http2,       // its preface, or its first line and then something else
  tls,
  tls_idle,  // a record that servers step over in front of a hello
  http,
  dns,
  contradictory,  // servers could read TLS in it, or DNS
  unknown,
};

// What is known of a stream that is still undecided.
struct StreamScan {
  std::uint16_t ruled_out = 0, certain = 0;  // a bit for each StreamKind
  StreamKind kind = StreamKind::undecided;
  http::MethodScan method;
  http2::PrefaceScan preface;
  dns::QueryScan query;
  proxy::HeadScan head;
};

struct StreamGuess {
  StreamKind kind = StreamKind::undecided;
  std::size_t needed = 0;    // undecided: a shorter stream tells no more
  std::size_t examined = 0;  // bytes that this call looked at
};

// `to_dns`: the stream goes to a port of DNS servers. There all is DNS in whose header a server
// could read a question, whatever else its first bytes look like (dns::may_be_asked: 14 bytes
// decide), and so is all that no other protocol claims. On other ports only a whole header and name
// of a plain query say DNS; but they say it first.
[[nodiscard]] StreamGuess recognise_stream(Bytes stream, bool to_dns, StreamScan& scan) noexcept;

enum class DatagramKind : std::uint8_t {
  other,
  quic,
  quic_unreadable,  // a version that we cannot read, or what looks like one
  dtls,
  dns_question,  // to a DNS port, and no response
  dns_answer,    // from a DNS port
};

[[nodiscard]] DatagramKind recognise_datagram(Bytes payload, bool to_dns, bool from_dns) noexcept;

}  // namespace sluice::inspect
