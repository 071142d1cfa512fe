#pragma once

// The judge's QUIC half: datagrams that carry packets with a long header, on any UDP port.
//
//   datagram ─► packets ─► Initial ─► keys that open it ─► its hello ─► CRYPTO frames, in order
//                                                                              └─► policy
//
// A five-tuple has *hellos*: one for each DCID that a client's first Initial was protected with. A
// Retry starts one, so does another connection on the same socket, and so does a decoy: each is
// judged, whatever became of the others. Whose packet it is, its DCID says:
//
//   1. it is what a client on the other side chose for itself   ► its server's: passes, names
//   nothing
//   2. it is the first DCID of a hello                          ► of that hello, and of no other
//   3. it is what the server of a hello chose for itself        ► of that hello
//   4. the packet opens with its keys                           ► a new hello
//   5. the packet opens with the keys of one of the last hellos ► its server's answer was not seen
//
// What opens in none of these ways neither end can open: it is dropped alone. That costs a user
// whose start we missed (a restart, a full table) one timeout: a client that has no answer sends
// its first Initial again (4), and one that has sends Handshake packets, which pass.
//
// A packet's number is sent in one to four bytes, and its receiver adds the rest from what it has
// received, which we cannot know: some of it may be lost behind us. So three readings are tried:
// near the first number of the hello, near the newest, near zero. The packet opens with the right
// one only.
//
// All Initials of a datagram are for one DCID (RFC 9000 section 12.2); a datagram with others is
// dropped alone.
//
// What belongs to a blocked hello is dropped: Initials that its keys open, packets to its DCID.
// Other hellos and 1-RTT packets pass as before; the handshake cannot complete without the datagram
// that was refused. What becomes of a hello's bytes: hello_table.h.
//
// One worker owns one. No allocation after construction.

#include <optional>

#include "filters/flow/flow_key.h"
#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "gateway/engine/hello_key.h"
#include "gateway/engine/hello_table.h"

namespace sluice::engine {

// Packets of one datagram that are looked at; a datagram with more is dropped alone.
inline constexpr std::size_t kQuicPackets = 8;
// What one datagram may have tried: a decryption costs 1, the keys for it 1 more if they are not
// held yet. A packet that opens with none takes 10 where all linked hellos have another version. A
// datagram that needs more is dropped alone.
inline constexpr std::size_t kQuicTrials = 12;
// CRYPTO frames of one datagram, likewise. Browsers scramble a hello into some ten.
inline constexpr std::size_t kCryptoFrames = 64;
static_assert(kQuicTrials >= 2 * (kLinked + 1));

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
  std::optional<quic::InitialOpener::Opened> open_packet(const quic::LongPacket& packet,
                                                         DatagramHello::Keys& keys) noexcept;
  bool open_with(Initial& initial, DatagramHello& hello, quic::Sender sender) noexcept;
  bool open_linked(Initial& initial, const HelloMark& mark, quic::Sender sender) noexcept;
  bool open_answer(const Context& context, Initial& initial) noexcept;
  bool open_known(Initial& initial) noexcept;
  Judgement open_new(const Context& context, Initial& initial) noexcept;

  HelloTable& hellos_;
  quic::InitialOpener opener_;
  std::size_t trials_left_ = 0, frames_left_ = 0;  // of this datagram
};

}  // namespace sluice::engine
