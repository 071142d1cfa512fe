#include "gateway/engine/ruling.h"

#include "filters/match/pseudo_name.h"

namespace sluice::engine {
namespace {

constexpr Port kEncryptedDnsPort{853};

}  // namespace

void add(const Context& context, const inspect::Finding& finding, const policy::Decision& decision,
         Ruling& ruling) noexcept {
  context.sink.on_finding(context.packet, finding, decision);
  switch (decision.action) {
    case policy::Action::allow:
      break;
    case policy::Action::log:
      ruling.logged = true;
      break;
    case policy::Action::drop:
    case policy::Action::reject:
      if (context.mode.enforce && !ruling.refusal) {
        ruling.refusal = Refusal{decision.action, decision.rule, decision.policy};
      }
      break;
  }
}

void tell(const Context& context, const inspect::Finding& finding,
          const policy::Trial& trial) noexcept {
  if (trial.lists_differ) context.sink.on_shadow(context.packet, finding, trial.of_lists);
  if (trial.policy_differs) context.sink.on_shadow(context.packet, finding, trial.of_policy);
}

Ruling rule_on_findings(const Context& context, const policy::Excepted& excepted) noexcept {
  Ruling ruling;
  const Snapshot& snapshot = context.snapshot;
  const policy::PolicyId policy = snapshot.policies.policy_for(context.client());
  for (const inspect::Finding& finding : context.bench.findings) {
    const auto decision =
        snapshot.policies.decide(snapshot.domains, policy, finding.name, excepted.now);
    add(context, finding, decision, ruling);
    if (snapshot.policies.has_shadows()) {
      tell(context, finding,
           snapshot.policies.try_shadows(snapshot.domains,
                                         snapshot.policies.standing_of(context.client()),
                                         finding.name, decision, excepted));
    }
  }
  return ruling;
}

Ruling rule_on_encrypted_dns(const Context& context, inspect::Protocol protocol) noexcept {
  Ruling ruling;
  if (context.packet.destination_port != kEncryptedDnsPort) return ruling;
  const bool over_tls = protocol == inspect::Protocol::tls;
  const inspect::Finding finding{.protocol = protocol,
                                 .source = inspect::Source::signature,
                                 .name = match::signature_name(over_tls ? "dot" : "doq"),
                                 .raw = over_tls ? "dot._signature" : "doq._signature"};
  const Snapshot& snapshot = context.snapshot;
  const auto decision = snapshot.policies.decide(snapshot.domains, context.client(), finding.name);
  add(context, finding, decision, ruling);
  if (snapshot.policies.has_shadows()) {
    tell(context, finding,
         snapshot.policies.try_shadows(snapshot.domains,
                                       snapshot.policies.standing_of(context.client()),
                                       finding.name, decision));
  }
  return ruling;
}

Judgement judge_hello_names(const Context& context) noexcept {
  const Ruling ruling = rule_on_findings(context);
  if (ruling.refusal) return drop_packet(context, Reason::banned);
  return pass(ruling.reason_to_pass(inspect::shows_name(context.bench.findings)));
}

}  // namespace sluice::engine
