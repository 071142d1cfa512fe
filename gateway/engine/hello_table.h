#pragma once

// ClientHellos that come in pieces over datagrams, QUIC's and DTLS': which five-tuple has which,
// their handshake bytes put together, every reading judged (filters/flow/client_stream.h).
//
// The leading datagrams of an unfinished hello pass. The one that completes a banned name is
// dropped, and so is whatever else belongs to that hello. Nothing lasting comes of it for the
// five-tuple: anybody can spoof one datagram.
//
// One worker owns one. No allocation after construction. Bounds: datagram_hello.h.

#include <array>
#include <cstdint>
#include <optional>

#include "filters/base/function_ref.h"
#include "filters/flow/flow_key.h"
#include "filters/flow/table.h"
#include "filters/policy/fallbacks.h"
#include "filters/tls/client_hello.h"
#include "gateway/engine/client_budget.h"
#include "gateway/engine/datagram_hello.h"
#include "gateway/engine/judgement.h"

namespace sluice::engine {

// One datagram, with all that is needed to judge it.
struct HelloRequest {
  const packet::Packet& packet;
  Nanos now;
  const policy::Fallbacks& fallbacks;
  FindingSink& sink;
  inspect::FindingList& findings;   // filled here …
  FunctionRef<Judgement()> decide;  // … and judged there
};

class HelloTable {
 public:
  using Read = Result<tls::ClientHello, tls::HelloError>;

  HelloTable(const HelloLimits& limits, HashKey key, bool enforce);

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

  // Puts handshake bytes in their place. A judgement: the datagram's, nothing more is looked at.
  [[nodiscard]] std::optional<Judgement> add(const HelloRequest& request, HelloFlow& flow,
                                             DatagramHello& hello, std::uint64_t offset,
                                             Bytes bytes) noexcept;
  // What has come of a hello, in every reading.
  [[nodiscard]] Judgement judge(const HelloRequest& request, HelloFlow& flow,
                                DatagramHello& hello) noexcept;
  // A hello that is whole in its datagram: nothing of it is kept.
  [[nodiscard]] Judgement judge_whole(const HelloRequest& request, DatagramHello::Kind kind,
                                      const Read& read) noexcept;

  // Empties a hello; its entry may start another.
  void clear(DatagramHello& hello) noexcept;
  // Removes what has been idle; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept { return pool_.in_use(); }
  [[nodiscard]] std::uint64_t conflicts() const noexcept { return conflicts_; }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)];
  }
  [[nodiscard]] static std::size_t memory_bytes(const HelloLimits& limits) noexcept;
  // As [verdicts] unjudged says.
  [[nodiscard]] Judgement unjudged(const HelloRequest& request, Reason reason) const noexcept;
  // A packet that is refused, and no other for it.
  [[nodiscard]] Judgement drop_alone(Reason reason) const noexcept;

 private:
  std::optional<Judgement> judge_view(const HelloRequest& request, HelloFlow& flow,
                                      DatagramHello& hello, Bytes view,
                                      std::uint32_t& judged) noexcept;
  flow::Insert store(const HelloRequest& request, HelloFlow& flow, DatagramHello& hello,
                     std::uint64_t offset, Bytes bytes) noexcept;
  bool reclaim_stream(const HelloRequest& request, const HelloFlow& but_not) noexcept;
  void keep(HelloFlow& flow) noexcept;
  Judgement block(HelloFlow& flow, DatagramHello& hello, const Judgement& why) noexcept;
  Judgement cannot_judge(const HelloRequest& request, HelloFlow& flow, DatagramHello& hello,
                         tls::HelloError error) noexcept;
  void on_removed(HelloFlow& flow, flow::Removal removal) noexcept;

  flow::Table<HelloFlow> flows_;
  flow::StreamPool pool_;
  ClientBudget budget_;
  std::array<std::byte, kLongHelloCapacity> mixture_;
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::uint64_t conflicts_ = 0;
  bool enforce_;
};

}  // namespace sluice::engine
