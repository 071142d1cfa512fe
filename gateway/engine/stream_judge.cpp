#include "gateway/engine/stream_judge.h"

#include <algorithm>
#include <utility>

#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/work_budget.h"

namespace sluice::engine {
namespace {

using inspect::Stage;

bool shows_no_name(Reason finish) {
  return finish == Reason::no_name || finish == Reason::unknown_protocol ||
         finish == Reason::unreadable;
}

bool is_behind_hello(const inspect::StreamState& state) {
  const auto* const search = std::get_if<inspect::InSearch>(&state.at);
  return search != nullptr && search->behind_hello;
}

bool is_hello(const inspect::StreamReport& report) {
  return report.protocol == inspect::Protocol::tls && !report.is_part;
}

// What judging a message cost. `last_host`: the one that the packet showed before; those of HTTP/2
// lie in scratch memory and are not compared.
void spend(const inspect::StreamReport& report, Stage stage, const inspect::FindingList& findings,
           std::string_view& last_host, WorkBudget& budget) {
  if (report.protocol == inspect::Protocol::dns) {
    return budget.spend_dns(report.consumed, findings.size());
  }
  budget.spend(report.consumed);
  for (const inspect::Finding& finding : findings) {
    budget.spend_host(stage != Stage::http2 && finding.raw == last_host);
    last_host = finding.raw;
  }
}

// After a message. One that goes on with another (a piece of a head, of a body) says nothing new.
Reason finish_of(const inspect::StreamReport& report, const Progress& progress,
                 const inspect::FindingList& findings, bool logged) {
  const Stage stage = progress.state.stage();
  if (logged) return Reason::logged;
  if (inspect::shows_name(findings)) return Reason::allowed;
  if (stage == Stage::search && !is_hello(report)) {
    return is_behind_hello(progress.state) ? progress.finish : Reason::unknown_protocol;
  }
  const bool goes_on = report.is_part || stage == Stage::http_fields;
  return goes_on && findings.size() == 0 ? progress.finish : Reason::no_name;
}

// What names nothing and is short (the header of a frame) goes to the log, so that what follows
// waits for no acknowledgment.
void move_behind(const inspect::StreamReport& report, Bytes looked_at, bool names_nothing,
                 flow::StreamPool& pool, Flow& flow) {
  Progress& progress = flow.progress;
  const std::uint64_t reach = progress.judged + looked_at.size();
  const std::uint64_t end = progress.judged + report.consumed;
  const bool is_framing =
      report.progress == inspect::Progress::message && report.is_part && names_nothing;
  if (is_framing && flow.tcp.is_asymmetric() && flow.framing.is_full(pool)) {
    flow.tcp.give_up(flow.framing.forget_oldest(pool));
  }
  if (!is_framing || !flow.framing.add(pool, flow.stream.base() + progress.judged,
                                       looked_at.first(report.consumed))) {
    progress.seen = end;
  }
  progress.judged = end + report.skip;
  progress.needed = std::max<std::uint64_t>(progress.judged, report.consumed > 0 ? 0 : reach) + 1;
}

}  // namespace

Judgement StreamJudge::judge(const Context& context, Flow& flow) noexcept {
  const Progress& progress = flow.progress;
  const std::uint64_t judged_before = progress.judged;
  if (auto judgement = read_on(context, flow)) return *judgement;
  if (progress.finished || progress.judged > judged_before) {
    if (auto refused = judge_nameless(context, flow)) return *refused;
  }
  if (progress.finished) return finish(flow);
  const bool any = progress.judged > judged_before;
  const auto* const search = std::get_if<inspect::InSearch>(&progress.state.at);
  // A hello is kept until its server answers it: a later copy of one of its segments may differ.
  if (flow.tcp.is_midstream() && search != nullptr && !search->is_under_way() &&
      !search->behind_hello) {
    return flows_.pass(flow, Reason::midstream);
  }
  forget_judged(flow);
  return pass(any ? progress.finish : Reason::unfinished);
}

// Reads on behind what is judged. A value: the packet does not pass.
std::optional<Judgement> StreamJudge::read_on(const Context& context, Flow& flow) noexcept {
  Progress& progress = flow.progress;
  Workbench& bench = context.bench;
  WorkBudget budget(context.packet.payload.size());
  std::string_view last_host;
  while (!progress.finished) {
    // A body in front of it need not have been kept.
    const Bytes rest = flow.stream.view_from(flows_.pool(), flow.stream.base() + progress.judged);
    const std::uint64_t reach = progress.judged + rest.size();
    if (rest.empty() || reach < progress.needed) return std::nullopt;
    if (context.mode.enforce && budget.is_spent()) {
      return drop_packet(context, Reason::over_budget);
    }
    bench.findings.clear();
    const auto report = inspect::inspect_stream(rest, context.protocol_port(), progress.state,
                                                bench.scratch, bench.findings);
    examined_ += report.examined;
    switch (report.progress) {
      case inspect::Progress::need_more:
        progress.needed = std::max(progress.judged + report.needed, reach + 1);
        return std::nullopt;
      case inspect::Progress::unreadable:
        context.sink.on_parse_error(report.error);
        if (!cannot_judge(context, Reason::unreadable).passes()) {
          return flows_.cannot_judge(context, flow, Reason::unreadable);
        }
        if (progress.state.stage() == Stage::dns) answers_.expect(context, flow);
        progress.finish = Reason::unreadable;
        progress.finished = report.consumed == 0;
        break;
      case inspect::Progress::unrecognised:
        // The server asked for another hello, and what came is none that we can read.
        if (flow.server_hello.expects_hello()) {
          return flows_.cannot_judge(context, flow, Reason::unreadable);
        }
        if (!is_behind_hello(progress.state)) progress.finish = Reason::unknown_protocol;
        progress.finished = true;
        break;
      case inspect::Progress::message:
      case inspect::Progress::finished:
        if (auto refused = judge_message(context, flow, report)) return refused;
        progress.finished = report.progress == inspect::Progress::finished;
        break;
    }
    spend(report, progress.state.stage(), bench.findings, last_host, budget);
    move_behind(report, rest, bench.findings.size() == 0, flows_.pool(), flow);
    // What was looked at to tell that nothing follows counts as judged, too.
    if (progress.finished) progress.judged = progress.seen = reach;
  }
  return std::nullopt;
}

std::optional<Judgement> StreamJudge::judge_message(const Context& context, Flow& flow,
                                                    const inspect::StreamReport& report) noexcept {
  if (report.protocol == inspect::Protocol::tls) {
    const Ruling by_port = rule_on_encrypted_dns(context, inspect::Protocol::tls);
    if (by_port.refusal) return refuse(context, flow, *by_port.refusal);
  }
  const Ruling ruling = rule_on_findings(context);
  const bool is_dns = flow.progress.state.stage() == Stage::dns;
  if (ruling.refusal) {
    return is_dns ? refuse_question(context, flow, *ruling.refusal)
                  : refuse(context, flow, *ruling.refusal);
  }
  if (is_dns) answers_.expect(context, flow);
  if (is_hello(report)) {
    flow.server_hello.on_client_hello(flow.tcp.server_next());
    flow.server_bytes = 0;
  }
  flow.progress.finish = finish_of(report, flow.progress, context.bench.findings, ruling.logged);
  if (context.bench.findings.size() > 0) note_names(context, flow);
  return std::nullopt;
}

Judgement StreamJudge::refuse(const Context& context, Flow& flow, const Refusal& refusal) noexcept {
  const bool reject = refusal.action == policy::Action::reject;
  return flows_.block(context, flow, Reason::banned, reject, flow.tcp.sequence_at(flow.sent));
}

// A DNS message at hand.
Judgement StreamJudge::refuse_question(const Context& context, Flow& flow,
                                       const Refusal& ruled) noexcept {
  const Refusal refusal = DnsJudge::of_dns(context, ruled, context.bench.scratch.query);
  lay_out_answer(context, flow, refusal);
  Judgement judgement = refuse(context, flow, refusal);
  if (std::holds_alternative<Reset>(judgement.act) && context.packet.tcp.ack) {
    flow.was_sent_answer = true;
    judgement.act = AnswerOverTcp{&context.bench.tcp_answer};
  }
  return judgement;
}

// In place of the server, which sees nothing of the question. The message lies in memory that the
// flow gives back: it is good until the next packet.
void StreamJudge::lay_out_answer(const Context& context, const Flow& flow,
                                 const Refusal& refusal) noexcept {
  const std::uint64_t judged = flow.stream.base() + flow.progress.judged;
  const Bytes rest = flow.stream.view_from(flows_.pool(), judged);
  const dns::Query& query = context.bench.scratch.query;
  DnsJudge::say(context, refusal, query);
  context.bench.tcp_answer = {
      .message = dns::next_message(rest).message,
      .query = &query,
      .refusal = &context.bench.refusal,
      .direction = craft::Direction::back,
      .place = {context.packet.tcp.acknowledgment, flow.tcp.sequence_at(judged + rest.size())},
      .server_expects = flow.tcp.sequence_at(flow.sent)};
}

// Once all that the stream may reveal is judged, or its first bytes are of no protocol that we
// read. Where the server speaks first its words pass: they wait for the client's.
std::optional<Judgement> StreamJudge::judge_nameless(const Context& context, Flow& flow) noexcept {
  Progress& progress = flow.progress;
  if (!shows_no_name(progress.finish) || flow.tcp.is_midstream()) return std::nullopt;
  // What follows an Upgrade belongs to the name that the request showed.
  if (progress.finish == Reason::unknown_protocol && flow.shown != ShownNames::none) {
    return std::nullopt;
  }
  const Ruling ruling = evidence_.rule_on_address(context);
  if (ruling.refusal) return refuse(context, flow, *ruling.refusal);
  if (ruling.logged) progress.finish = Reason::logged;
  return std::nullopt;
}

// Of a message with findings. Names that DNS asks for say nothing of the server.
void StreamJudge::note_names(const Context& context, Flow& flow) noexcept {
  const inspect::FindingList& findings = context.bench.findings;
  flow.shown = ShownNames::none;
  if (flow.progress.state.stage() == Stage::dns || !inspect::shows_name(findings)) return;
  const Ban ban = ban_of(context.snapshot);
  const auto banned = static_cast<std::size_t>(std::ranges::count_if(
      findings, [&](const auto& finding) { return is_banned(ban, finding.name); }));
  if (banned == 0) flow.shown = ShownNames::innocent;
  if (banned == findings.size()) flow.shown = ShownNames::banned;
  const auto* const named = std::ranges::find_if(
      findings, [](const auto& finding) { return finding.source != inspect::Source::signature; });
  if (named != findings.end()) flows_.name_of(flow).set(named->name, named->protocol);
}

std::optional<Judgement> StreamJudge::on_server_hello(const Context& context, Flow& flow) noexcept {
  if (flow.phase != FlowPhase::judging || !is_behind_hello(flow.progress.state)) {
    return std::nullopt;
  }
  if (context.has_bad_checksum() || !flow.server_hello.read(context.packet)) return std::nullopt;
  // It took a hello that we cannot read.
  if (flow.server_hello.expects_hello()) {
    return flows_.cannot_judge(context, flow, Reason::unreadable);
  }
  flow.progress.finished = true;
  return finish(flow);
}

Judgement StreamJudge::finish(Flow& flow) noexcept {
  flow.finish = flow.progress.finish;
  flow.judged_end = flow.stream.base() + flow.progress.judged;
  flow.phase = FlowPhase::finished;
  if (flow.tcp.acknowledged() >= flow.judged_end) return flows_.pass(flow, flow.finish);
  return pass(flow.finish);
}

std::optional<Judgement> StreamJudge::on_acknowledged(const Context& context, Flow& flow) noexcept {
  learn(context, flow);
  const std::uint64_t acknowledged = flow.tcp.acknowledged();
  if (flow.phase == FlowPhase::finished) {
    if (acknowledged >= flow.judged_end) return flows_.pass(flow, flow.finish);
    return std::nullopt;
  }
  forget_judged(flow);
  if (acknowledged <= reached(flow)) return std::nullopt;
  if (!may_miss_bytes(context)) {
    return flows_.cannot_judge(context, flow, Reason::unjudged_acknowledged);
  }
  skip_to(flow, acknowledged);
  return std::nullopt;
}

bool StreamJudge::may_miss_bytes(const Context& context) const noexcept {
  const packet::Packet& packet = context.packet;
  return !context.mode.enforce || unread_.has(packet.frame, packet.link, context.now);
}

std::uint64_t StreamJudge::reached(const Flow& flow) const noexcept {
  const std::uint64_t judged = flow.stream.base() + flow.progress.judged;
  return std::max(judged + flow.stream.view_from(flows_.pool(), judged).size(),
                  flow.stream.contiguous());
}

// What came by unread, or is missing in a capture, is not judged; any message may begin behind it.
void StreamJudge::skip_to(Flow& flow, std::uint64_t acknowledged) noexcept {
  flow.stream.consume(flows_.pool(), acknowledged - flow.stream.base());
  flow.progress = {};
  flows_.update_keep(flow);
}

// The server has acknowledged a message with names, in a connection whose handshake was seen: it is
// at its address, and took the names. That a banned one was among them teaches nothing: any server
// acknowledges what a client says.
void StreamJudge::learn(const Context& context, Flow& flow) noexcept {
  if (flow.shown == ShownNames::none || flow.tcp.is_midstream() || !flow.tcp.handshake_seen() ||
      flow.tcp.acknowledged() < flow.stream.base() + flow.progress.seen) {
    return;
  }
  if (std::exchange(flow.shown, ShownNames::none) != ShownNames::innocent) return;
  evidence_.learn_from_connection(context, context.packet.destination, context.packet.source,
                                  flows_.name_of(flow));
}

// Makes room for later messages: what is judged and acknowledged can no longer change, and what is
// in the log need not be in the stream.
void StreamJudge::forget_judged(Flow& flow) noexcept {
  Progress& progress = flow.progress;
  const std::uint64_t settled = flow.tcp.settled();
  flow.framing.forget(flows_.pool(), settled);
  const bool is_free = progress.seen == 0 || settled >= flow.stream.base() + progress.seen;
  if (progress.judged > 0 && is_free) {
    flow.stream.consume(flows_.pool(), progress.judged);
    progress.needed -= std::min(progress.needed, progress.judged);
    progress.seen = progress.judged = 0;
  }
  flows_.update_keep(flow);
}

std::optional<Reason> StreamJudge::ends_search(const Context& context, Flow& flow) const noexcept {
  if (flow.phase != FlowPhase::judging || flow.progress.state.stage() != Stage::search) {
    return std::nullopt;
  }
  flow.server_bytes += static_cast<std::uint32_t>(context.packet.payload.size());
  const bool ends =
      flow.server_bytes > inspect::kMaxServerBytesInSearch && !flow.stream.holds_memory();
  if (!ends || flow.server_hello.expects_hello()) return std::nullopt;
  return is_behind_hello(flow.progress.state) ? flow.progress.finish : Reason::unknown_protocol;
}

}  // namespace sluice::engine
