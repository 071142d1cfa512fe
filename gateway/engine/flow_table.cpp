#include "gateway/engine/flow_table.h"

#include <algorithm>

namespace sluice::engine {
namespace {

// So long a server may keep half of a hello or request, longer than any that has a time limit.
constexpr Nanos kForgottenFor = std::chrono::hours(1);

flow::ClassLimits limits_of(const JudgeLimits& limits) {
  using flow::Keep;
  const std::size_t large = long_stream_slots(limits.streams).slots;
  flow::ClassLimits of;
  of[Keep::unanswered] = flow::limit_of_part(limits.flows, 8);
  of[Keep::unanswered_held] = flow::limit_of_part(limits.streams, 4);
  of[Keep::unanswered_long] = flow::limit_of_part(large, 4);
  of[Keep::pinned] = flow::limit_of_part(limits.flows, 4);
  // There can be no more; it tells who holds much of them.
  of[Keep::held_long] = flow::limit_of_part(large, 1);
  return of;
}

// Many more than there is room for: it takes so many connections, or packets that nobody answers,
// to make one forgotten for good.
flow::Forgotten::Size forgotten_of(const JudgeLimits& limits) {
  return {8 * limits.flows, 16};
}
flow::Forgotten::Size forgotten_unanswered_of(const JudgeLimits& limits) {
  return {16 * limits.flows, 16};
}

bool holds_memory(const Flow& flow) {
  return flow.stream.holds_memory() || flow.framing.holds_memory() || flow.answers.holds_memory();
}

bool holds_large(const Flow& flow, const flow::StreamPool& pool) {
  return flow.stream.holds_large(pool) || flow.answers.holds_large(pool);
}

flow::Keep keep_of(const Flow& flow, const flow::StreamPool& pool) {
  return flow::keep_for({.is_answered = flow.is_answered,
                         .is_refused = flow.is_refused(),
                         .holds_memory = holds_memory(flow),
                         .holds_large = holds_large(flow, pool)});
}

// If the flow went now, what comes of it next would be judged as something else than it is: the
// rest of a message, of a body, of HTTP/2, another copy of bytes that the server has not
// acknowledged, a segment of which it has the first bytes. After a long silence, what is between
// two messages, or of no protocol that we know, counts as over, and so does what waits for
// acknowledgments that take another way: idle connections go on.
bool is_unfinished(const Flow& flow, flow::Removal why) {
  using inspect::Stage;
  const bool idle = why == flow::Removal::idle;
  const bool is_heard = flow.is_answered && !flow.tcp.is_server_unheard();
  if (flow.is_refused()) return true;
  if (flow.phase == FlowPhase::passed || flow.phase == FlowPhase::midstream) return false;
  if (flow.phase == FlowPhase::finished) return !idle || is_heard;
  switch (flow.progress.state.stage()) {
    case Stage::http2:
    case Stage::http_fields:
    case Stage::http_chunk:
    case Stage::http_trailer:
      return true;
    case Stage::dns:
      if (!idle || flow.answers.holds_memory()) return true;
      break;
    case Stage::search:
      // A hello that its server has not answered yet is as one that is finished.
      if (const auto* const search = std::get_if<inspect::InSearch>(&flow.progress.state.at);
          search != nullptr && search->behind_hello) {
        return !idle || is_heard;
      }
      if (idle) return false;
      break;
    case Stage::start:
      if (!idle && flow.is_answered && !flow.tcp.is_midstream()) return true;
      break;
    case Stage::lost:
      break;
  }
  if (idle && flow.tcp.is_midstream()) return false;
  const std::uint64_t judged = flow.stream.base() + flow.progress.judged;
  const bool is_over = idle && flow.tcp.is_server_unheard();
  return flow.stream.end() > (is_over ? judged : flow.stream.base()) || flow.sent < judged;
}

// Of a flow that gave up what is judged. If it holds memory still, it has bytes that are not.
void end_if_stalled(FlowTable& flows, const Context& context, Flow& flow, bool holds) {
  if (holds) {
    static_cast<void>(flows.cannot_judge(context, flow, Reason::no_memory));
  } else {
    flows.update_keep(flow);
  }
}

}  // namespace

FlowTable::FlowTable(const JudgeLimits& limits, HashKey key)
    : flows_(limits.flows, key, limits.idle_timeout, limits_of(limits)),
      pool_(stream_slots(limits.streams), long_stream_slots(limits.streams)),
      forgotten_(forgotten_of(limits), kForgottenFor),
      forgotten_unanswered_(forgotten_unanswered_of(limits), kForgottenFor),
      names_(std::make_unique_for_overwrite<RememberedName[]>(limits.flows)) {}

std::size_t FlowTable::memory_bytes(const JudgeLimits& limits) noexcept {
  return limits.flows * (flow::Table<Flow>::bytes_per_flow() + sizeof(RememberedName)) +
         flow::StreamPool::memory_bytes(stream_slots(limits.streams),
                                        long_stream_slots(limits.streams)) +
         flow::Forgotten::memory_bytes(forgotten_of(limits)) +
         flow::Forgotten::memory_bytes(forgotten_unanswered_of(limits));
}

Flow* FlowTable::find(const FlowLookup& lookup, Nanos now) noexcept {
  Flow* const flow = flows_.find(lookup.keyed.key, lookup.hash);
  if (flow != nullptr) flows_.touch(*flow, now);
  return flow;
}

Flow& FlowTable::create(const Context& context, const flow::TcpFlow& tcp) noexcept {
  const auto& [keyed, hash] = context.lookup;
  newest_ = context.now;
  Flow& flow = flows_.insert(keyed.key, hash, context.client(), flow::Keep::unanswered, context.now,
                             on_removal());
  flow.tcp = tcp;
  flow.client_is_low = keyed.source_is_low != context.from_server;
  flow.was_forgotten = context.mode.enforce && is_forgotten(context.lookup);
  flow.side = context.side;
  if (context.from_server && context.side) flow.side = io::other_side(*context.side);
  flow.generation = context.snapshot.generation;
  name_of(flow).clear();
  ++created_;
  return flow;
}

void FlowTable::note_answer(Flow& flow) noexcept {
  flow.is_answered = true;
  update_keep(flow);
}

void FlowTable::restart(Flow& flow) noexcept {
  flow.stream.reset(pool_);
  flow.framing.release(pool_);
  flow.answers.release(pool_);
  flow = {.client_is_low = flow.client_is_low,
          .is_answered = flow.is_answered,
          .was_forgotten = flow.was_forgotten,
          .side = flow.side,
          .generation = flow.generation,
          .tcp = flow.tcp,
          .stream = flow.stream,
          .answers = flow.answers};
  name_of(flow).clear();
  update_keep(flow);
  ++restarts_;
}

void FlowTable::give_up(Flow& flow, std::uint64_t count) noexcept {
  Progress& progress = flow.progress;
  // Behind `seen` nothing is kept.
  if (count >= progress.seen) count = progress.judged;
  flow.tcp.give_up(flow.stream.base() + std::min(count, progress.seen));
  flow.framing.forget(pool_, flow.tcp.settled());
  flow.stream.consume(pool_, count);
  progress.judged -= count;
  progress.seen -= std::min(progress.seen, count);
  progress.needed -= std::min(progress.needed, count);
  update_keep(flow);
}

Judgement FlowTable::pass(Flow& flow, Reason reason) noexcept {
  release_memory(flow);
  flow.phase = flow.tcp.is_midstream() ? FlowPhase::midstream : FlowPhase::passed;
  update_keep(flow);
  if (flow.phase == FlowPhase::midstream) return engine::pass(reason);
  return pass_flow(reason);
}

Judgement FlowTable::block(const Context& context, Flow& flow, Reason reason, bool reject,
                           std::optional<std::uint32_t> destination_expects) noexcept {
  if (!context.mode.enforce) return pass(flow, reason);
  release_memory(flow);
  flow.tcp.end();
  flow.phase = reject ? FlowPhase::rejected : FlowPhase::blocked;
  update_keep(flow);
  if (!reject || !flow.tcp.handshake_seen()) {
    return {.act = Drop{}, .reason = reason, .scope = Scope::flow};
  }
  // Told again while the client goes on: a reset may be lost.
  return {.act = Reset{destination_expects}, .reason = reason};
}

// In the middle of a stream, what claims to be a hello and cannot be read is no hello; nor is what
// may begin anything, and was acknowledged with bytes that its reader had before.
Judgement FlowTable::cannot_judge(const Context& context, Flow& flow, Reason reason) noexcept {
  const inspect::Stage stage = flow.progress.state.stage();
  const bool is_guess = reason == Reason::unreadable ||
                        (reason == Reason::unjudged_acknowledged &&
                         (stage == inspect::Stage::search || stage == inspect::Stage::start));
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
  flows_.keep(flow, keep_of(flow, pool_), on_removal());
}

// The first of these classes that has a flow, and that flow. What nobody has answered takes nothing
// from connections.
std::optional<FlowTable::Giver> FlowTable::first_to_give(
    const Flow& beneficiary, std::span<const flow::Keep> classes) noexcept {
  for (const flow::Keep keep : classes) {
    Flow* const flow = flows_.first_to_go(keep);
    if (flow == nullptr) continue;
    if (!flow->is_answered && flow == &beneficiary) continue;
    if (flow->is_answered && (!beneficiary.is_answered || flow == &beneficiary)) break;
    return Giver{flow, keep};
  }
  return std::nullopt;
}

bool FlowTable::reclaim(const Context& context, const Flow& beneficiary) noexcept {
  using flow::Keep;
  static constexpr std::array kClasses = {Keep::unanswered_held, Keep::unanswered_long, Keep::held,
                                          Keep::held_long};
  const auto giver = first_to_give(beneficiary, kClasses);
  if (!giver || give_judged(*giver)) return giver.has_value();
  end_if_stalled(*this, context, *giver->flow, holds_memory(*giver->flow));
  return true;
}

void FlowTable::reclaim_large(const Context& context, const Flow& beneficiary) noexcept {
  using flow::Keep;
  static constexpr std::array kClasses = {Keep::unanswered_long, Keep::held_long};
  const auto giver = first_to_give(beneficiary, kClasses);
  if (!giver || give_judged(*giver)) return;
  end_if_stalled(*this, context, *giver->flow, holds_large(*giver->flow, pool_));
}

// What is judged already it can do without. True: it is gone.
bool FlowTable::give_judged(const Giver& giver) noexcept {
  Flow& flow = *giver.flow;
  if (!flow.is_answered) {
    // Not blocked: among the unanswered without memory it could push out the beneficiary.
    flows_.evict(giver.keep, on_removal());
    return true;
  }
  if (flow.tcp.is_asymmetric()) {
    give_up(flow, flow.progress.judged);
  } else if (flow.phase == FlowPhase::finished) {
    flow.stream.release(pool_);
  }
  flow.answers.forget(pool_, flow.answers.judged());
  return false;
}

void FlowTable::expire(Nanos now) noexcept {
  newest_ = now;
  flows_.expire(now, on_removal());
  forgotten_.tidy(now);
  forgotten_unanswered_.tidy(now);
}

void FlowTable::on_removed(Flow& flow, flow::Removal removal) noexcept {
  if (is_unfinished(flow, removal)) {
    flow::Forgotten& forgotten = flow.is_answered ? forgotten_ : forgotten_unanswered_;
    forgotten.add(flows_.hash(flows_.key_of(flow)), newest_);
  }
  release_memory(flow);
  ++removals_[static_cast<std::size_t>(removal)];
}

void FlowTable::release_memory(Flow& flow) noexcept {
  flow.stream.release(pool_);
  flow.framing.release(pool_);
  flow.answers.release(pool_);
  flow.ahead = {};
}

}  // namespace sluice::engine
