// The judge and a client's stream: mixtures of copies, and what need not be kept or looked at.

#include <algorithm>
#include <limits>

#include "gateway/engine/judge.h"
#include "gateway/engine/judge_context.h"
#include "gateway/engine/refusals_only.h"

namespace sluice::engine {

// Every mixture of copies is read anew from the stream's base. What is kept of them: whether all
// are finished and when to look again; how far all of them are judged and agree on what follows,
// and once they are finished, how far any is.
std::optional<Judgement> Judge::judge_mixtures(const Context& context, Flow& flow) noexcept {
  const ReadingState& first = flow.readings[index_of(flow::Reading::first_copy)];
  ReadingState& kept = flow.readings[index_of(flow::Reading::last_copy)];
  if (kept.finished || flow.stream.contiguous() - flow.stream.base() < kept.needed) return {};
  RefusalsOnly sink(context.sink);
  const Context quiet{context.packet,   context.lookup, context.now,
                      context.snapshot, sink,           context.side};
  const flow::Contested contested = flow.stream.contested(pool_);
  if (contested.count == 0) {  // all of them lie behind a gap
    kept = first;
    kept.needed = flow.stream.contiguous() - flow.stream.base() + 1;
    return {};
  }
  ReadingState sum{.needed = std::numeric_limits<std::uint64_t>::max(), .state = first.state};
  bool agree = true;
  sum.finished = true;
  for (unsigned reading = 1; reading < contested.readings(); ++reading) {
    ReadingState state{.state = flow.base_state};
    const Bytes view = flow.stream.mixture(pool_, contested, reading, mixture_);
    if (auto blocked = judge_view(quiet, flow, view, state)) return blocked;
    if (!state.finished) sum.needed = std::min(sum.needed, state.needed);
    sum.finished = sum.finished && state.finished;
    if (state.finish != Reason::allowed) sum.finish = state.finish;
    sum.judged = std::max(sum.judged, state.judged);
    sum.seen = std::max(sum.seen, state.seen);
    agree = agree && state.judged == first.judged && state.state == first.state;
  }
  if (!sum.finished) sum.judged = agree ? first.judged : 0;
  kept = sum;
  return {};
}

// Of a body whose head is judged: what does not fit need not be kept.
bool Judge::says_nothing(const Flow& flow, const flow::ClientSegment& segment) noexcept {
  if (flow.phase != FlowPhase::judging) return false;
  const std::uint64_t base = flow.stream.base();
  const std::uint64_t end = segment.offset + segment.bytes.size();
  if (end <= base) return true;
  const ReadingState& state = flow.readings[index_of(flow::Reading::first_copy)];
  return !flow.stream.readings_differ() && segment.offset >= base + state.seen &&
         end <= base + state.judged;
}

// A server that has said so much is past the point where TLS would begin.
bool Judge::ends_search(const Context& context, Flow& flow) const noexcept {
  const ReadingState& first = flow.readings[index_of(flow::Reading::first_copy)];
  if (flow.phase != FlowPhase::judging || first.state.stage() != inspect::Stage::search)
    return false;
  flow.server_bytes += static_cast<std::uint32_t>(context.packet.payload.size());
  return flow.server_bytes > inspect::kMaxServerBytesInSearch && !flow.stream.holds_memory();
}

// Makes room for later messages: what is judged in every reading and acknowledged can no longer
// change. Readings that are not at the same point wait until they are.
void Judge::forget_acknowledged(Flow& flow) noexcept {
  auto& first = flow.readings[index_of(flow::Reading::first_copy)];
  auto& last = flow.readings[index_of(flow::Reading::last_copy)];
  if (flow.stream.readings_differ()) {
    if (first.judged != last.judged || first.state != last.state) return;
    first.seen = std::max(first.seen, last.seen);
  }
  if (first.judged == 0 || flow.tcp.acknowledged() < flow.stream.base() + first.seen) return;
  flow.stream.consume(pool_, first.judged);
  flow.base_state = first.state.rewound();
  for (ReadingState* const reading : {&first, &last}) {
    reading->needed -= std::min(reading->needed, first.judged);
    reading->seen = 0;
  }
  first.judged = last.judged = 0;
  keep_by_memory(flow);
}

}  // namespace sluice::engine
