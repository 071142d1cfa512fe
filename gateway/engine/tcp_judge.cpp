#include "gateway/engine/tcp_judge.h"

#include <algorithm>

#include "filters/flow/sequence.h"
#include "gateway/engine/list_update.h"
#include "gateway/engine/ruling.h"

namespace sluice::engine {
namespace {

// How often each end of a rejected flow is told, as it goes on sending: a reset may be lost, or
// carry another number than its receiver expects.
constexpr std::uint8_t kMostResets = 8;

bool opens_connection(const packet::Packet& packet) {
  return packet.tcp.syn && !packet.tcp.ack && !packet.tcp.rst;
}

// Where routes are asymmetric, a client that acknowledges may have been answered out of sight.
bool is_answered_by(const packet::Packet& packet, const flow::TcpFlow& tcp) {
  return tcp.handshake_seen() || (tcp.is_asymmetric() && packet.tcp.ack && !packet.tcp.syn);
}

// A bare SYN or RST carries no bytes of a client, and both let the ends settle: a reset closes what
// is left of the connection; a SYN may open another one, which counts once the server answers it.
bool is_bare_syn_or_rst(const packet::Packet& packet) {
  return packet.payload.empty() && (packet.tcp.syn || packet.tcp.rst);
}

// Text that is one long word, as downloads have it: no request, whose method is short, nor a start
// of any other protocol. It must not be held up as a request that never ends.
bool is_long_word(Bytes payload) noexcept {
  constexpr std::size_t kMostMethod = 128;
  return payload.size() > kMostMethod &&
         std::ranges::all_of(payload.first(kMostMethod), [](std::byte byte) {
           return byte > std::byte{' '} && byte <= std::byte{'~'};
         });
}

// Of one packet alone: a hello, question or request begins in it, or a whole one lies in it, which
// context.bench then shows.
bool may_begin(const Context& context) {
  Workbench& bench = context.bench;
  bench.findings.clear();
  if (is_long_word(context.packet.payload)) return false;
  inspect::StreamState state;
  const auto report = inspect::inspect_stream(context.packet.payload, context.protocol_port(),
                                              state, bench.scratch, bench.findings);
  if (bench.findings.size() > 0) return true;
  if (report.progress == inspect::Progress::unreadable) return false;
  const auto* const search = std::get_if<inspect::InSearch>(&state.at);
  return search == nullptr || search->is_under_way() || search->behind_hello;
}

}  // namespace

Judgement TcpJudge::judge(const Context& context) noexcept {
  const std::uint64_t connections = flows_.connections();
  Flow* const flow = flows_.find(context.lookup, context.now);
  Judgement judgement =
      flow == nullptr ? judge_unknown_flow(context) : judge_known_flow(context, *flow);
  if (context.packet.tcp.syn) judgement.is_new_connection = flows_.connections() != connections;
  return judgement;
}

Judgement TcpJudge::judge_known_flow(const Context& context, Flow& flow) noexcept {
  const Sender sender = sender_of(context, flow);
  if (sender == Sender::wrong_side) return judge_wrong_side(context, flow);
  if (flow.generation != context.snapshot.generation) {
    if (auto ended = judge_after_update(context, flow, sender)) return *ended;
  }
  // Nothing can take this back but a SYN, which may open another connection.
  if (flow.phase == FlowPhase::passed && !context.packet.tcp.syn) {
    return pass_flow(Reason::flow_passed);
  }
  if (flow.is_refused()) return judge_refused(context, flow, sender);
  if (flow.phase == FlowPhase::midstream && !context.packet.tcp.syn) {
    if (flow.client_elsewhere && sender == Sender::server) return pass(Reason::server_data);
    return judge_midstream(context, &flow);
  }
  if (flow.tcp.is_midstream() && sender == Sender::client && !context.packet.tcp.syn &&
      !context.packet.payload.empty()) {
    if (auto refused = judge_apart(context, flow)) return *refused;
  }
  return sender == Sender::client ? judge_client(context, flow) : judge_server(context, flow);
}

// Where sides are known, the server's word counts only from the other side than the client's: a
// client may send under its server's address.
TcpJudge::Sender TcpJudge::sender_of(const Context& context, Flow& flow) noexcept {
  const packet::TcpHeader& tcp = context.packet.tcp;
  const bool from_client = context.lookup.keyed.source_is_low == flow.client_is_low;
  if (!flow.side || !context.side) return from_client ? Sender::client : Sender::server;
  const bool is_clients_side = *flow.side == *context.side;
  if (!from_client) return is_clients_side ? Sender::wrong_side : Sender::server;
  if (is_clients_side || !tcp.syn || !tcp.ack) return Sender::client;
  // A SYN-ACK from the other side than the SYN that made this flow: its sender is the server, and
  // that SYN was sent under its address.
  flow.client_is_low = !flow.client_is_low;
  flow.tcp = flow::TcpFlow::from_syn_ack(context.packet, context.mode.routes);
  flows_.restart(flow);
  return Sender::server;
}

// Nothing is learnt from it. It passes, for where a router sends packets back to the side that they
// came from, each is seen twice. Only a SYN with data can be no server's. Where no server is heard,
// either end may be the client, and only the first one is judged.
Judgement TcpJudge::judge_wrong_side(const Context& context, const Flow& flow) const noexcept {
  const packet::Packet& packet = context.packet;
  if (flow.tcp.is_server_unheard() && (opens_connection(packet) || !packet.payload.empty())) {
    return drop_packet(context, Reason::wrong_side);
  }
  if (flow.is_refused() && !is_bare_syn_or_rst(packet))
    return drop_packet(context, Reason::flow_blocked);
  if (opens_connection(packet) && !packet.payload.empty()) {
    return drop_packet(context, Reason::wrong_side);
  }
  return pass(Reason::wrong_side);
}

Judgement TcpJudge::judge_unknown_flow(const Context& context) noexcept {
  const packet::Packet& packet = context.packet;
  if (opens_connection(packet)) {
    if (context.has_bad_checksum()) return drop_packet(context, Reason::bad_checksum);
    Flow& flow = flows_.create(context, flow::TcpFlow::from_syn(packet, context.mode.routes));
    return judge_client(context, flow);
  }
  const bool answers_syn = packet.tcp.syn && packet.tcp.ack && !packet.tcp.rst;
  if (packet.payload.empty() && !answers_syn) return pass(Reason::no_payload);
  if (context.mode.enforce && flows_.is_forgotten(context.lookup)) {
    return drop_packet(context, Reason::forgotten);
  }
  return answers_syn ? judge_unknown_answer(context) : judge_midstream(context, nullptr);
}

// A connection whose start was not seen. Only what may be the start of a client's stream is judged,
// from either end: who is the client, its hello or request tells. `flow`: what is known of it.
Judgement TcpJudge::judge_midstream(const Context& context, Flow* flow) noexcept {
  if (context.packet.payload.empty()) return pass(Reason::no_payload);
  if (!may_begin(context)) return pass(Reason::midstream);
  const auto tcp = flow::TcpFlow::midstream(context.packet, context.mode.routes);
  if (flow == nullptr) return judge_client(context, flows_.create(context, tcp));
  flow->client_is_low = context.lookup.keyed.source_is_low;
  flow->side = context.side;
  flow->tcp = tcp;
  flows_.restart(*flow);
  return judge_client(context, *flow);
}

// A client's stream so long that a server which acknowledged none of it may stand anywhere.
Judgement TcpJudge::judge_endless(const Context& context, Flow& flow) noexcept {
  flow.tcp = flow::TcpFlow::midstream(context.packet, context.mode.routes);
  static_cast<void>(flows_.pass(flow, Reason::midstream));
  return judge_midstream(context, &flow);
}

// What is a start by itself, sent behind a whole hello or a part of one. If the bytes before it
// were stale, the server reads it as the start.
std::optional<Judgement> TcpJudge::judge_apart(const Context& context, Flow& flow) noexcept {
  if (flow.phase == FlowPhase::finished) {
    const std::uint32_t behind =
        context.packet.tcp.sequence - flow.tcp.sequence_at(flow.judged_end);
    if (behind >= flow::kBackwards || !may_begin(context)) return std::nullopt;
    return judge_midstream(context, &flow);
  }
  const bool waits = flow.stream.contiguous() > flow.stream.base() + flow.progress.judged;
  if (!waits || !may_begin(context)) return std::nullopt;
  const Ruling ruling = rule_on_findings(context);
  if (!ruling.refusal) return std::nullopt;
  return flows_.block(context, flow, Reason::banned,
                      ruling.refusal->action == policy::Action::reject, std::nullopt);
}

// Its SYN is forgotten, or went another way. The answer says where the client's stream begins.
Judgement TcpJudge::judge_unknown_answer(const Context& context) noexcept {
  Context from_server = context;
  from_server.from_server = true;
  if (context.side == io::Side::inside) return pass(Reason::no_payload);
  flows_.create(from_server, flow::TcpFlow::from_syn_ack(context.packet, context.mode.routes));
  return pass(context.packet.payload.empty() ? Reason::no_payload : Reason::server_data);
}

std::optional<Judgement> TcpJudge::judge_after_update(const Context& context, Flow& flow,
                                                      Sender sender) noexcept {
  flow.generation = context.snapshot.generation;
  if (flow.is_refused()) return std::nullopt;
  Context from = context;
  from.from_server = sender == Sender::server;
  const auto refusal = refused_by_update(from, flows_.name_of(flow));
  if (!refusal) return std::nullopt;
  return flows_.block(context, flow, Reason::list_update, refusal->action == policy::Action::reject,
                      context.packet.tcp.sequence);
}

Judgement TcpJudge::judge_refused(const Context& context, Flow& flow, Sender sender) noexcept {
  const bool from_client = sender == Sender::client;
  if (is_bare_syn_or_rst(context.packet)) {
    if (!from_client) {
      if (flow.tcp.on_server(context.packet).restarted) flows_.restart(flow);
      return pass(Reason::no_payload);
    }
    const flow::ClientSegment segment = flow.tcp.on_client(context.packet);
    if (segment.restarted) flows_.restart(flow);
    return segment.kind == flow::ClientSegment::Kind::other_start
               ? drop_packet(context, Reason::other_start)
               : pass(Reason::no_payload);
  }
  Judgement again{.act = Drop{}, .reason = Reason::flow_blocked};
  std::uint8_t& told = from_client ? flow.client_told : flow.server_told;
  const bool tells = flow.phase == FlowPhase::rejected && flow.tcp.handshake_seen() &&
                     flow.client_told < kMostResets;
  if (!tells) again.scope = Scope::flow;
  if (!tells || told == kMostResets || context.packet.tcp.rst) return again;
  // A client that was answered reads the answer first, and then ends.
  const bool goes_on = from_client && !context.packet.payload.empty();
  if (from_client && flow.was_sent_answer && !goes_on && !context.packet.tcp.fin) return again;
  ++told;
  Reset reset;
  // The packet's acknowledgment is the number that its sender expects. A client that goes on may
  // show that its server was never told; what that expects, we can only guess.
  if (goes_on) reset.destination_expects = flow.tcp.sequence_at(flow.sent);
  again.act = reset;
  return again;
}

Judgement TcpJudge::judge_client(const Context& context, Flow& flow) noexcept {
  if (flow.phase != FlowPhase::passed && context.has_bad_checksum()) {
    return drop_packet(context, Reason::bad_checksum);
  }
  // Until a server has answered its SYN, it may be what was forgotten.
  if (flow.was_forgotten && !flow.tcp.handshake_seen() && !context.packet.payload.empty()) {
    return drop_packet(context, Reason::forgotten);
  }
  const flow::ClientSegment segment = flow.tcp.on_client(context.packet);
  if (segment.restarted) flows_.restart(flow);
  if (!flow.is_answered && is_answered_by(context.packet, flow.tcp)) flows_.note_answer(flow);
  answers_.forget_acknowledged(context.packet, flow);
  if (segment.kind == flow::ClientSegment::Kind::early) {
    return drop_packet(context, Reason::syn_data);
  }
  if (segment.kind == flow::ClientSegment::Kind::other_start) {
    return drop_packet(context, Reason::other_start);
  }
  if (flow.phase == FlowPhase::passed) return pass_flow(Reason::flow_passed);
  if (segment.kind == flow::ClientSegment::Kind::endless) return judge_endless(context, flow);
  return context.packet.tcp.urg ? judge_urgent(context, flow, segment)
                                : judge_segment(context, flow, segment);
}

Judgement TcpJudge::judge_segment(const Context& context, Flow& flow,
                                  const flow::ClientSegment& segment) noexcept {
  switch (segment.kind) {
    case flow::ClientSegment::Kind::early:
    case flow::ClientSegment::Kind::other_start:
    case flow::ClientSegment::Kind::endless:
    case flow::ClientSegment::Kind::empty:
      return pass(Reason::no_payload);
    // Passed, not dropped: the server discards the bytes, but a keep-alive or a repeat after a lost
    // acknowledgment needs its answer.
    case flow::ClientSegment::Kind::stale:
      return pass(Reason::stale);
    case flow::ClientSegment::Kind::far:
      // Behind what we took for the start of the stream came what was lost before.
      if (flow.tcp.is_midstream() && !may_begin(context)) return pass(Reason::midstream);
      return drop_packet(context, Reason::beyond_window);
    case flow::ClientSegment::Kind::discarded:
      return drop_packet(context, Reason::discarded);
    case flow::ClientSegment::Kind::given_up:
      return drop_packet(context, Reason::given_up);
    case flow::ClientSegment::Kind::data:
      break;
  }
  return segments_.take(context, flow, segment);
}

// Some servers read an urgent byte where it lies, others beside the stream (RFC 6093), and the
// pointer may lead to a byte of a later segment. Without the pointer all read the same. It stays
// where neither reading can be of interest: FTP, telnet and databases need it.
Judgement TcpJudge::judge_urgent(const Context& context, Flow& flow,
                                 const flow::ClientSegment& segment) noexcept {
  const bool is_settled = segments_.is_beside_hellos(flow, segment);
  Judgement judgement = judge_segment(context, flow, segment);
  if (!judgement.passes() || flow.phase == FlowPhase::passed) return judgement;
  const packet::Packet& packet = context.packet;
  const bool lies_inside = packet.tcp.urgent >= 1 && packet.tcp.urgent <= packet.payload.size();
  const bool is_stale = segment.kind == flow::ClientSegment::Kind::stale;
  if (lies_inside && (is_stale || is_settled)) return judgement;
  if (!context.can_rewrite()) return drop_packet(context, Reason::urgent);
  auto* const rewrite = std::get_if<Rewrite>(&judgement.act);
  const Bytes payload = rewrite != nullptr ? rewrite->payload : Bytes(context.copy_payload());
  judgement.act = Rewrite{payload, craft::Urgent::cleared};
  judgement.scope = Scope::packet;
  return judgement;
}

Judgement TcpJudge::judge_server(const Context& context, Flow& flow) noexcept {
  // A capture may have an acknowledgment in front of what it acknowledges.
  const std::uint64_t come =
      context.mode.enforce ? flow::TcpFlow::kEverything : streams_.reached(flow);
  flow::ServerEvent event = flow.tcp.on_server(context.packet, come);
  // What it acknowledges took another way, and so may the rest. If the client is heard after all,
  // it is judged as in the middle of a connection.
  if (event.acknowledges_unseen && flow.tcp.is_client_unheard()) {
    flow.tcp = flow::TcpFlow::midstream(context.packet, context.mode.routes);
    flow.client_elsewhere = true;
    return flows_.pass(flow, Reason::server_data);
  }
  if (event.acknowledges_unseen && streams_.may_miss_bytes(context)) {
    flow.tcp.take_as_sent(context.packet);
    event = flow.tcp.on_server(context.packet, come);
  }
  // What passed may not be what is open now.
  const bool is_void = event.reopened && flow.phase == FlowPhase::passed;
  if (event.restarted || is_void) flows_.restart(flow);
  if (!flow.is_answered && (flow.tcp.handshake_seen() || event.acknowledged_more)) {
    flows_.note_answer(flow);
  }
  if (flow.phase == FlowPhase::passed) return pass_flow(Reason::flow_passed);
  if (event.acknowledges_unseen) return cannot_judge(context, Reason::unjudged_acknowledged);
  if (event.acknowledged_more) {
    if (auto settled = streams_.on_acknowledged(context, flow)) return *settled;
  }
  if (auto settled = streams_.on_server_hello(context, flow)) return *settled;
  if (const auto reason = streams_.ends_search(context, flow)) return flows_.pass(flow, *reason);
  if (context.packet.payload.empty()) return pass(Reason::no_payload);
  return flow.answers.is_read() ? answers_.judge(context, flow) : pass(Reason::server_data);
}

}  // namespace sluice::engine
