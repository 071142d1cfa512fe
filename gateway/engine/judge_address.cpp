// The judge's last resort: where traffic shows no name, the address of the server; and what traffic
// that shows names teaches of addresses.
//
// Guard: an address at which a name that is not banned was seen of late is shared, and nothing is
// judged by it. Somebody may claim a name where it does not belong; what that can do is to make
// nameless traffic of one address pass, or that of a server which took the claim be judged.

#include <algorithm>
#include <utility>

#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/judge_context.h"

namespace sluice::engine {
namespace {

bool shows_no_name(Reason finish) {
  return finish == Reason::no_name || finish == Reason::unknown_protocol ||
         finish == Reason::unreadable;
}

constexpr std::size_t kMostAddresses = 32;  // of one answer

bool leads_to_addresses(std::uint16_t qtype) {
  const auto type = dns::RecordType{qtype};
  return type == dns::RecordType::a || type == dns::RecordType::aaaa ||
         type == dns::RecordType::svcb || type == dns::RecordType::https;
}

}  // namespace

// By range first: who lists one means it. Else by the banned name that leads to the address, as
// today's rules see that name.
policy::Decision Judge::decide_by_address(const Context& context,
                                          inspect::Finding& finding) noexcept {
  const Snapshot& snapshot = context.snapshot;
  const IpAddress& server = context.packet.destination;
  const policy::PolicyId policy = snapshot.policies.policy_for(context.packet.source);
  const Lease* const lease = leases_.find(server, context.now);
  const ResolvedAddress* const resolved =
      resolutions_ == nullptr ? nullptr : resolutions_->find(server, context.now);
  if (lease != nullptr) finding.evidence += lease->evidence;
  if (resolved != nullptr) finding.evidence += resolved->evidence;
  auto decision = snapshot.policies.decide(snapshot.domains, snapshot.addresses, policy, server);
  if (decision.rule.valid()) finding.name = snapshot.domains.rule_name(decision.rule);
  if (decision.rule.valid() || decision.exception.valid()) return decision;
  if (lease != nullptr) {
    finding.name = lease->name;
    decision = snapshot.policies.decide(snapshot.domains, policy, finding.name);
  }
  if (resolved != nullptr && !decision.rule.valid()) {
    finding.name = resolutions_->name_of(*resolved);
    decision = snapshot.policies.decide(snapshot.domains, policy, finding.name);
  }
  return decision;
}

bool Judge::nothing_known_of_addresses(const Context& context) const noexcept {
  return context.snapshot.addresses.empty() && leases_.leases() == 0 &&
         (resolutions_ == nullptr || resolutions_->size() == 0);
}

Judge::Verdicts Judge::judge_address(const Context& context) noexcept {
  Verdicts verdicts;
  if (nothing_known_of_addresses(context)) return verdicts;
  findings_.clear();
  inspect::Finding& finding = *findings_.add();
  finding.protocol = inspect::Protocol::ip;
  finding.source = inspect::Source::address;
  const auto decision = decide_by_address(context, finding);
  if (!decision.rule.valid()) return verdicts;
  if (leases_.is_shared(context.packet.destination, context.now)) {
    ++guarded_;
    return verdicts;
  }
  finding.raw = context.packet.destination.write(address_text_);
  weigh(context, finding, decision, verdicts);
  return verdicts;
}

// Each datagram alone: one that anybody may have sent leaves no more behind than that its own
// five-tuple has shown a name, which goes before the address there as it does in TCP.
Judgement Judge::settle_datagram(const Context& context, const Judgement& judgement) noexcept {
  const policy::DnsScope& dns = context.snapshot.dns;
  const bool is_response = dns::is_response(context.packet.payload);
  const bool is_answer = is_response && dns.has(context.packet.source_port);
  const bool nameless = judgement.reason == Reason::not_of_interest ||
                        (judgement.reason == Reason::no_name && !is_answer);
  const bool named =
      !is_answer && (judgement.reason == Reason::allowed || judgement.reason == Reason::logged);
  if (named && !is_response && dns.has(context.packet.destination_port)) {
    note_question(context);
    return judgement;
  }
  if (!nameless && !named) return judgement;
  if (nameless && nothing_known_of_addresses(context)) return judgement;
  const flow::FlowKey key = flow::key_of(context.packet).key;
  Named* const before = named_datagrams_.find(key);
  if (before != nullptr) {
    named_datagrams_.touch(*before, context.now);
    return judgement;
  }
  if (named) {
    named_datagrams_.insert(key, context.now, [](const Named&, flow::Removal) {});
    return judgement;
  }
  const Verdicts verdicts = judge_address(context);
  if (verdicts.block) return *verdicts.block;
  return verdicts.logged ? allow(Reason::logged) : judgement;
}

// Called once all that the client's stream may reveal is judged, or its first bytes are of no
// protocol that we read. Where the server speaks first its words pass: they wait for the client's.
std::optional<Judgement> Judge::judge_nameless(const Context& context, Flow& flow) noexcept {
  ReadingState& first = flow.readings[index_of(flow::Reading::first_copy)];
  const ReadingState& last = flow.readings[index_of(flow::Reading::last_copy)];
  const bool nameless =
      shows_no_name(first.finish) || (flow.stream.readings_differ() && shows_no_name(last.finish));
  if (!nameless || flow.tcp.is_midstream()) return std::nullopt;
  // What follows an Upgrade belongs to the name that the request showed.
  if (first.finish == Reason::unknown_protocol && flow.shown != ShownNames::none) {
    return std::nullopt;
  }
  const Verdicts verdicts = judge_address(context);
  if (verdicts.block) return block_flow(flow, *verdicts.block);
  if (verdicts.logged) first.finish = Reason::logged;
  return std::nullopt;
}

// Of a message with findings. Names that DNS asks for say nothing of the server.
void Judge::note_names(const Context& context, Flow& flow, const ReadingState& reading) noexcept {
  const match::DomainSet& domains = context.snapshot.domains;
  const auto banned = static_cast<std::size_t>(std::ranges::count_if(
      findings_, [&](const auto& finding) { return is_banned(domains, finding.name); }));
  flow.shown = ShownNames::none;
  if (reading.state.stage() == inspect::Stage::dns || !inspect::shows_name(findings_)) return;
  if (banned == 0) flow.shown = ShownNames::innocent;
  if (banned == findings_.size()) flow.shown = ShownNames::banned;
}

// The server has acknowledged a message with names, in a connection whose handshake was seen: it is
// at its address, and took the names. REQUIRES: a packet of the server.
void Judge::learn_from_flow(const Context& context, Flow& flow) noexcept {
  const ReadingState& first = flow.readings[index_of(flow::Reading::first_copy)];
  if (flow.shown == ShownNames::none || flow.tcp.is_midstream() || !flow.tcp.handshake_seen() ||
      flow.stream.readings_differ() || flow.tcp.acknowledged() < flow.stream.base() + first.seen) {
    return;
  }
  const ShownNames shown = std::exchange(flow.shown, ShownNames::none);
  const IpAddress& server = context.packet.source;
  if (shown == ShownNames::innocent) {
    leases_.learn_innocent(server, context.now, LeaseTable::kFlowLife);
    return;
  }
  if (!flow.stream.holds_memory()) return;
  // Banned and let through: a policy logs it, or does not hold the client. Read once more, for a
  // name is too large to be kept with every flow. Frames of HTTP/2 without one may lie before it.
  findings_.clear();
  inspect::StreamState state = flow.base_state;
  Bytes rest = flow.stream.view(pool_, flow::Reading::first_copy);
  while (findings_.size() == 0 && !rest.empty()) {
    const auto report =
        inspect::inspect_stream(rest, context.packet.source_port, state, scratch_, findings_);
    if (report.progress != inspect::Progress::message) break;
    rest = rest.subspan(std::min<std::uint64_t>(rest.size(), report.consumed + report.skip));
  }
  for (const inspect::Finding& finding : findings_) {
    if (finding.source == inspect::Source::signature) continue;
    leases_.learn_banned(server, finding.name, context.now, LeaseTable::kFlowLife);
  }
}

// Only what a client asks: whoever is outside could ask under its address, and answer itself.
void Judge::note_question(const Context& context) noexcept {
  const dns::Query& query = scratch_.query;
  if (context.side == io::Side::outside || query.count != 1) return;
  if (!leads_to_addresses(query.questions[0].qtype)) return;
  questions_.ask(context.packet, query.id, query.questions[0].name, context.now);
}

// Of an answer that passes, read in scratch_.response: what a name of its question's kind, banned
// or innocent, owns.
void Judge::learn_from_answer(const Context& context, Bytes message) noexcept {
  const dns::Query& query = scratch_.response.query;
  if (query.count != 1 || !questions_.waits_for(context.packet, query.id)) return;
  const name::Name& name = query.questions[0].name;
  if (!questions_.answer(context.packet, query.id, name, context.now)) return;
  const match::DomainSet& domains = context.snapshot.domains;
  const bool banned = is_banned(domains, name);
  std::size_t taken = 0;
  const auto learn = [&](const IpAddress& address, std::uint32_t ttl) {
    if (++taken > kMostAddresses) return;
    const Nanos life = std::chrono::seconds(ttl);
    if (banned) return leases_.learn_banned(address, name, context.now, life);
    leases_.learn_innocent(address, context.now, life);
  };
  for_each_address_of(message, scratch_.response, domains, banned, learn);
}

}  // namespace sluice::engine
