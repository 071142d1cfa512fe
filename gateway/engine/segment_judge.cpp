#include "gateway/engine/segment_judge.h"

#include <algorithm>

#include "gateway/engine/limits.h"

namespace sluice::engine {
namespace {

bool agrees(const Flow& flow, const flow::StreamPool& pool, const flow::ClientSegment& segment) {
  return flow.stream.agrees(pool, segment.offset, segment.bytes) &&
         flow.framing.agrees(pool, segment.offset, segment.bytes);
}

// All of it lies in a body whose head is judged: it names nothing, and need not be kept.
bool is_body(const Flow& flow, const flow::ClientSegment& segment) {
  const std::uint64_t base = flow.stream.base();
  const std::uint64_t end = segment.offset + segment.bytes.size();
  return end <= base ||
         (segment.offset >= base + flow.progress.seen && end <= base + flow.progress.judged);
}

}  // namespace

Judgement SegmentJudge::take(const Context& context, Flow& flow,
                             const flow::ClientSegment& segment) noexcept {
  const Judgement judgement = take_segment(context, flow, segment);
  if (judgement.passes()) {
    const std::uint64_t end = segment.offset + segment.bytes.size();
    if (segment.offset <= flow.sent) flow.sent = std::max(flow.sent, end);
    flow.sent = std::max({flow.sent, flow.stream.contiguous(), flow.tcp.acknowledged()});
  }
  return judgement;
}

Judgement SegmentJudge::take_segment(const Context& context, Flow& flow,
                                     const flow::ClientSegment& segment) noexcept {
  if (flow.phase == FlowPhase::finished) return take_again(context, flow, segment);
  if (is_body(flow, segment)) return take_body(context, flow, segment);
  if (flow.tcp.is_asymmetric()) make_room(flow, segment.offset + segment.bytes.size());
  const std::uint64_t end = segment.offset + segment.bytes.size();
  if (flow.stream.lacks_large(flows_.pool(), end - 1)) flows_.reclaim_large(context, flow);
  const std::uint64_t window_end = flow.stream.base() + flow.stream.window(flows_.pool());
  if (segment.offset >= window_end) return drop_packet(context, Reason::beyond_window);
  flow::ClientSegment inside = segment;
  inside.bytes = segment.bytes.first(
      std::min<std::uint64_t>(segment.bytes.size(), window_end - segment.offset));
  Judgement judgement;
  if (agrees(flow, flows_.pool(), inside)) {
    judgement = take_new(context, flow, inside.offset, inside.bytes);
  } else {
    ++overlaps_;
    if (!context.can_rewrite()) return drop_packet(context, Reason::overlap);
    const MutableBytes payload = rewrite(context, flow, segment);
    const Bytes changed = Bytes(payload).last(segment.bytes.size()).first(inside.bytes.size());
    judgement = take_new(context, flow, inside.offset, changed);
    if (judgement.passes()) judgement.act = Rewrite{payload};
  }
  // What reaches beyond the window passes only where its start settles what lies there.
  const std::uint64_t settled = flow.stream.base() + flow.progress.judged;
  const bool overhangs =
      inside.bytes.size() < segment.bytes.size() && settled < segment.offset + segment.bytes.size();
  return overhangs && flow.phase == FlowPhase::judging ? drop_packet(context, Reason::beyond_window)
                                                       : judgement;
}

// All is judged, and the server has not acknowledged it yet: what comes again must be the same.
Judgement SegmentJudge::take_again(const Context& context, Flow& flow,
                                   const flow::ClientSegment& segment) noexcept {
  if (segment.offset >= flow.judged_end) return pass(flow.finish);
  // Its memory was reclaimed: the bytes cannot be compared.
  if (!flow.stream.holds_memory()) return drop_packet(context, Reason::no_memory);
  if (agrees(flow, flows_.pool(), segment)) return pass(flow.finish);
  ++overlaps_;
  if (!context.can_rewrite()) return drop_packet(context, Reason::overlap);
  return {.act = Rewrite{rewrite(context, flow, segment)}, .reason = flow.finish};
}

// The packet's payload with each kept byte in its place.
MutableBytes SegmentJudge::rewrite(const Context& context, const Flow& flow,
                                   const flow::ClientSegment& segment) noexcept {
  const MutableBytes payload = context.copy_payload();
  const MutableBytes bytes = payload.last(segment.bytes.size());
  flow.stream.overwrite(flows_.pool(), segment.offset, bytes);
  flow.framing.overwrite(flows_.pool(), segment.offset, bytes);
  return payload;
}

// Of a body, or in front of what is kept: only the framing in it must be the same.
Judgement SegmentJudge::take_body(const Context& context, Flow& flow,
                                  const flow::ClientSegment& segment) noexcept {
  if (agrees(flow, flows_.pool(), segment)) return pass(Reason::body);
  ++overlaps_;
  if (!context.can_rewrite()) return drop_packet(context, Reason::overlap);
  return {.act = Rewrite{rewrite(context, flow, segment)}, .reason = Reason::body};
}

// REQUIRES: `bytes` agree with the stream.
Judgement SegmentJudge::take_new(const Context& context, Flow& flow, std::uint64_t offset,
                                 Bytes bytes) noexcept {
  switch (store(context, flow, offset, bytes)) {
    case flow::Insert::stored:
    case flow::Insert::known:
      return streams_.judge(context, flow);
    case flow::Insert::no_memory:
      return flows_.no_memory(context, flow);
    case flow::Insert::differs:
    case flow::Insert::beyond_window:
      break;
  }
  return drop_packet(context, Reason::beyond_window);
}

// Nobody may ever acknowledge what is kept. So the oldest of it goes, as far as it is judged, once
// the stream would outgrow an ordinary slot: in steps, for each leaves a hole (stream_buffer.h).
void SegmentJudge::make_room(Flow& flow, std::uint64_t end) noexcept {
  constexpr std::size_t kStep = kOrdinaryCapacity / 4;
  const std::size_t room = std::min(kOrdinaryCapacity, flow.stream.window(flows_.pool()));
  const std::uint64_t room_end = flow.stream.base() + room;
  const std::uint64_t judged = flow.progress.judged;
  if (end <= room_end || judged == 0) return;
  flows_.give_up(flow, std::min(judged, std::max<std::uint64_t>(end - room_end, kStep)));
}

flow::Insert SegmentJudge::store(const Context& context, Flow& flow, std::uint64_t offset,
                                 Bytes bytes) noexcept {
  flow::Insert result = flow.stream.insert(flows_.pool(), offset, bytes);
  if (result == flow::Insert::no_memory && flows_.reclaim(context, flow)) {
    result = flow.stream.insert(flows_.pool(), offset, bytes);
  }
  flows_.update_keep(flow);
  return result;
}

// Only TLS is looked for in a stream that is searched. The bytes in front of the segment may be the
// start of a hello that the left-out byte stands in.
bool SegmentJudge::is_beside_hellos(const Flow& flow, const flow::ClientSegment& segment) noexcept {
  if (flow.phase == FlowPhase::finished && segment.offset >= flow.judged_end) return true;
  const auto* const search = std::get_if<inspect::InSearch>(&flow.progress.state.at);
  if (search == nullptr || search->waiting > 0) return false;
  if (segment.offset > flow.stream.contiguous()) return false;
  constexpr std::uint64_t kHeadBytes = 36;  // six bytes, each in a record of its own
  constexpr std::byte kHandshake{tls::kHandshakeRecord};
  const std::uint64_t base = flow.stream.base();
  const std::uint64_t from = std::max(base, segment.offset - std::min(segment.offset, kHeadBytes));
  const Bytes kept = flow.stream.view_from(flows_.pool(), from);
  const Bytes in_front = kept.first(
      std::min<std::uint64_t>(kept.size(), segment.offset - std::min(from, segment.offset)));
  const auto begins = [=](Bytes bytes) {
    return std::ranges::find(bytes, kHandshake) != bytes.end();
  };
  return !begins(in_front) && !begins(segment.bytes);
}

}  // namespace sluice::engine
