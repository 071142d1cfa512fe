// The judge's DNS half: questions and answers over UDP, and each message of a server over TCP. No
// state over UDP: a spoofed answer can be dropped, and leaves nothing behind.

#include "filters/inspect/answer.h"
#include "filters/match/pseudo_name.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/judge_context.h"

namespace sluice::engine {
namespace {

constexpr Port kEncryptedDnsPort{853};

}  // namespace

Judgement Judge::judge_question(const Context& context) noexcept {
  findings_.clear();
  const auto report =
      inspect::inspect_datagram(context.packet.payload, inspect::kDnsPort, scratch_, findings_);
  if (report.progress == inspect::Progress::unrecognised) return allow(Reason::not_of_interest);
  if (context.discarded_by_server()) return drop_alone(Reason::bad_checksum);
  if (report.progress == inspect::Progress::unreadable) {
    return unreadable(context, report.error);
  }
  const Verdicts verdicts = judge_findings(context);
  if (!verdicts.block) return allow(verdicts.logged ? Reason::logged : Reason::allowed);
  Judgement refused = *verdicts.block;
  refused.may_answer = true;
  return refused;
}

Judgement Judge::judge_answer(const Context& context) noexcept {
  const Bytes message = context.packet.payload;
  // What the client throws away on arrival misleads nobody.
  if (dns::is_response(message) && context.discarded_by_server()) {
    return drop_alone(Reason::bad_checksum);
  }
  return judge_message(context, message);
}

Judgement Judge::judge_message(const Context& context, Bytes message) noexcept {
  if (const auto parsed = dns::parse_response(message, scratch_.response); !parsed) {
    const inspect::ParseError error = inspect::error_of(parsed.error());
    return error == inspect::ParseError::none ? allow(Reason::not_of_interest)
                                              : unreadable(context, error);
  }
  const Judgement judgement = judge_response(context, message);
  if (judgement.action == policy::Action::allow) learn_from_answer(context, message);
  return judgement;
}

Judgement Judge::judge_response(const Context& context, Bytes message) noexcept {
  const AnswerVerdicts verdicts = judge_targets(context, message);
  if (verdicts.error != inspect::ParseError::none) return unreadable(context, verdicts.error);
  if (verdicts.block) {
    Judgement refused = *verdicts.block;
    refused.in_place = InPlace::refusal;
    return refused;
  }
  if (verdicts.has_ech) {
    if (auto without = judge_ech(context)) {
      without->message = message;
      return *without;
    }
  }
  return allow(verdicts.logged ? Reason::logged
               : verdicts.none ? Reason::no_name
                               : Reason::allowed);
}

Judge::AnswerVerdicts Judge::judge_targets(const Context& context, Bytes message) noexcept {
  AnswerVerdicts all;
  dns::ResponseReader records(message, scratch_.response);
  inspect::AnswerReport report;
  do {
    findings_.clear();
    report = inspect::inspect_answer(message, scratch_.response, records,
                                     context.snapshot.dns.service_targets, findings_);
    const Verdicts verdicts = judge_findings(context);
    if (!all.block) all.block = verdicts.block;
    all.logged = all.logged || verdicts.logged;
    all.has_ech = all.has_ech || report.has_ech;
    all.none = all.none && findings_.size() == 0;
    all.error = report.error;
  } while (report.more);
  return all;
}

// Only for clients that a policy holds and protects: one that logs, or allows, alters nothing.
std::optional<Judgement> Judge::judge_ech(const Context& context) const noexcept {
  const Snapshot& snapshot = context.snapshot;
  if (!enforce_ || snapshot.fallbacks.ech == policy::Ech::allow) return std::nullopt;
  const policy::PolicyId id = snapshot.policies.policy_for(context.client());
  if (!id.valid()) return std::nullopt;
  const policy::Action action = snapshot.policies.all()[id.index].action;
  if (action != policy::Action::drop && action != policy::Action::reject) return std::nullopt;
  if (snapshot.fallbacks.ech == policy::Ech::drop) return drop_alone(Reason::ech);
  return Judgement{.reason = Reason::ech, .in_place = InPlace::hide_ech};
}

Judge::Verdicts Judge::judge_encrypted_dns(const Context& context,
                                           inspect::Protocol protocol) noexcept {
  Verdicts verdicts;
  if (context.packet.destination_port != kEncryptedDnsPort) return verdicts;
  const bool over_tls = protocol == inspect::Protocol::tls;
  const inspect::Finding finding{.protocol = protocol,
                                 .source = inspect::Source::signature,
                                 .name = match::signature_name(over_tls ? "dot" : "doq"),
                                 .raw = over_tls ? "dot._signature" : "doq._signature"};
  const Snapshot& snapshot = context.snapshot;
  const auto decision = snapshot.policies.decide(snapshot.domains, context.client(), finding.name);
  weigh(context, finding, decision, verdicts);
  return verdicts;
}

Judgement Judge::unreadable(const Context& context, inspect::ParseError error) noexcept {
  context.sink.on_parse_error(error);
  return context.snapshot.fallbacks.unjudged == policy::Fallback::drop
             ? drop_alone(Reason::unreadable)
             : allow(Reason::unreadable);
}

}  // namespace sluice::engine
