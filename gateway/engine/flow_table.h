#pragma once

// FlowTable: the TCP flows of one worker, the memory of their streams, and what becomes of a flow:
// it passes, it is blocked, it gives its memory to another.
//
// Flows that nobody has answered have a share of entries and of stream memory for themselves; what
// is refused has one, too. Within each, the client that holds most gives way
// (filters/flow/table.h). A flow that has to go before it is judged is remembered as forgotten, and
// what comes of it later is refused.
//
// One worker owns one. No allocation after construction. Bounds: JudgeLimits; each removal is
// counted by its reason.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "filters/flow/forgotten.h"
#include "filters/flow/stream_pool.h"
#include "filters/flow/table.h"
#include "gateway/engine/context.h"
#include "gateway/engine/flow.h"
#include "gateway/engine/limits.h"
#include "gateway/engine/remembered_name.h"

namespace sluice::engine {

class FlowTable {
 public:
  FlowTable(const JudgeLimits& limits, HashKey key);

  // Before find(), each for a whole batch, so that packets wait for memory together.
  void look_up(const packet::Packet& packet, FlowLookup& lookup) const noexcept {
    if (packet.transport != packet::Transport::tcp || !packet.has_transport) return;
    lookup.keyed = flow::key_of(packet);
    lookup.hash = flows_.hash(lookup.keyed.key);
    flows_.prefetch_bucket(lookup.hash);
  }
  void prefetch(const FlowLookup& lookup) const noexcept { flows_.prefetch_entry(lookup.hash); }

  // The packet belongs to a flow that has passed, and nothing in it can take that back: the short
  // way of most packets.
  [[nodiscard]] bool has_passed(const packet::Packet& packet, const FlowLookup& lookup,
                                const Arrival& arrival, const Snapshot& snapshot) noexcept {
    if (packet.transport != packet::Transport::tcp || packet.is_fragment || packet.tcp.syn) {
      return false;
    }
    Flow* const flow = flows_.find(lookup.keyed.key, lookup.hash);
    if (flow == nullptr || flow->phase != FlowPhase::passed ||
        flow->generation != snapshot.generation) {
      return false;
    }
    const bool from_client = lookup.keyed.source_is_low == flow->client_is_low;
    if (!from_client && flow->side && flow->side == arrival.side) return false;
    flows_.touch(*flow, arrival.time);
    return true;
  }
  // Null: not there. The most recently used one then.
  [[nodiscard]] Flow* find(const FlowLookup& lookup, Nanos now) noexcept;
  // REQUIRES: the packet's flow is not there.
  Flow& create(const Context& context, const flow::TcpFlow& tcp) noexcept;
  // Part of it passed before it was judged, and it was not kept until it was over.
  [[nodiscard]] bool is_forgotten(const FlowLookup& lookup) const noexcept {
    return forgotten_.has(lookup.hash) || forgotten_unanswered_.has(lookup.hash);
  }
  // Both ends were seen: it is a connection.
  void note_answer(Flow& flow) noexcept;
  // Asymmetric routes: so many bytes of what is kept go, judged but not acknowledged, and a copy of
  // them does not pass any more. REQUIRES: they are judged.
  void give_up(Flow& flow, std::uint64_t count) noexcept;
  // Another connection on the same ports: judged from its start.
  void restart(Flow& flow) noexcept;

  [[nodiscard]] Judgement pass(Flow& flow, Reason reason) noexcept;
  // `destination_expects`: where a reset may be sent to the packet's destination as well.
  [[nodiscard]] Judgement block(const Context& context, Flow& flow, Reason reason, bool reject,
                                std::optional<std::uint32_t> destination_expects) noexcept;
  // As [verdicts] says: blocked or passed.
  [[nodiscard]] Judgement cannot_judge(const Context& context, Flow& flow, Reason reason) noexcept;

  // There is no room for a packet's bytes: the packet is dropped, or the flow passed.
  [[nodiscard]] Judgement no_memory(const Context& context, Flow& flow) noexcept;

  [[nodiscard]] flow::StreamPool& pool() noexcept { return pool_; }
  // After a flow's streams took or gave back memory.
  void update_keep(Flow& flow) noexcept;
  // Takes the memory of another flow: of one that nobody has answered, or of the client that holds
  // most. False: none has to give way to `beneficiary`.
  bool reclaim(const Context& context, const Flow& beneficiary) noexcept;
  // The same for one of the few large slots. Does nothing if none has to give way.
  void reclaim_large(const Context& context, const Flow& beneficiary) noexcept;

  // The name that the flow showed last.
  [[nodiscard]] RememberedName& name_of(const Flow& flow) noexcept {
    return names_[flows_.index_of(flow)];
  }

  // Removes what has been idle for too long; a bounded amount of work a call.
  void expire(Nanos now) noexcept;
  [[nodiscard]] std::size_t flows() const noexcept { return flows_.size(); }
  [[nodiscard]] std::size_t streams() const noexcept { return pool_.in_use(); }
  [[nodiscard]] std::uint64_t created() const noexcept { return created_; }
  // Flows created and restarted.
  [[nodiscard]] std::uint64_t connections() const noexcept { return created_ + restarts_; }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)];
  }
  [[nodiscard]] static std::size_t memory_bytes(const JudgeLimits& limits) noexcept;

 private:
  struct Giver {
    Flow* flow;
    flow::Keep keep;  // its class
  };
  std::optional<Giver> first_to_give(const Flow& beneficiary,
                                     std::span<const flow::Keep> classes) noexcept;
  bool give_judged(const Giver& giver) noexcept;
  void release_memory(Flow& flow) noexcept;
  void on_removed(Flow& flow, flow::Removal removal) noexcept;
  [[nodiscard]] auto on_removal() noexcept {
    return [this](Flow& removed, flow::Removal removal) { on_removed(removed, removal); };
  }

  flow::Table<Flow> flows_;
  flow::StreamPool pool_;
  flow::Forgotten forgotten_, forgotten_unanswered_;
  Nanos newest_{0};                          // time
  std::unique_ptr<RememberedName[]> names_;  // of each flow, by its place in the table
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::uint64_t created_ = 0;
  std::uint64_t restarts_ = 0;
};

}  // namespace sluice::engine
