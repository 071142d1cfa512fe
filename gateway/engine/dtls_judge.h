#pragma once

// The judge's DTLS half: datagrams with ClientHellos, on any UDP port.
//
//   datagram ─► records ─► fragments ─┬─ a whole hello, and no piece of it came before ─► policy
//                                     └─ its pieces, in order ───────────────────────────► policy
//
// A piece belongs to the hello of its five-tuple, message_seq and length. What answers a
// HelloVerifyRequest or a HelloRetryRequest is another message, and judged as one.
//
// Names are findings of protocol `tls`, over UDP. Client and server are told by the message: what
// sends a ClientHello is the client.
//
// One worker owns one. No allocation after construction. Bounds: datagram_hello.h.

#include "filters/flow/flow_key.h"
#include "filters/tls/dtls.h"
#include "gateway/engine/hello_table.h"

namespace sluice::engine {

// Fragments of one datagram that are looked at; a datagram with more is dropped alone.
inline constexpr std::size_t kDtlsFragments = 16;

class DtlsJudge {
 public:
  explicit DtlsJudge(HelloTable& hellos) : hellos_(hellos) {}

  // REQUIRES: has_dtls_hello().
  [[nodiscard]] Judgement judge(const Context& context) noexcept;

 private:
  Judgement judge_fragment(const Context& context, const flow::KeyedPacket& keyed,
                           const tls::HelloFragment& fragment) noexcept;

  HelloTable& hellos_;
};

}  // namespace sluice::engine
