#include "gateway/engine/dns_judge.h"

#include <algorithm>

#include "filters/craft/hide_ech.h"
#include "filters/inspect/answer.h"

namespace sluice::engine {
namespace {

using Fate = AnswerRuling::Fate;

constexpr std::size_t kMostOwners = 16;  // that are looked at in an answer without a question

AnswerRuling unreadable(const Context& context, inspect::ParseError error) {
  context.sink.on_parse_error(error);
  const bool passes = cannot_judge(context, Reason::unreadable).passes();
  return {.fate = passes ? Fate::pass : Fate::drop, .reason = Reason::unreadable};
}

// How many labels of the name, from the right, the rule has, so that a SOA record stands for them.
std::size_t zone_of(const match::DomainSet& domains, match::RuleId rule, const name::Name& name) {
  const name::Name zone = domains.rule_name(rule);
  const std::size_t labels = zone.label_count();
  const bool is_above = labels > 0 && labels <= name.label_count() &&
                        std::ranges::equal(name.suffix(labels), zone.wire());
  return is_above ? labels : name.label_count();
}

// The rule's own answer to the first question. Over TCP no answer can say "ask over TCP".
match::Answer own_answer(const Context& context, match::RuleId rule, const dns::Query& query) {
  if (query.count != 1) return {};
  const match::Answer own = context.snapshot.domains.rule_answer(rule, query.questions[0].qtype);
  const bool over_udp = context.packet.transport == packet::Transport::udp;
  if (own.kind == match::AnswerKind::truncate && !over_udp) return {};
  return own;
}

// False: the policy says how.
bool say_own(const match::Answer& own, craft::DnsRefusal& said) {
  using match::AnswerKind;
  switch (own.kind) {
    case AnswerKind::of_policy:
    case AnswerKind::drop:
      return false;
    case AnswerKind::nxdomain:
      said.rcode = craft::Rcode::nx_domain;
      break;
    case AnswerKind::refused:
      said.rcode = craft::Rcode::refused;
      break;
    case AnswerKind::truncate:
      said.is_truncated = true;
      break;
    case AnswerKind::record:
      said.record = own.rdata;
      said.record_type = own.type;
      said.ttl = own.ttl;
      break;
    case AnswerKind::nodata:
      break;
  }
  said.has_soa = own.kind == AnswerKind::nxdomain || own.kind == AnswerKind::nodata;
  return true;
}

}  // namespace

Refusal DnsJudge::of_dns(const Context& context, Refusal refusal,
                         const dns::Query& query) noexcept {
  const match::AnswerKind kind = own_answer(context, refusal.rule, query).kind;
  if (kind == match::AnswerKind::of_policy) return refusal;
  refusal.action = kind == match::AnswerKind::drop ? policy::Action::drop : policy::Action::reject;
  return refusal;
}

void DnsJudge::say(const Context& context, const Refusal& refusal,
                   const dns::Query& query) noexcept {
  using Kind = policy::DnsAnswerKind;
  const Snapshot& snapshot = context.snapshot;
  const policy::DnsAnswer& answer = snapshot.policies.all()[refusal.policy.index].answer;
  craft::DnsRefusal& said = context.bench.refusal;
  said = {.rcode = craft::Rcode::no_error, .ttl = snapshot.dns.refusal_ttl};
  said.text = snapshot.domains.list_name(snapshot.domains.rule(refusal.rule).list);
  if (query.count > 0) {
    said.zone_labels = zone_of(snapshot.domains, refusal.rule, query.questions[0].name);
  }
  if (say_own(own_answer(context, refusal.rule, query), said)) return;
  if (answer.kind == Kind::refused) said.rcode = craft::Rcode::refused;
  if (answer.kind == Kind::nxdomain) said.rcode = craft::Rcode::nx_domain;
  if (answer.kind == Kind::sinkhole && query.count == 1) {
    const auto type = dns::RecordType{query.questions[0].qtype};
    if (type == dns::RecordType::a) said.address = answer.ipv4;
    if (type == dns::RecordType::aaaa) said.address = answer.ipv6;
  }
  said.has_soa = answer.kind != Kind::refused && !said.address;
}

Judgement DnsJudge::judge_question(const Context& context) noexcept {
  Workbench& bench = context.bench;
  bench.findings.clear();
  const auto report = inspect::inspect_datagram(context.packet.payload, inspect::kDnsPort,
                                                bench.scratch, bench.findings);
  if (report.progress == inspect::Progress::unrecognised) return pass(Reason::not_of_interest);
  if (context.has_bad_checksum()) return drop_packet(context, Reason::bad_checksum);
  if (report.progress == inspect::Progress::unreadable) {
    context.sink.on_parse_error(report.error);
    return cannot_judge(context, Reason::unreadable);
  }
  const Ruling ruling = rule_on_findings(context);
  if (!ruling.refusal) return pass(ruling.reason_to_pass(true));
  const Refusal refusal = of_dns(context, *ruling.refusal, bench.scratch.query);
  if (refusal.action == policy::Action::drop) return drop_packet(context, Reason::banned);
  say(context, refusal, bench.scratch.query);
  return {.act = Answer{&bench.scratch.query, craft::Direction::back, &bench.refusal},
          .reason = Reason::banned};
}

Judgement DnsJudge::judge_answer(const Context& context) noexcept {
  const Bytes message = context.packet.payload;
  // What the client discards on arrival misleads nobody.
  if (dns::is_response(message) && context.has_bad_checksum()) {
    return drop_packet(context, Reason::bad_checksum);
  }
  const AnswerRuling ruling = rule_on_answer(context, message);
  switch (ruling.fate) {
    case Fate::pass:
      return pass(ruling.reason);
    case Fate::drop:
      return drop_packet(context, ruling.reason);
    case Fate::refuse:
      break;
    case Fate::hide_keys: {
      const bool can = context.can_rewrite();
      const MutableBytes copy = can ? context.copy_payload() : MutableBytes{};
      if (!can || !craft::hide_ech(copy, context.bench.scratch.response)) {
        return drop_packet(context, ruling.reason);
      }
      return {.act = Rewrite{copy}, .reason = ruling.reason};
    }
  }
  const dns::Query& query = context.bench.scratch.response.query;
  const Refusal refusal = of_dns(context, ruling.refusal, query);
  if (refusal.action == policy::Action::drop) return drop_packet(context, ruling.reason);
  say(context, refusal, query);
  return {.act = Answer{&query, craft::Direction::onward, &context.bench.refusal},
          .reason = ruling.reason};
}

AnswerRuling DnsJudge::rule_on_answer(const Context& context, Bytes message,
                                      AnswerProgress progress) noexcept {
  if (const auto parsed = dns::parse_response(message, context.bench.scratch.response); !parsed) {
    const inspect::ParseError error = inspect::error_of(parsed.error());
    return error == inspect::ParseError::none ? AnswerRuling{} : unreadable(context, error);
  }
  const Asked asked = rule_on_asked(context, message);
  if (asked.ruling.refusal) return {Fate::refuse, Reason::banned, *asked.ruling.refusal};
  const AnswerRuling ruling = rule_on_targets(context, message, asked.excepted, progress);
  const bool passes = ruling.fate == Fate::pass || ruling.fate == Fate::hide_keys;
  if (passes) evidence_.learn_from_answer(context, message);
  if (ruling.fate == Fate::refuse) evidence_.learn_from_refused(context, message);
  return ruling;
}

// Whatever became of the question: it may have gone another way, or under another policy. Clients
// that accept answers without a question look at who owns the records.
DnsJudge::Asked DnsJudge::rule_on_asked(const Context& context, Bytes message) noexcept {
  const Snapshot& snapshot = context.snapshot;
  const dns::Response& response = context.bench.scratch.response;
  const policy::PolicyId policy = snapshot.policies.policy_for(context.client());
  Asked asked;
  const auto take = [&](const name::Name& name, std::uint16_t qtype) {
    const auto decision = snapshot.policies.decide(snapshot.domains, policy, name);
    // What a policy only logs was logged when it was asked for.
    if (context.mode.enforce && policy::is_enforced(decision.action)) {
      const inspect::Finding finding{.protocol = inspect::Protocol::dns,
                                     .source = inspect::Source::answer,
                                     .name = name,
                                     .asked = &name,
                                     .qtype = qtype};
      add(context, finding, decision, asked.ruling);
    }
    return decision;
  };
  for (std::size_t i = 0; i < response.query.count && !asked.ruling.refusal; ++i) {
    const dns::Question& question = response.query.questions[i];
    const auto decision = take(question.name, question.qtype);
    if (response.query.count == 1 && snapshot.dns.exceptions_cover_answers) {
      asked.excepted = {.now = decision.excepted, .of_lists = {}, .of_policy = {}};
      if (snapshot.policies.has_shadows()) {
        asked.excepted =
            snapshot.policies
                .try_shadows(snapshot.domains, snapshot.policies.standing_of(context.client()),
                             question.name, decision)
                .excepted(decision);
      }
    }
  }
  if (response.query.count > 0) return asked;
  dns::ResponseReader records(message, response);
  dns::JumpsLeft jumps = dns::kJumpsOfTarget * kMostOwners;
  for (std::size_t i = 0; i < kMostOwners && i < response.answers && !asked.ruling.refusal; ++i) {
    const auto record = records.next();
    const auto owner = record ? dns::read_name(message, record->owner, jumps) : std::nullopt;
    if (!owner) break;
    static_cast<void>(take(owner->name, static_cast<std::uint16_t>(record->type)));
  }
  return asked;
}

// All targets, a list of findings at a time. A banned one counts, whatever cannot be read behind
// it.
AnswerRuling DnsJudge::rule_on_targets(const Context& context, Bytes message,
                                       const policy::Excepted& excepted,
                                       AnswerProgress progress) noexcept {
  const dns::Response& response = context.bench.scratch.response;
  const bool over_tcp = context.packet.transport == packet::Transport::tcp;
  dns::ResponseReader records(message, response,
                              over_tcp ? dns::most_targets(message.size()) : dns::kMaxTargets);
  records.resume(progress.position);
  Ruling all{.refusal = {}, .logged = progress.logged};
  bool any = progress.any, has_ech = progress.has_ech;
  inspect::AnswerReport report;
  do {
    context.bench.findings.clear();
    report = inspect::inspect_answer(response, records, context.snapshot.dns.service_targets,
                                     context.bench.findings);
    const Ruling ruling = rule_on_findings(context, excepted);
    if (!all.refusal) all.refusal = ruling.refusal;
    all.logged = all.logged || ruling.logged;
    any = any || context.bench.findings.size() > 0;
    has_ech = has_ech || report.has_ech;
  } while (report.more);
  if (all.refusal) return {Fate::refuse, Reason::banned, *all.refusal};
  if (report.error != inspect::ParseError::none) return unreadable(context, report.error);
  if (has_ech) {
    if (const auto ruling = rule_on_keys(context)) return *ruling;
  }
  return {.reason = all.reason_to_pass(any)};
}

DnsJudge::Ahead DnsJudge::judge_ahead(const Context& context, Bytes start, std::size_t size,
                                      AnswerProgress& progress, WorkBudget& budget) noexcept {
  dns::Response& response = context.bench.scratch.response;
  inspect::FindingList& findings = context.bench.findings;
  progress.seen = static_cast<std::uint16_t>(start.size());
  if (!dns::parse_response_start(start, response)) return {};
  policy::Excepted excepted;
  if (response.query.count == 1) {
    const Asked asked = rule_on_asked(context, start);
    if (asked.ruling.refusal) return {.refusal = asked.ruling.refusal};
    excepted = asked.excepted;
  }
  dns::ResponseReader records(start, response, dns::most_targets(size));
  records.resume(progress.position);
  while (!budget.is_spent()) {
    findings.clear();
    const auto report =
        inspect::inspect_answer(response, records, context.snapshot.dns.service_targets, findings);
    if (report.error != inspect::ParseError::none) return {};
    const Ruling ruling = rule_on_findings(context, excepted);
    if (ruling.refusal) return {.refusal = ruling.refusal};
    const std::size_t before = progress.position.offset;
    progress.position = records.position();
    progress.any = progress.any || findings.size() > 0;
    progress.logged = progress.logged || ruling.logged;
    progress.has_ech = progress.has_ech || report.has_ech;
    budget.spend_dns(progress.position.offset - before, findings.size());
    if (!report.more) return {};
  }
  return {.refusal = {}, .is_spent = true};
}

// Only for clients that a policy holds and protects: one that logs, or allows, alters nothing.
std::optional<AnswerRuling> DnsJudge::rule_on_keys(const Context& context) const noexcept {
  const Snapshot& snapshot = context.snapshot;
  if (!context.mode.enforce || snapshot.fallbacks.ech == policy::Ech::allow) return std::nullopt;
  if (!policy::is_enforced(snapshot.policies.action_for(context.client()))) return std::nullopt;
  const bool strip = snapshot.fallbacks.ech == policy::Ech::strip;
  return AnswerRuling{.fate = strip ? Fate::hide_keys : Fate::drop, .reason = Reason::ech};
}

}  // namespace sluice::engine
