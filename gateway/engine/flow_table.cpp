#include "gateway/engine/flow_table.h"

namespace sluice::engine {
namespace {

bool holds_memory(const Flow& flow) {
  return flow.stream.holds_memory() || flow.framing.holds_memory() || flow.answers.holds_memory();
}

}  // namespace

FlowTable::FlowTable(const JudgeLimits& limits, HashKey key)
    : flows_(limits.flows, key, limits.idle_timeout),
      pool_(stream_slots(limits.streams), long_stream_slots(limits.streams)),
      names_(std::make_unique_for_overwrite<RememberedName[]>(limits.flows)) {}

std::size_t FlowTable::memory_bytes(const JudgeLimits& limits) noexcept {
  return limits.flows * (flow::Table<Flow>::bytes_per_flow() + sizeof(RememberedName)) +
         flow::StreamPool::memory_bytes(stream_slots(limits.streams),
                                        long_stream_slots(limits.streams));
}

Flow* FlowTable::find(const FlowLookup& lookup, Nanos now) noexcept {
  Flow* const flow = flows_.find(lookup.keyed.key, lookup.hash);
  if (flow != nullptr) flows_.touch(*flow, now);
  return flow;
}

Flow& FlowTable::create(const Context& context, const flow::TcpFlow& tcp) noexcept {
  const auto& [keyed, hash] = context.lookup;
  Flow& flow =
      flows_.insert(keyed.key, hash, context.now,
                    [this](Flow& removed, flow::Removal removal) { on_removed(removed, removal); });
  flow.tcp = tcp;
  flow.client_is_low = keyed.source_is_low;
  flow.side = context.side;
  flow.generation = context.snapshot.generation;
  name_of(flow).clear();
  ++created_;
  return flow;
}

void FlowTable::restart(Flow& flow) noexcept {
  flow.stream.reset(pool_);
  flow.framing.release(pool_);
  flow.answers.release(pool_);
  flow = {.client_is_low = flow.client_is_low,
          .side = flow.side,
          .generation = flow.generation,
          .tcp = flow.tcp,
          .stream = flow.stream,
          .answers = flow.answers};
  name_of(flow).clear();
  flows_.keep(flow, flow::Keep::light);
  ++restarts_;
}

Judgement FlowTable::pass(Flow& flow, Reason reason) noexcept {
  release_memory(flow);
  flow.phase = flow.tcp.is_midstream() ? FlowPhase::midstream : FlowPhase::passed;
  flows_.keep(flow, flow::Keep::light);
  if (flow.phase == FlowPhase::midstream) return engine::pass(reason);
  return pass_flow(reason);
}

Judgement FlowTable::block(const Context& context, Flow& flow, Reason reason, bool reject,
                           std::optional<std::uint32_t> destination_expects) noexcept {
  if (!context.mode.enforce) return pass(flow, reason);
  release_memory(flow);
  flow.phase = reject ? FlowPhase::rejected : FlowPhase::blocked;
  flows_.keep(flow, flow::Keep::pinned);
  if (!reject || !flow.tcp.handshake_seen()) {
    return {.act = Drop{}, .reason = reason, .scope = Scope::flow};
  }
  // Told again while the client goes on: a reset may be lost.
  return {.act = Reset{destination_expects}, .reason = reason};
}

// In the middle of a stream, what claims to be a hello and cannot be read is no hello.
Judgement FlowTable::cannot_judge(const Context& context, Flow& flow, Reason reason) noexcept {
  const bool is_guess =
      reason == Reason::unreadable || (reason == Reason::unjudged_acknowledged &&
                                       flow.progress.state.stage() == inspect::Stage::search);
  if (flow.tcp.is_midstream() && is_guess) return pass(flow, Reason::midstream);
  const bool drops = fallback_for(context.snapshot.fallbacks, reason) == policy::Fallback::drop;
  return drops ? block(context, flow, reason, false, std::nullopt) : pass(flow, reason);
}

Judgement FlowTable::no_memory(const Context& context, Flow& flow) noexcept {
  const bool drops =
      fallback_for(context.snapshot.fallbacks, Reason::no_memory) == policy::Fallback::drop;
  return drops ? drop_packet(context, Reason::no_memory) : pass(flow, Reason::no_memory);
}

void FlowTable::update_keep(Flow& flow) noexcept {
  flows_.keep(flow, holds_memory(flow) ? flow::Keep::held : flow::Keep::light);
}

// What is judged already can do without. A flow with bytes that are not has stalled.
bool FlowTable::reclaim(const Context& context, const Flow& beneficiary) noexcept {
  Flow* const oldest = flows_.oldest(flow::Keep::held);
  if (oldest == nullptr || oldest == &beneficiary) return false;
  if (oldest->phase == FlowPhase::finished) oldest->stream.release(pool_);
  oldest->answers.forget(pool_, oldest->answers.judged());
  if (holds_memory(*oldest)) {
    static_cast<void>(cannot_judge(context, *oldest, Reason::no_memory));
  } else {
    update_keep(*oldest);
  }
  return true;
}

void FlowTable::expire(Nanos now) noexcept {
  flows_.expire(now, [this](Flow& flow, flow::Removal removal) { on_removed(flow, removal); });
}

void FlowTable::on_removed(Flow& flow, flow::Removal removal) noexcept {
  release_memory(flow);
  ++removals_[static_cast<std::size_t>(removal)];
}

void FlowTable::release_memory(Flow& flow) noexcept {
  flow.stream.release(pool_);
  flow.framing.release(pool_);
  flow.answers.release(pool_);
}

}  // namespace sluice::engine
