#pragma once

// The judge's QUIC half: datagrams that carry packets with a long header, on any UDP port.
//
//   datagram ─► packets ─► Initial ─► keys that open it ─► its hello ─► CRYPTO frames, in order
//                                                                 └─► every reading ─► policy
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
// The leading datagrams of an unfinished hello pass. The one that completes a banned name is
// dropped, and so is whatever else belongs to that hello: Initials that its keys open, packets to
// its DCID. Nothing lasting comes of it for the five-tuple: anybody can spoof one datagram, so
// other hellos and 1-RTT packets pass as before. The handshake cannot complete without that
// datagram.
//
// Copies of CRYPTO bytes that differ are judged in every mixture (filters/flow/client_stream.h).
//
// One worker owns one. No allocation after construction. Bounds: quic_hello.h.

#include <array>
#include <cstdint>
#include <optional>

#include "filters/base/function_ref.h"
#include "filters/flow/flow_key.h"
#include "filters/flow/table.h"
#include "filters/policy/fallbacks.h"
#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "filters/tls/client_hello.h"
#include "gateway/engine/client_budget.h"
#include "gateway/engine/judgement.h"
#include "gateway/engine/quic_hello.h"

namespace sluice::engine {

class QuicJudge {
 public:
  // One datagram, with all that is needed to judge it.
  struct Request {
    const packet::Packet& packet;
    Nanos now;
    const policy::Fallbacks& fallbacks;
    FindingSink& sink;
    inspect::FindingList& findings;   // filled here …
    FunctionRef<Judgement()> decide;  // … and judged there
  };

  // Throws std::runtime_error where libcrypto has no AES-128-GCM.
  QuicJudge(const QuicLimits& limits, HashKey key, bool enforce);

  // REQUIRES: Sight::readable; checksums as the server wants them.
  [[nodiscard]] Judgement judge(const Request& request) noexcept;
  // Removes what has been idle; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept { return pool_.in_use(); }
  [[nodiscard]] std::uint64_t conflicts() const noexcept { return conflicts_; }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)];
  }
  [[nodiscard]] static std::size_t memory_bytes(const QuicLimits& limits) noexcept;

 private:
  struct Initial;  // one packet, and what has become known of it

  Judgement judge_packet(const Request& request, const flow::KeyedPacket& keyed,
                         const quic::LongPacket& packet) noexcept;
  Judgement judge_sealed(const flow::KeyedPacket& keyed, const quic::LongPacket& packet) noexcept;
  Judgement judge_initial(const Request& request, Initial& initial) noexcept;
  Judgement judge_frames(const Request& request, const Initial& initial) noexcept;
  Judgement judge_hello(const Request& request, const Initial& initial) noexcept;
  std::optional<Judgement> judge_view(const Request& request, const Initial& initial, Bytes view,
                                      std::uint32_t& judged) noexcept;
  [[nodiscard]] static bool find_names(const tls::ClientHello& hello,
                                       inspect::FindingList& findings) noexcept;

  bool open_with(Initial& initial, QuicHello& hello, quic::Sender sender) noexcept;
  bool open_known(Initial& initial, quic::Sender sender) noexcept;
  Judgement open_new(const Request& request, Initial& initial) noexcept;
  QuicHello* claim_hello(QuicFlow& flow, Nanos now) noexcept;

  flow::Insert store(const Request& request, const Initial& initial,
                     const quic::CryptoFrame& frame) noexcept;
  bool reclaim_stream(const Request& request, const QuicFlow& but_not) noexcept;
  void keep(QuicFlow& flow) noexcept;
  Judgement block(const Initial& initial, const Judgement& why) noexcept;
  Judgement cannot_judge(const Request& request, const Initial& initial,
                         inspect::ParseError error) noexcept;
  Judgement drop_alone(Reason reason) const noexcept;
  void on_removed(QuicFlow& flow, flow::Removal removal) noexcept;

  flow::Table<QuicFlow> flows_;
  flow::StreamPool pool_;
  quic::InitialOpener opener_;
  ClientBudget budget_;
  std::array<std::byte, kQuicStreamCapacity> mixture_;
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::uint64_t conflicts_ = 0;
  bool enforce_;
};

}  // namespace sluice::engine
