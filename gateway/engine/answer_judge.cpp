#include "gateway/engine/answer_judge.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/craft/hide_ech.h"

namespace sluice::engine {

// One segment of a server, and what is known of it so far.
struct AnswerJudge::Segment {
  std::uint64_t offset = 0;
  Bytes bytes;               // behind what was forgotten
  std::uint32_t client_has;  // first sequence number that the client has not been sent in order
  Reason reason = Reason::unfinished;
  MutableBytes copy = {};  // of the packet's payload, once it is changed

  [[nodiscard]] bool holds(std::uint64_t from, std::size_t size) const {
    return from >= offset && from - offset + size <= bytes.size();
  }
  // The copy of `bytes`.
  [[nodiscard]] MutableBytes change(const Context& context) {
    if (copy.empty()) copy = context.copy_payload();
    const MutableBytes changed = copy.last(bytes.size());
    bytes = changed;
    return changed;
  }
};

void AnswerJudge::expect(const Context& context, Flow& flow) noexcept {
  flow.answers.begin(flow.tcp.server_next());
  const bool is_confirmed = flow.tcp.handshake_seen() && !flow.tcp.is_midstream();
  // Servers on other ports are judged, and not believed.
  if (is_confirmed && context.bench.findings.size() == 1 &&
      context.snapshot.dns.has(context.packet.destination_port)) {
    evidence_.note_question(context);
  }
}

Judgement AnswerJudge::judge(const Context& of_packet, Flow& flow) noexcept {
  Context context = of_packet;
  context.from_server = true;
  if (context.has_bad_checksum()) return drop_packet(context, Reason::bad_checksum);
  if (context.packet.tcp.urg) return drop_packet(context, Reason::urgent);
  const flow::Placed placed = flow.answers.place(context.packet);
  if (placed.kind == flow::Placed::Kind::before) return pass(Reason::server_data);
  if (placed.kind == flow::Placed::Kind::far) return drop_packet(context, Reason::beyond_window);
  Segment segment{
      .offset = placed.offset, .bytes = placed.bytes, .client_has = flow.answers.next_sequence()};
  if (!flow.answers.agrees(flows_.pool(), placed.offset, placed.bytes)) {
    ++overlaps_;
    if (!context.can_rewrite()) return drop_packet(context, Reason::overlap);
    flow.answers.overwrite(flows_.pool(), placed.offset, segment.change(context));
  }
  return take(context, flow, segment);
}

static_assert(dns::kMaxFramedBytes <= kStreamCapacity, "every message fits");

// As much of the segment at a time as there is room for: beyond the ordinary capacity only where
// nothing before it can be forgotten.
Judgement AnswerJudge::take(const Context& context, Flow& flow, Segment& segment) noexcept {
  flow::ServerStream& answers = flow.answers;
  flow::StreamPool& pool = flows_.pool();
  WorkBudget budget(context.packet.payload.size());
  const std::uint64_t end = segment.offset + segment.bytes.size();
  for (std::uint64_t at = segment.offset; at < end;) {
    if (end > answers.base() + kOrdinaryCapacity) answers.forget(pool, answers.judged());
    const std::uint64_t ordinary_end = answers.base() + kOrdinaryCapacity;
    if (at >= ordinary_end && answers.lacks_large(pool, at)) flows_.reclaim_large(context, flow);
    const std::uint64_t window_end =
        at < ordinary_end ? std::min(ordinary_end, answers.base() + answers.window(pool))
                          : answers.base() + answers.window(pool);
    if (at >= window_end) return drop_packet(context, Reason::beyond_window);
    const std::uint64_t stop = std::min(end, window_end);
    const Bytes piece = segment.bytes.subspan(at - segment.offset, stop - at);
    if (!store(context, flow, at, piece)) return flows_.no_memory(context, flow);
    if (auto judgement = judge_messages(context, flow, segment, budget)) return *judgement;
    at = stop;
  }
  if (segment.copy.empty()) return pass(segment.reason);
  return {.act = Rewrite{segment.copy}, .reason = segment.reason};
}

bool AnswerJudge::store(const Context& context, Flow& flow, std::uint64_t offset,
                        Bytes bytes) noexcept {
  flow::Insert result = flow.answers.insert(flows_.pool(), offset, bytes);
  if (result == flow::Insert::no_memory && flows_.reclaim(context, flow)) {
    result = flow.answers.insert(flows_.pool(), offset, bytes);
  }
  flows_.update_keep(flow);
  return result == flow::Insert::stored || result == flow::Insert::known;
}

// Those that are new. A value: nothing more of the segment counts.
std::optional<Judgement> AnswerJudge::judge_messages(const Context& context, Flow& flow,
                                                     Segment& segment,
                                                     WorkBudget& budget) noexcept {
  flow::ServerStream& answers = flow.answers;
  const Bytes view = answers.view(flows_.pool());
  // Elsewhere than at a port of DNS servers, what a client says may look like DNS and be none.
  if (answers.at_start() && !context.snapshot.dns.has(context.packet.source_port) &&
      !dns::may_be_response_stream(view)) {
    answers.release(flows_.pool());
    flow.ahead = {};
    flows_.update_keep(flow);
    return pass(Reason::server_data);
  }
  while (true) {
    const Bytes rest = view.subspan(answers.judged());
    const dns::Framed framed = dns::next_message(rest);
    if (framed.complete && context.mode.enforce && budget.is_spent()) {
      return drop_packet(context, Reason::over_budget);
    }
    if (auto judgement = judge_ahead(context, flow, rest, segment, budget)) return judgement;
    if (!framed.complete) return std::nullopt;
    if (auto refused = judge_message(context, flow, framed, segment)) return refused;
    budget.spend_dns(framed.consumed - flow.ahead.position.offset, context.bench.findings.size());
    flow.ahead = {};
    answers.set_judged(answers.judged() + framed.consumed);
  }
}

// Of a long message, each time that so much more of it is there. `rest`: from its length on.
constexpr std::size_t kAhead = 1024;

std::optional<Judgement> AnswerJudge::judge_ahead(const Context& context, Flow& flow, Bytes rest,
                                                  const Segment& segment,
                                                  WorkBudget& budget) noexcept {
  AnswerProgress& progress = flow.ahead;
  if (!context.mode.enforce || rest.size() < dns::kFramingBytes + kAhead) return std::nullopt;
  const std::size_t size = ByteReader(rest).u16();
  const Bytes there = rest.subspan(dns::kFramingBytes);
  const bool is_whole = there.size() >= size;
  const Bytes start = is_whole ? there.first(size) : there;
  const std::size_t before = is_whole ? progress.position.offset : progress.seen;
  if (start.size() < before + kAhead) return std::nullopt;
  const DnsJudge::Ahead ahead = dns_.judge_ahead(context, start, size, progress, budget);
  if (ahead.refusal) return refuse(context, flow, start, segment, *ahead.refusal);
  // What is not whole misleads nobody, and passes.
  if (ahead.is_spent && is_whole) return drop_packet(context, Reason::over_budget);
  return std::nullopt;
}

std::optional<Judgement> AnswerJudge::judge_message(const Context& context, Flow& flow,
                                                    const dns::Framed& framed,
                                                    Segment& segment) noexcept {
  const AnswerRuling ruling = dns_.rule_on_answer(context, framed.message, flow.ahead);
  switch (ruling.fate) {
    case AnswerRuling::Fate::pass:
      if (segment.reason != Reason::ech) segment.reason = ruling.reason;
      return std::nullopt;
    case AnswerRuling::Fate::hide_keys:
      segment.reason = ruling.reason;
      return hide_keys(context, flow, framed, segment);
    case AnswerRuling::Fate::drop: {
      // Dropped for its keys: both ends learn at once that the connection is over, whatever the
      // policy's action, instead of waiting for an answer that is dropped each time it is sent
      // again.
      const bool tells = ruling.reason == Reason::ech;
      return flows_.block(context, flow, ruling.reason, tells, segment.client_has);
    }
    case AnswerRuling::Fate::refuse:
      break;
  }
  return refuse(context, flow, framed.message, segment, ruling.refusal);
}

// In place of the server's answer, where the client was sent nothing of it yet.
Judgement AnswerJudge::refuse(const Context& context, Flow& flow, Bytes message,
                              const Segment& segment, const Refusal& ruled) noexcept {
  const Refusal refusal = DnsJudge::of_dns(context, ruled, context.bench.scratch.response.query);
  const bool reject = refusal.action == policy::Action::reject;
  const bool answers =
      reject && context.packet.tcp.ack && flow.answers.sequence_of_judged() == segment.client_has;
  if (answers) {
    const dns::Query& query = context.bench.scratch.response.query;
    DnsJudge::say(context, refusal, query);
    context.bench.tcp_answer = {.message = message,
                                .query = &query,
                                .refusal = &context.bench.refusal,
                                .direction = craft::Direction::onward,
                                .place = {segment.client_has, context.packet.tcp.acknowledgment}};
  }
  Judgement judgement = flows_.block(context, flow, Reason::banned, reject, segment.client_has);
  if (answers && std::holds_alternative<Reset>(judgement.act)) {
    flow.was_sent_answer = true;
    judgement.act = AnswerOverTcp{&context.bench.tcp_answer};
  }
  return judgement;
}

// In what is kept and in the segment alike. What went on already cannot be changed any more: keys
// must be in this segment, whatever stands in front of them.
std::optional<Judgement> AnswerJudge::hide_keys(const Context& context, Flow& flow,
                                                const dns::Framed& framed,
                                                Segment& segment) noexcept {
  flow::ServerStream& answers = flow.answers;
  const std::size_t at = answers.judged() + framed.consumed - framed.message.size();
  const std::size_t size = framed.message.size();
  const std::uint64_t from = answers.base() + at;
  const auto end = [&](Reason reason) {
    return flows_.block(context, flow, reason, true, segment.client_has);
  };
  const MutableBytes kept = answers.kept(flows_.pool()).subspan(at, size);
  const auto changed =
      context.can_rewrite() ? craft::hide_ech(kept, context.bench.scratch.response) : std::nullopt;
  if (!changed) return end(Reason::ech_not_hidden);
  if (!segment.holds(from + *changed, size - *changed)) return end(Reason::ech_in_parts);
  std::ranges::copy(kept.subspan(*changed),
                    segment.change(context).subspan(from + *changed - segment.offset).begin());
  return std::nullopt;
}

// Whole messages only: the next one begins where the stream does.
void AnswerJudge::forget_acknowledged(const packet::Packet& packet, Flow& flow) noexcept {
  if (!packet.tcp.ack || !flow.answers.holds_memory()) return;
  const std::size_t acknowledged = flow.answers.acknowledged(packet.tcp.acknowledgment);
  const Bytes view = flow.answers.view(flows_.pool());
  std::size_t bytes = 0;
  for (auto framed = dns::next_message(view);
       framed.complete && bytes + framed.consumed <= acknowledged;
       framed = dns::next_message(view.subspan(bytes))) {
    bytes += framed.consumed;
  }
  if (bytes == 0) return;
  flow.answers.forget(flows_.pool(), bytes);
  flows_.update_keep(flow);
}

}  // namespace sluice::engine
