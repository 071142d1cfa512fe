#pragma once

// The judge's QUIC half: datagrams that carry packets with a long header, on any UDP port.
//
//   datagram ─► packets ─► Initial ─► keys that open it ─► its hello ─► CRYPTO frames, in order
//                                                                              └─► policy
//
// A five-tuple has a few *hellos*: one for each DCID that a client's Initial was protected with. A
// Retry starts one, so does another connection on the same port, and so does a decoy: each is
// judged, whatever became of the others. Keys are looked for in this order:
//
//   1. the server's, of the hellos that the other side sent          ► passes, it names nothing
//   2. the client's, of the hellos of this side: the server has chosen another DCID for itself
//   3. the client's, of the packet's own DCID                        ► a new hello
//
// What opens with none of these neither end can open: it is dropped alone. That costs a user whose
// start we missed (a restart, a full table) one timeout: a client that has no answer sends its
// first Initial again (3), and one that has sends Handshake packets, which pass.
//
// What belongs to a blocked hello is dropped: Initials that its keys open, packets to its DCID.
// Other hellos and 1-RTT packets pass as before; the handshake cannot complete without the datagram
// that was refused. What becomes of a hello's bytes: hello_table.h.
//
// One worker owns one. No allocation after construction.

#include "filters/flow/flow_key.h"
#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "gateway/engine/hello_table.h"

namespace sluice::engine {

// Packets of one datagram that are looked at; a datagram with more is dropped alone.
inline constexpr std::size_t kQuicPackets = 8;
// What one datagram may have tried: a decryption costs 1, the keys for it 1 more if they are not
// held yet. The dearest single packet takes 10: all held hellos, and then a new one. A datagram
// that needs more is dropped alone.
inline constexpr std::size_t kQuicTrials = 12;
// CRYPTO frames of one datagram, likewise. Browsers scramble a hello into some ten.
inline constexpr std::size_t kCryptoFrames = 64;
static_assert(kQuicTrials >= 2 * (kHellos + 1));

class QuicJudge {
 public:
  // Throws std::runtime_error where libcrypto has no AES-128-GCM.
  explicit QuicJudge(HelloTable& hellos);

  // REQUIRES: Sight::readable or Sight::unreadable.
  [[nodiscard]] Judgement judge(const Context& context, quic::Sight sight) noexcept;

 private:
  Judgement judge_packets(const Context& context) noexcept;
  struct Initial;  // one packet, and what has become known of it

  Judgement judge_packet(const Context& context, const flow::KeyedPacket& keyed,
                         const quic::LongPacket& packet) noexcept;
  Judgement judge_sealed(const Context& context, const flow::KeyedPacket& keyed,
                         const quic::LongPacket& packet) noexcept;
  Judgement judge_initial(const Context& context, Initial& initial) noexcept;
  Judgement judge_frames(const Context& context, const Initial& initial) noexcept;
  // False: the datagram has used up its trials.
  bool may_try(bool has_keys) noexcept;
  bool open_with(Initial& initial, DatagramHello& hello, quic::Sender sender) noexcept;
  bool open_known(Initial& initial, quic::Sender sender) noexcept;
  Judgement open_new(const Context& context, Initial& initial) noexcept;

  HelloTable& hellos_;
  quic::InitialOpener opener_;
  std::size_t trials_left_ = 0, frames_left_ = 0;  // of this datagram
};

}  // namespace sluice::engine
