#pragma once

// ClientHellos that come in pieces over datagrams (QUIC, DTLS), and their handshake bytes put
// together (filters/flow/stream_buffer.h).
//
// The leading datagrams of an unfinished hello pass. The one that completes a banned name is
// dropped, and so is whatever else belongs to that hello. There is one reading of a hello: a
// datagram whose bytes differ from what is kept is dropped alone. Nothing lasting comes of it for
// the five-tuple: anybody can spoof one datagram.
//
//   mark ─► hello               its own (hello_key.h)
//   mark ─► link ─► hellos      a connection ID that one of the ends chose later
//
// Hellos that no server has answered have a share of entries and of memory for themselves; within
// each, the client that holds most gives way (filters/flow/table.h). A hello that had to go is
// remembered as forgotten, and what comes of it later is refused.
//
// One worker owns one. No allocation after construction. Bounds: datagram_hello.h.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "filters/flow/flow_key.h"
#include "filters/flow/forgotten.h"
#include "filters/flow/table.h"
#include "filters/tls/client_hello.h"
#include "gateway/engine/client_budget.h"
#include "gateway/engine/context.h"
#include "gateway/engine/datagram_hello.h"
#include "gateway/engine/hello_key.h"
#include "gateway/engine/ruling.h"

namespace sluice::engine {

// Hellos that one link leads to: connections of one socket to one server, where a connection ID
// does not tell them apart.
inline constexpr std::size_t kLinked = 4;

class HelloTable {
 public:
  using Read = Result<tls::ClientHello, tls::HelloError>;

  HelloTable(const HelloLimits& limits, HashKey key);

  [[nodiscard]] flow::FlowKey key_of(const flow::FlowKey& five_tuple,
                                     const HelloMark& mark) const noexcept {
    return engine::key_of(five_tuple, mark, key_);
  }
  // Null: not there. The most recently used one then.
  [[nodiscard]] DatagramHello* find(const flow::FlowKey& key, Nanos now) noexcept;
  // There was such a hello, and it had to go: what comes of it now cannot be judged.
  [[nodiscard]] bool is_forgotten(const flow::FlowKey& key) const noexcept {
    return forgotten_.has(hellos_.hash(key));
  }
  // A hello as constructed, of the packet's sender. REQUIRES: `key` is not there.
  DatagramHello& insert(const Context& context, const flow::FlowKey& key) noexcept;
  // Its server has spoken.
  void note_answer(DatagramHello& hello) noexcept;

  // The hellos that were linked to a key, the last one first. Good until the next call.
  [[nodiscard]] std::span<DatagramHello* const> follow(const flow::FlowKey& key) noexcept;
  void link(const Context& context, const flow::FlowKey& key, const DatagramHello& hello) noexcept;

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
  [[nodiscard]] std::optional<Judgement> add(const Context& context, DatagramHello& hello,
                                             std::uint64_t offset, Bytes bytes) noexcept;
  // What a hello has come to.
  [[nodiscard]] Judgement judge(const Context& context, DatagramHello& hello) noexcept;
  // A hello that is whole in its datagram: nothing of it is kept.
  [[nodiscard]] Judgement judge_whole(const Context& context, DatagramHello::Kind kind,
                                      const Read& read) noexcept;

  // Empties a hello: another one begins with the same numbers.
  void restart(DatagramHello& hello) noexcept;
  // Removes what has been idle; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  [[nodiscard]] std::size_t hellos() const noexcept { return hellos_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept { return pool_.in_use(); }
  // Datagrams that differed from what was kept.
  [[nodiscard]] std::uint64_t overlaps() const noexcept { return overlaps_; }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)];
  }
  [[nodiscard]] static std::size_t memory_bytes(const HelloLimits& limits) noexcept;

 private:
  struct Link {
    struct To {
      std::uint32_t index = 0;
      std::uint64_t serial = 0;  // 0: nowhere
    };
    std::array<To, kLinked> to;  // the last one first
  };

  flow::Insert store(const Context& context, DatagramHello& hello, std::uint64_t offset,
                     Bytes bytes) noexcept;
  bool reclaim_stream(const Context& context, const DatagramHello& beneficiary) noexcept;
  void take_memory(const Context& context, DatagramHello& hello) noexcept;
  void keep(DatagramHello& hello) noexcept;
  void end(DatagramHello& hello, const Judgement& why) noexcept;
  Judgement cannot_judge(const Context& context, DatagramHello& hello,
                         tls::HelloError error) noexcept;
  void on_removed(DatagramHello& hello, flow::Removal removal) noexcept;
  [[nodiscard]] auto on_removal() noexcept {
    return [this](DatagramHello& removed, flow::Removal removal) { on_removed(removed, removal); };
  }

  HashKey key_;
  flow::Table<DatagramHello> hellos_;
  flow::Table<Link> links_;
  flow::Forgotten forgotten_;
  flow::StreamPool pool_;
  ClientBudget budget_;
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::array<DatagramHello*, kLinked> followed_{};
  std::uint64_t last_serial_ = 0;
  std::uint64_t overlaps_ = 0;
  Nanos newest_{0};  // time
};

}  // namespace sluice::engine
