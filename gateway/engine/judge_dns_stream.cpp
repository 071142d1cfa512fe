// The judge's DNS half over TCP: what a server says once its client speaks DNS.
//
//   server's segments ─► in order ─► message by message ─► as over UDP (judge_message)
//
// A segment that completes no message passes, for no client can act on it; the one that completes a
// refused one ends the flow. What is judged is kept until the client has acknowledged it, so that a
// copy that differs is not taken for it, and an answer whose keys are hidden is hidden again when
// it is sent again; it makes room where room is needed.

#include <algorithm>

#include "filters/dns/framing.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/judge_context.h"
#include "gateway/engine/refusals_only.h"

namespace sluice::engine {

// One segment of a server, and what is known of it so far.
struct Judge::AnswerSegment {
  std::uint64_t offset = 0;
  Bytes bytes;
  std::uint32_t client_has = 0;  // first sequence number that the client has not been sent in order
  Reason reason = Reason::unfinished;
  Bytes with_keys;  // the message in it that is to go on without its keys; empty: none

  [[nodiscard]] bool touches(std::uint64_t from, std::uint64_t to) const {
    return from < offset + bytes.size() && to > offset;
  }
  // The part of the segment; empty: not all of it lies there.
  [[nodiscard]] Bytes part(std::uint64_t from, std::size_t size) const {
    if (from < offset || from - offset + size > bytes.size()) return {};
    return bytes.subspan(from - offset, size);
  }
};

// Told of each whole message of a client that is DNS.
void Judge::expect_answers(const Context& context, Flow& flow) noexcept {
  flow.answers.begin();
  const bool is_confirmed = flow.tcp.handshake_seen() && !flow.tcp.is_midstream();
  const bool is_one_question = findings_.size() == 1 && !flow.stream.readings_differ();
  // Servers on other ports are judged, and not believed.
  if (is_confirmed && is_one_question &&
      context.snapshot.dns.has(context.packet.destination_port)) {
    note_question(context);
  }
}

Judgement Judge::judge_answers(const Context& of_packet, Flow& flow) noexcept {
  Context context = of_packet;
  context.from_server = true;
  if (context.discarded_by_server()) return drop_alone(Reason::bad_checksum);
  if (context.packet.tcp.urg) return drop_alone(Reason::urgent);
  const flow::Placed placed = flow.answers.place(context.packet);
  switch (placed.kind) {
    case flow::Placed::Kind::before:
      return allow(Reason::server_data);
    case flow::Placed::Kind::far:
      return drop_alone(Reason::beyond_window);
    case flow::Placed::Kind::inside:
      break;
  }
  if (!flow.answers.agrees(pool_, placed.offset, placed.bytes)) {
    ++conflicts_;
    return drop_alone(Reason::answer_conflict);
  }
  AnswerSegment segment{
      .offset = placed.offset, .bytes = placed.bytes, .client_has = flow.answers.next_sequence()};
  return take_answers(context, flow, segment);
}

static_assert(dns::kMaxFramedBytes <= kStreamCapacity, "every message fits");

// As much of the segment at a time as there is room for: beyond what is ordinary only where nothing
// before it can be forgotten.
Judgement Judge::take_answers(const Context& context, Flow& flow, AnswerSegment& segment) noexcept {
  const std::uint64_t end = segment.offset + segment.bytes.size();
  for (std::uint64_t at = segment.offset; at < end;) {
    flow::ServerStream& answers = flow.answers;
    if (end > answers.base() + kOrdinaryCapacity) answers.forget(pool_, answers.judged());
    const std::uint64_t ordinary_end = answers.base() + kOrdinaryCapacity;
    const std::uint64_t window_end =
        at < ordinary_end ? ordinary_end : answers.base() + answers.window(pool_);
    if (at >= window_end) return drop_alone(Reason::beyond_window);
    const std::uint64_t stop = std::min(end, window_end);
    const Bytes piece = segment.bytes.subspan(at - segment.offset, stop - at);
    if (!store_answers(context, flow, at, piece)) {
      return context.snapshot.fallbacks.unjudged == policy::Fallback::drop
                 ? drop_alone(Reason::no_memory)
                 : pass_flow(flow, Reason::no_memory);
    }
    if (auto judgement = judge_whole_answers(context, flow, segment)) return *judgement;
    at = stop;
  }
  if (segment.with_keys.empty()) return allow(segment.reason);
  static_cast<void>(dns::parse_response(segment.with_keys, scratch_.response));
  return {.reason = Reason::ech,
          .destination_expects = segment.client_has,
          .in_place = InPlace::hide_ech,
          .message = segment.with_keys};
}

bool Judge::store_answers(const Context& context, Flow& flow, std::uint64_t offset,
                          Bytes bytes) noexcept {
  flow::Insert result = flow.answers.insert(pool_, offset, bytes);
  if (result == flow::Insert::no_memory && reclaim_stream(context, flow)) {
    result = flow.answers.insert(pool_, offset, bytes);
  }
  keep_by_memory(flow);
  return result != flow::Insert::no_memory;
}

// Those that are new, and those that the segment repeats where keys in them are hidden. A value:
// nothing more of the segment counts.
std::optional<Judgement> Judge::judge_whole_answers(const Context& context, Flow& flow,
                                                    AnswerSegment& segment) noexcept {
  flow::ServerStream& answers = flow.answers;
  const Bytes view = answers.view(pool_);
  // Elsewhere than at a port of DNS servers, what a client says may look like DNS and be none.
  if (answers.at_start() && !context.snapshot.dns.has(context.packet.source_port) &&
      !dns::may_be_response_stream(view)) {
    answers.release(pool_);
    keep_by_memory(flow);
    return allow(Reason::server_data);
  }
  const bool hides = context.snapshot.fallbacks.ech == policy::Ech::strip;
  for (std::size_t at = hides ? 0 : answers.judged();;) {
    const dns::Framed framed = dns::next_message(view.subspan(at));
    if (!framed.complete) return std::nullopt;
    const bool is_new = at >= answers.judged();
    const std::uint64_t from = answers.base() + at;
    if (is_new || segment.touches(from, from + framed.consumed)) {
      if (auto refused = judge_whole_answer(context, flow, framed, from, is_new, segment)) {
        return refused;
      }
    }
    at += framed.consumed;
    if (is_new) answers.set_judged(at);
  }
}

std::optional<Judgement> Judge::judge_whole_answer(const Context& context, Flow& flow,
                                                   const dns::Framed& framed, std::uint64_t from,
                                                   bool is_new, AnswerSegment& segment) noexcept {
  RefusalsOnly refusals(context.sink);
  const Context again{context.packet, context.lookup, context.now,        context.snapshot,
                      refusals,       context.side,   context.from_server};
  Judgement judgement = judge_message(is_new ? context : again, framed.message);
  if (judgement.in_place == InPlace::hide_ech) {
    const std::size_t length_bytes = framed.consumed - framed.message.size();
    const Bytes part = segment.part(from + length_bytes, framed.message.size());
    if (part.empty() || !segment.with_keys.empty()) {
      return reset_for_keys(flow, segment.client_has, Reason::ech_in_parts);
    }
    segment.with_keys = part;
    return std::nullopt;
  }
  if (judgement.reason == Reason::ech) {
    return reset_for_keys(flow, segment.client_has, Reason::ech);
  }
  if (judgement.action != policy::Action::allow) {
    return block_answer(flow, segment.client_has, judgement);
  }
  if (is_new) segment.reason = judgement.reason;
  return std::nullopt;
}

Judgement Judge::block_answer(Flow& flow, std::uint32_t client_has, const Judgement& why) noexcept {
  Judgement refused = block_flow(flow, why);
  refused.in_place = InPlace::answer;
  refused.destination_expects = client_has;
  return refused;
}

// Whatever the policy's action: nothing banned was asked for. Both ends learn at once that the
// connection is over, instead of waiting for an answer that is dropped each time it is sent again.
Judgement Judge::reset_for_keys(Flow& flow, std::uint32_t client_has, Reason reason) noexcept {
  return block_answer(flow, client_has, {.action = policy::Action::reject, .reason = reason});
}

Judgement Judge::keys_not_hidden(const packet::Packet& packet,
                                 const Judgement& judgement) noexcept {
  if (packet.transport == packet::Transport::tcp) {
    if (Flow* const flow = flows_.find(flow::key_of(packet).key)) {
      return reset_for_keys(*flow, judgement.destination_expects, Reason::ech_not_hidden);
    }
  }
  return drop_alone(judgement.reason);
}

// Whole messages only: the next one begins where the stream does.
void Judge::forget_acknowledged_answers(const packet::Packet& packet, Flow& flow) noexcept {
  if (!packet.tcp.ack || !flow.answers.holds_memory()) return;
  const std::size_t acknowledged = flow.answers.acknowledged(packet.tcp.acknowledgment);
  const Bytes view = flow.answers.view(pool_);
  std::size_t bytes = 0;
  for (auto framed = dns::next_message(view);
       framed.complete && bytes + framed.consumed <= acknowledged;
       framed = dns::next_message(view.subspan(bytes))) {
    bytes += framed.consumed;
  }
  if (bytes == 0) return;
  flow.answers.forget(pool_, bytes);
  keep_by_memory(flow);
}

}  // namespace sluice::engine
