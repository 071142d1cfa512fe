#pragma once

// ClientHellos that come in pieces over datagrams (QUIC, DTLS): which five-tuple has which, and
// their handshake bytes put together (filters/flow/stream_buffer.h).
//
// The leading datagrams of an unfinished hello pass. The one that completes a banned name is
// dropped, and so is whatever else belongs to that hello. There is one reading of a hello: a
// datagram whose bytes differ from what is kept is dropped alone. Nothing lasting comes of it for
// the five-tuple: anybody can spoof one datagram.
//
// One worker owns one. No allocation after construction. Bounds: datagram_hello.h.

#include <array>
#include <cstdint>
#include <optional>

#include "filters/flow/flow_key.h"
#include "filters/flow/table.h"
#include "filters/tls/client_hello.h"
#include "gateway/engine/client_budget.h"
#include "gateway/engine/context.h"
#include "gateway/engine/datagram_hello.h"
#include "gateway/engine/ruling.h"

namespace sluice::engine {

class HelloTable {
 public:
  using Read = Result<tls::ClientHello, tls::HelloError>;

  HelloTable(const HelloLimits& limits, HashKey key);

  // Null: not there. The most recently used one then.
  [[nodiscard]] HelloFlow* find(const flow::FlowKey& key, Nanos now) noexcept;
  [[nodiscard]] const HelloFlow* peek(const flow::FlowKey& key) noexcept {
    return flows_.find(key);
  }
  // REQUIRES: `key` is not there.
  HelloFlow& insert(const flow::FlowKey& key, Nanos now) noexcept;
  // A hello as constructed: a free one, or the one that has been silent longest, where that is long
  // enough for servers to have given it up. Null: neither.
  [[nodiscard]] DatagramHello* claim(HelloFlow& flow, Nanos now) noexcept;
  // False: this client has used up its share of this second.
  [[nodiscard]] bool may_send(const IpAddress& client, Nanos now) noexcept {
    return budget_.take(client, now);
  }

  // No byte differs from what is kept. A datagram is looked at as a whole before add().
  [[nodiscard]] bool agrees(const DatagramHello& hello, std::uint64_t offset,
                            Bytes bytes) const noexcept {
    return hello.stream.agrees(pool_, offset, bytes);
  }
  [[nodiscard]] Judgement drop_overlap(const Context& context) noexcept;
  // Puts handshake bytes in their place. A judgement: the datagram's, nothing more is looked at.
  [[nodiscard]] std::optional<Judgement> add(const Context& context, HelloFlow& flow,
                                             DatagramHello& hello, std::uint64_t offset,
                                             Bytes bytes) noexcept;
  // What a hello has come to.
  [[nodiscard]] Judgement judge(const Context& context, HelloFlow& flow,
                                DatagramHello& hello) noexcept;
  // A hello that is whole in its datagram: nothing of it is kept.
  [[nodiscard]] Judgement judge_whole(const Context& context, DatagramHello::Kind kind,
                                      const Read& read) noexcept;

  // Empties a hello; its entry may start another.
  void clear(DatagramHello& hello) noexcept;
  // Removes what has been idle; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept { return pool_.in_use(); }
  // Datagrams that differed from what was kept.
  [[nodiscard]] std::uint64_t overlaps() const noexcept { return overlaps_; }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)];
  }
  [[nodiscard]] static std::size_t memory_bytes(const HelloLimits& limits) noexcept;

 private:
  flow::Insert store(const Context& context, HelloFlow& flow, DatagramHello& hello,
                     std::uint64_t offset, Bytes bytes) noexcept;
  bool reclaim_stream(const Context& context, const HelloFlow& beneficiary) noexcept;
  void keep(HelloFlow& flow) noexcept;
  void end(HelloFlow& flow, DatagramHello& hello, const Judgement& why) noexcept;
  Judgement cannot_judge(const Context& context, HelloFlow& flow, DatagramHello& hello,
                         tls::HelloError error) noexcept;
  void on_removed(HelloFlow& flow, flow::Removal removal) noexcept;

  flow::Table<HelloFlow> flows_;
  flow::StreamPool pool_;
  ClientBudget budget_;
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::uint64_t overlaps_ = 0;
};

}  // namespace sluice::engine
