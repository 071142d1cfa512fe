#include "gateway/engine/judge.h"

#include "filters/inspect/recognise.h"
#include "gateway/engine/judge_context.h"

namespace sluice::engine {

Judge::Judge(const JudgeLimits& limits, HashKey flow_key, bool enforce)
    : flows_(limits.flows, flow_key, limits.idle_timeout),
      pool_(stream_slots(limits.streams), long_stream_slots(limits.streams)),
      leases_(limits.leases, flow_key),
      questions_(limits.questions, flow_key),
      named_datagrams_(limits.named_datagrams, flow_key, kNamedIdle),
      enforce_(enforce),
      hellos_(limits.hellos, flow_key, enforce),
      quic_(hellos_),
      dtls_(hellos_) {}

std::size_t Judge::memory_bytes(const JudgeLimits& limits) noexcept {
  return limits.flows * flow::Table<Flow>::bytes_per_flow() +
         flow::StreamPool::memory_bytes(stream_slots(limits.streams),
                                        long_stream_slots(limits.streams)) +
         LeaseTable::memory_bytes(limits.leases) + HelloTable::memory_bytes(limits.hellos) +
         limits.questions * QuestionTable::bytes_per_question() +
         limits.named_datagrams * flow::Table<Named>::bytes_per_flow() + sizeof(Judge);
}

Judgement Judge::judge(const packet::Packet& packet, const FlowLookup& lookup, Nanos now,
                       const Snapshot& snapshot, FindingSink& sink,
                       std::optional<io::Side> side) noexcept {
  const Context context{packet, lookup, now, snapshot, sink, side};
  if (packet.is_fragment) {
    return snapshot.fallbacks.fragments == policy::Fallback::drop
               ? drop_alone(Reason::fragment_unheld)
               : allow(Reason::fragment_unheld);
  }
  switch (packet.transport) {
    case packet::Transport::udp:
      return settle_datagram(context, judge_datagram(context));
    case packet::Transport::tcp:
      return judge_tcp(context);
    case packet::Transport::none:
    case packet::Transport::other:
      break;
  }
  return allow(Reason::not_of_interest);
}

Judgement Judge::judge_datagram(const Context& context) noexcept {
  const packet::Packet& packet = context.packet;
  const policy::DnsScope& dns = context.snapshot.dns;
  switch (inspect::recognise_datagram(packet.payload, dns.has(packet.destination_port),
                                      dns.has(packet.source_port))) {
    case inspect::DatagramKind::quic:
      return judge_quic(context, quic::Sight::readable);
    case inspect::DatagramKind::quic_unreadable:
      return judge_quic(context, quic::Sight::unreadable);
    case inspect::DatagramKind::dtls:
      return judge_dtls(context);
    case inspect::DatagramKind::dns_question:
      return judge_question(context);
    case inspect::DatagramKind::dns_answer: {
      Context from_server = context;
      from_server.from_server = true;
      return judge_answer(from_server);
    }
    case inspect::DatagramKind::other:
      break;
  }
  return allow(Reason::not_of_interest);
}

Judgement Judge::judge_quic(const Context& context, quic::Sight sight) noexcept {
  if (context.discarded_by_server()) return drop_alone(Reason::bad_checksum);
  const Verdicts by_form = judge_encrypted_dns(context, inspect::Protocol::quic);
  if (by_form.block) return *by_form.block;
  if (sight == quic::Sight::unreadable) {
    return context.snapshot.fallbacks.quic_unknown == policy::Fallback::drop
               ? drop_alone(Reason::quic_unknown)
               : allow(Reason::quic_unknown);
  }
  const auto decide = [&] { return judge_names(context); };
  return quic_.judge(
      {context.packet, context.now, context.snapshot.fallbacks, context.sink, findings_, decide});
}

Judgement Judge::judge_dtls(const Context& context) noexcept {
  if (context.discarded_by_server()) return drop_alone(Reason::bad_checksum);
  const Verdicts by_form = judge_encrypted_dns(context, inspect::Protocol::tls);
  if (by_form.block) return *by_form.block;
  const auto decide = [&] { return judge_names(context); };
  return dtls_.judge(
      {context.packet, context.now, context.snapshot.fallbacks, context.sink, findings_, decide});
}

// Of a hello in datagrams.
Judgement Judge::judge_names(const Context& context) noexcept {
  const Verdicts verdicts = judge_findings(context);
  if (verdicts.block) return *verdicts.block;
  if (verdicts.logged) return allow(Reason::logged);
  return allow(inspect::shows_name(findings_) ? Reason::allowed : Reason::no_name);
}

Judge::Verdicts Judge::judge_findings(const Context& context) noexcept {
  Verdicts verdicts;
  const Snapshot& snapshot = context.snapshot;
  const policy::PolicyId policy = snapshot.policies.policy_for(context.client());
  for (const inspect::Finding& finding : findings_) {
    const auto decision = snapshot.policies.decide(snapshot.domains, policy, finding.name);
    weigh(context, finding, decision, verdicts);
  }
  return verdicts;
}

void Judge::weigh(const Context& context, const inspect::Finding& finding,
                  const policy::Decision& decision, Verdicts& verdicts) noexcept {
  context.sink.on_finding(context.packet, finding, decision);
  switch (decision.action) {
    case policy::Action::allow:
      break;
    case policy::Action::log:
      verdicts.logged = true;
      break;
    case policy::Action::drop:
    case policy::Action::reject:
      if (enforce_ && !verdicts.block) {
        verdicts.block =
            Judgement{.action = decision.action, .reason = Reason::banned, .app = decision.app};
      }
      break;
  }
}

void Judge::expire(Nanos now) noexcept {
  flows_.expire(now, [this](Flow& flow, flow::Removal removal) { on_removed(flow, removal); });
  leases_.expire(now);
  questions_.expire(now);
  named_datagrams_.expire(now, [](const Named&, flow::Removal) {});
  hellos_.expire(now);
}

void Judge::on_removed(Flow& flow, flow::Removal removal) noexcept {
  release_memory(flow);
  ++removals_[static_cast<std::size_t>(removal)];
}

Judgement Judge::drop_alone(Reason reason) const noexcept {
  return {.action = enforce_ ? policy::Action::drop : policy::Action::allow, .reason = reason};
}

}  // namespace sluice::engine
