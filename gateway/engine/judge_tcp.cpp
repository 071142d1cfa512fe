// The judge's TCP half: flows, streams and their two readings.

#include <algorithm>

#include "gateway/engine/judge.h"
#include "gateway/engine/judge_context.h"

namespace sluice::engine {
namespace {

bool opens_connection(const packet::Packet& packet) {
  return packet.tcp.syn && !packet.tcp.ack && !packet.tcp.rst;
}

// After a message. One that goes on with another (a piece of a head, of a body) says nothing new.
Reason finish_of(const inspect::StreamReport& report, const ReadingState& reading,
                 const inspect::FindingList& findings, bool logged) {
  using inspect::Stage;
  const Stage stage = reading.state.stage();
  if (logged) return Reason::logged;
  if (inspect::shows_name(findings)) return Reason::allowed;
  if (stage == Stage::search) return Reason::unknown_protocol;
  const bool goes_on = report.is_part || stage == Stage::http_fields;
  return goes_on && findings.size() == 0 ? reading.finish : Reason::no_name;
}

void move_behind(const inspect::StreamReport& report, std::size_t view, ReadingState& state) {
  state.seen = state.judged + report.consumed;
  state.judged = state.seen + report.skip;
  state.needed = std::max<std::uint64_t>(state.judged, report.consumed > 0 ? 0 : view) + 1;
}

bool is_refused(const Flow& flow) {
  return flow.phase == FlowPhase::blocked || flow.phase == FlowPhase::rejected;
}

}  // namespace

Judgement Judge::judge_tcp(const Context& context) noexcept {
  Flow* const flow = flows_.find(context.lookup.keyed.key, context.lookup.hash);
  if (flow == nullptr) return judge_unknown(context);
  flows_.touch(*flow, context.now);
  const Origin origin = origin_of(context, *flow);
  if (origin == Origin::nobody) return judge_nobody(context, *flow);
  // Nothing can take this back but a SYN, which may open another connection.
  if (flow->phase == FlowPhase::passed && !context.packet.tcp.syn) {
    return {.scope = Scope::flow, .reason = Reason::flow_passed};
  }
  if (is_refused(*flow)) return judge_blocked(context, *flow, origin == Origin::client);
  return origin == Origin::client ? judge_client(context, *flow) : judge_server(context, *flow);
}

// Where sides are known, the server's word counts only from the other side than the client's: a
// client may send under its server's address.
Judge::Origin Judge::origin_of(const Context& context, Flow& flow) noexcept {
  const packet::TcpHeader& tcp = context.packet.tcp;
  const bool from_client = context.lookup.keyed.source_is_low == flow.client_is_low;
  if (!flow.side || !context.side) return from_client ? Origin::client : Origin::server;
  const bool is_clients_side = *flow.side == *context.side;
  if (!from_client) return is_clients_side ? Origin::nobody : Origin::server;
  if (is_clients_side || !tcp.syn || !tcp.ack) return Origin::client;
  // A SYN-ACK from the other side than the SYN that made this flow: its sender is the server, and
  // that SYN was sent under its address.
  flow.client_is_low = !flow.client_is_low;
  flow.tcp = flow::TcpFlow::from_syn_ack(context.packet);
  restart(flow);
  return Origin::server;
}

// Nothing is learnt from it. It passes, for where a router sends packets back to the side that they
// came from, each is seen twice. Only a SYN with data is none of a server's.
Judgement Judge::judge_nobody(const Context& context, const Flow& flow) const noexcept {
  const packet::Packet& packet = context.packet;
  const bool settles = packet.payload.empty() && (packet.tcp.syn || packet.tcp.rst);
  if (is_refused(flow) && !settles) return drop_alone(Reason::flow_blocked);
  if (opens_connection(packet) && !packet.payload.empty()) return drop_alone(Reason::wrong_side);
  return allow(Reason::wrong_side);
}

Judgement Judge::judge_unknown(const Context& context) noexcept {
  const packet::Packet& packet = context.packet;
  if (opens_connection(packet)) {
    if (context.discarded_by_server()) return drop_alone(Reason::bad_checksum);
    Flow& flow = create(context, flow::TcpFlow::from_syn(packet));
    return judge_client(context, flow);
  }
  if (packet.payload.empty()) return allow(Reason::no_payload);
  // A connection older than we are. Only what may be the start of a client's stream is judged.
  findings_.clear();
  inspect::StreamState state;
  static_cast<void>(
      inspect::inspect_stream(packet.payload, context.protocol_port(), state, scratch_, findings_));
  if (state.stage() == inspect::Stage::search) return allow(Reason::midstream);
  return judge_client(context, create(context, flow::TcpFlow::midstream(packet)));
}

Judgement Judge::judge_client(const Context& context, Flow& flow) noexcept {
  if (flow.phase != FlowPhase::passed && context.discarded_by_server()) {
    return drop_alone(Reason::bad_checksum);
  }
  const flow::ClientSegment segment = flow.tcp.on_client(context.packet);
  if (segment.restarted) restart(flow);
  forget_acknowledged_answers(context.packet, flow);
  if (segment.kind == flow::ClientSegment::Kind::early) return drop_alone(Reason::syn_data);
  if (flow.phase == FlowPhase::passed) {
    return {.scope = Scope::flow, .reason = Reason::flow_passed};
  }
  switch (segment.kind) {
    case flow::ClientSegment::Kind::early:
    case flow::ClientSegment::Kind::empty:
      return allow(Reason::no_payload);
    // Passed, not dropped: the server discards the bytes, but a keep-alive or a repeat after a lost
    // acknowledgment needs its answer.
    case flow::ClientSegment::Kind::stale:
      return allow(Reason::stale);
    case flow::ClientSegment::Kind::far:
      return drop_alone(Reason::beyond_window);
    case flow::ClientSegment::Kind::data:
      break;
  }
  // Some servers read an urgent byte where it lies, others beside the stream (RFC 6093).
  const bool is_judged = flow.phase == FlowPhase::judging || segment.offset < flow.judged_end;
  if (context.packet.tcp.urg && is_judged) return drop_alone(Reason::urgent);
  return take_segment(context, flow, segment);
}

Judgement Judge::take_segment(const Context& context, Flow& flow,
                              const flow::ClientSegment& segment) noexcept {
  if (flow.phase == FlowPhase::finished) {
    if (segment.offset >= flow.judged_end) return allow(flow.finish);
    // Its memory was reclaimed: another copy of judged bytes could not be compared.
    if (!flow.stream.holds_memory()) return drop_alone(Reason::no_memory);
  }
  const std::uint64_t window_end = flow.stream.base() + flow.stream.window(pool_);
  const bool in_body = says_nothing(flow, segment);
  if (in_body && segment.offset + segment.bytes.size() > window_end) return allow(Reason::body);
  if (segment.offset >= window_end) return drop_alone(Reason::beyond_window);
  flow::ClientSegment inside = segment;
  inside.bytes = segment.bytes.first(
      std::min<std::uint64_t>(segment.bytes.size(), window_end - segment.offset));
  flow.server_has =
      flow.tcp.sequence_at(std::max(flow.stream.contiguous(), flow.tcp.acknowledged()));
  switch (store(context, flow, inside)) {
    case flow::Insert::beyond_window:
      return drop_alone(Reason::beyond_window);
    case flow::Insert::third_copy:
      ++conflicts_;
      return drop_alone(Reason::third_copy);
    case flow::Insert::no_memory:
      return context.snapshot.fallbacks.unjudged == policy::Fallback::drop
                 ? drop_alone(Reason::no_memory)
                 : pass_flow(flow, Reason::no_memory);
    case flow::Insert::conflicting:
      ++conflicts_;
      flow.phase = FlowPhase::judging;
      flow.readings[index_of(flow::Reading::last_copy)] = {};
      break;
    case flow::Insert::known:
    case flow::Insert::stored:
      break;
  }
  if (flow.phase == FlowPhase::finished) return allow(flow.finish);
  Judgement judgement = judge_stream(context, flow);
  if (in_body && judgement.reason == Reason::unfinished) judgement.reason = Reason::body;
  // A segment that reaches beyond the window passes only where its start settles what lies there.
  const std::uint64_t settled =
      flow.stream.readings_differ()
          ? 0
          : flow.stream.base() + flow.readings[index_of(flow::Reading::first_copy)].judged;
  const bool overhangs =
      inside.bytes.size() < segment.bytes.size() && settled < segment.offset + segment.bytes.size();
  return overhangs && flow.phase == FlowPhase::judging ? drop_alone(Reason::beyond_window)
                                                       : judgement;
}

flow::Insert Judge::store(const Context& context, Flow& flow,
                          const flow::ClientSegment& segment) noexcept {
  flow::Insert result = flow.stream.insert(pool_, segment.offset, segment.bytes);
  if (result == flow::Insert::no_memory && !flow.stream.holds_memory() &&
      reclaim_stream(context, flow)) {
    result = flow.stream.insert(pool_, segment.offset, segment.bytes);
  }
  if (holds_memory(flow)) flows_.keep(flow, flow::Keep::held);
  return result;
}

// Takes the memory of the flow that has been idle longest. What is judged already can do without;
// one with bytes that are not has stalled and ends as what cannot be judged.
bool Judge::reclaim_stream(const Context& context, const Flow& needy) noexcept {
  Flow* const oldest = flows_.oldest(flow::Keep::held);
  if (oldest == nullptr || oldest == &needy) return false;
  if (oldest->phase == FlowPhase::finished) oldest->stream.release(pool_);
  oldest->answers.forget(pool_, oldest->answers.judged());
  if (holds_memory(*oldest)) {
    static_cast<void>(cannot_judge(context, *oldest, Reason::no_memory));
  } else {
    flows_.keep(*oldest, flow::Keep::light);
  }
  return true;
}

bool Judge::holds_memory(const Flow& flow) noexcept {
  return flow.stream.holds_memory() || flow.answers.holds_memory();
}

void Judge::keep_by_memory(Flow& flow) noexcept {
  flows_.keep(flow, holds_memory(flow) ? flow::Keep::held : flow::Keep::light);
}

void Judge::release_memory(Flow& flow) noexcept {
  flow.stream.release(pool_);
  flow.answers.release(pool_);
}

Judgement Judge::judge_stream(const Context& context, Flow& flow) noexcept {
  ReadingState& first = flow.readings[index_of(flow::Reading::first_copy)];
  const ReadingState& last = flow.readings[index_of(flow::Reading::last_copy)];
  const std::uint64_t judged_before = first.judged;
  const Bytes view = flow.stream.view(pool_, flow::Reading::first_copy);
  if (auto blocked = judge_view(context, flow, view, first)) return *blocked;
  bool finished = first.finished;
  if (flow.stream.readings_differ()) {
    if (auto blocked = judge_mixtures(context, flow)) return *blocked;
    finished = finished && last.finished;
  }
  if (finished || first.judged > judged_before) {
    if (auto blocked = judge_nameless(context, flow)) return *blocked;
  }
  if (finished) return finish_flow(flow);
  return allow(first.judged > judged_before ? first.finish : Reason::unfinished);
}

// Reads on behind what of one reading is judged.
std::optional<Judgement> Judge::judge_view(const Context& context, Flow& flow, Bytes view,
                                           ReadingState& state) noexcept {
  while (!state.finished && view.size() >= state.needed) {
    findings_.clear();
    const auto report = inspect::inspect_stream(view.subspan(state.judged), context.protocol_port(),
                                                state.state, scratch_, findings_);
    switch (report.progress) {
      case inspect::Progress::need_more:
        state.needed = std::max<std::uint64_t>(state.judged + report.needed, view.size() + 1);
        return std::nullopt;
      case inspect::Progress::unreadable:
        context.sink.on_parse_error(report.error);
        if (enforce_ && context.snapshot.fallbacks.unjudged == policy::Fallback::drop) {
          return block_flow(flow, drop_alone(Reason::unreadable));
        }
        if (state.state.stage() == inspect::Stage::dns) expect_answers(context, flow);
        state.finish = Reason::unreadable;
        state.finished = report.consumed == 0;
        if (!state.finished) move_behind(report, view.size(), state);
        break;
      case inspect::Progress::unrecognised:
        state.finish = Reason::unknown_protocol;
        state.finished = true;
        break;
      case inspect::Progress::message:
      case inspect::Progress::finished: {
        if (report.protocol == inspect::Protocol::tls) {
          const Verdicts by_form = judge_encrypted_dns(context, inspect::Protocol::tls);
          if (by_form.block) return block_flow(flow, *by_form.block);
        }
        const Verdicts verdicts = judge_findings(context);
        if (verdicts.block) return block_flow(flow, *verdicts.block);
        if (state.state.stage() == inspect::Stage::dns) expect_answers(context, flow);
        state.finish = finish_of(report, state, findings_, verdicts.logged);
        if (findings_.size() > 0) note_names(context, flow, state);
        state.finished = report.progress == inspect::Progress::finished;
        move_behind(report, view.size(), state);
        break;
      }
    }
    // What was looked at to tell that nothing follows counts as judged, too.
    if (state.finished) state.judged = state.seen = view.size();
  }
  return std::nullopt;
}

Judgement Judge::finish_flow(Flow& flow) noexcept {
  const auto& first = flow.readings[index_of(flow::Reading::first_copy)];
  const auto& last = flow.readings[index_of(flow::Reading::last_copy)];
  flow.finish = first.finish;
  const std::uint64_t judged =
      flow.stream.readings_differ() ? std::max(first.judged, last.judged) : first.judged;
  flow.judged_end = flow.stream.base() + judged;
  flow.phase = FlowPhase::finished;
  // Until the server has acknowledged the judged bytes, a copy that differs may still take their
  // place.
  if (flow.tcp.acknowledged() >= flow.judged_end) return pass_flow(flow, flow.finish);
  return allow(flow.finish);
}

Judgement Judge::judge_server(const Context& context, Flow& flow) noexcept {
  const flow::ServerEvent event = flow.tcp.on_server(context.packet);
  if (event.restarted) restart(flow);
  flow.answers.note(context.packet);
  if (flow.phase == FlowPhase::passed) {
    return {.scope = Scope::flow, .reason = Reason::flow_passed};
  }
  if (event.acknowledged_more) {
    learn_from_flow(context, flow);
    const std::uint64_t acknowledged = flow.tcp.acknowledged();
    if (flow.phase == FlowPhase::finished) {
      if (acknowledged >= flow.judged_end) return pass_flow(flow, flow.finish);
    } else {
      forget_acknowledged(flow);
      if (acknowledged > flow.stream.contiguous()) {
        return cannot_judge(context, flow, Reason::unjudged_acknowledged);
      }
    }
  }
  if (ends_search(context, flow)) return pass_flow(flow, Reason::unknown_protocol);
  if (flow.answers.is_read() && !context.packet.payload.empty()) {
    return judge_answers(context, flow);
  }
  return allow(context.packet.payload.empty() ? Reason::no_payload : Reason::server_data);
}

Judgement Judge::judge_blocked(const Context& context, Flow& flow, bool from_client) noexcept {
  const packet::TcpHeader& tcp = context.packet.tcp;
  const bool bare = context.packet.payload.empty();
  // Neither carries a client's bytes, and both let the ends settle: a reset closes what is left of
  // the connection; a SYN may open a new one, which counts once the server answers it.
  if (bare && (tcp.syn || tcp.rst)) {
    const bool restarted = from_client ? flow.tcp.on_client(context.packet).restarted
                                       : flow.tcp.on_server(context.packet).restarted;
    if (restarted) restart(flow);
    return allow(Reason::no_payload);
  }
  Judgement again{
      .action = policy::Action::drop, .scope = Scope::flow, .reason = Reason::flow_blocked};
  if (flow.phase == FlowPhase::rejected && from_client && !bare) {
    again.action = policy::Action::reject;  // the first reset may have been lost
    again.may_reset = flow.tcp.handshake_seen();
  }
  return again;
}

Judgement Judge::pass_flow(Flow& flow, Reason reason) noexcept {
  release_memory(flow);
  flow.phase = FlowPhase::passed;
  flows_.keep(flow, flow::Keep::light);
  return {.scope = Scope::flow, .reason = reason};
}

Judgement Judge::block_flow(Flow& flow, const Judgement& why) noexcept {
  release_memory(flow);
  flow.phase = why.action == policy::Action::reject ? FlowPhase::rejected : FlowPhase::blocked;
  flows_.keep(flow, flow::Keep::pinned);
  Judgement refused = why;
  refused.scope = Scope::flow;
  refused.may_reset = flow.tcp.handshake_seen();
  refused.reset_destination = refused.may_reset;
  refused.destination_expects = flow.server_has;
  return refused;
}

Judgement Judge::cannot_judge(const Context& context, Flow& flow, Reason reason) noexcept {
  if (enforce_ && context.snapshot.fallbacks.unjudged == policy::Fallback::drop) {
    return block_flow(flow, drop_alone(reason));
  }
  return pass_flow(flow, reason);
}

Flow& Judge::create(const Context& context, const flow::TcpFlow& tcp) noexcept {
  const flow::KeyedPacket& keyed = context.lookup.keyed;
  Flow& flow = flows_.insert(keyed.key, context.now, [this](Flow& removed, flow::Removal removal) {
    on_removed(removed, removal);
  });
  flow.tcp = tcp;
  flow.client_is_low = keyed.source_is_low;
  flow.side = context.side;
  ++created_;
  return flow;
}

void Judge::restart(Flow& flow) noexcept {
  flow.stream.reset(pool_);
  flow.answers.release(pool_);
  flow.readings[0] = flow.readings[1] = {};
  flow.shown = ShownNames::none;
  flow.base_state = {};
  flow.server_bytes = 0;
  flow.judged_end = 0;
  flow.phase = FlowPhase::judging;
  flow.finish = Reason::allowed;
  flows_.keep(flow, flow::Keep::light);
}

}  // namespace sluice::engine
