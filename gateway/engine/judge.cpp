#include "gateway/engine/judge.h"

#include "filters/inspect/recognise.h"

namespace sluice::engine {

Judge::Judge(const JudgeLimits& limits, HashKey key, Mode mode, const EvidenceLink& link)
    : mode_(mode),
      flows_(limits, key),
      unread_(key),
      evidence_(limits, key, link),
      dns_(evidence_),
      answers_(flows_, dns_, evidence_),
      streams_(flows_, answers_, evidence_, unread_),
      segments_(flows_, streams_),
      tcp_(flows_, segments_, streams_, answers_),
      hellos_(limits.hellos, key),
      quic_(hellos_),
      dtls_(hellos_) {}

std::size_t Judge::memory_bytes(const JudgeLimits& limits) noexcept {
  return FlowTable::memory_bytes(limits) + AddressEvidence::memory_bytes(limits) +
         HelloTable::memory_bytes(limits.hellos) + UnreadPaths::memory_bytes() + sizeof(Judge);
}

void Judge::begin_batch(const Snapshot& snapshot, const Resolutions* resolutions,
                        FindingSink& sink) noexcept {
  snapshot_ = &snapshot;
  sink_ = &sink;
  evidence_.use(resolutions);
  evidence_.take_facts();
}

Judgement Judge::judge(const packet::Packet& packet, const FlowLookup& lookup,
                       const Arrival& arrival) noexcept {
  const Context context{packet,     lookup,       arrival.time,
                        *snapshot_, *sink_,       bench_,
                        mode_,      arrival.side, verifies(*snapshot_, arrival.checksum)};
  if (packet.is_fragment) return cannot_judge(context, Reason::fragment_unheld);
  switch (packet.transport) {
    case packet::Transport::udp: {
      Judgement judgement = judge_datagram(context);
      evidence_.judge_by_address(context, judgement);
      return judgement;
    }
    case packet::Transport::tcp:
      return tcp_.judge(context);
    case packet::Transport::none:
    case packet::Transport::other:
      break;
  }
  return pass(packet.is_unread ? Reason::unread : Reason::not_of_interest);
}

Judgement Judge::judge_datagram(const Context& context) noexcept {
  const packet::Packet& packet = context.packet;
  const policy::DnsScope& dns = context.snapshot.dns;
  switch (inspect::recognise_datagram(packet.payload, dns.has(packet.destination_port),
                                      dns.has(packet.source_port))) {
    case inspect::DatagramKind::quic:
      return quic_.judge(context, quic::Sight::readable);
    case inspect::DatagramKind::quic_unreadable:
      return quic_.judge(context, quic::Sight::unreadable);
    case inspect::DatagramKind::dtls:
      return dtls_.judge(context);
    case inspect::DatagramKind::dns_question:
      return dns_.judge_question(context);
    case inspect::DatagramKind::dns_answer: {
      Context from_server = context;
      from_server.from_server = true;
      return dns_.judge_answer(from_server);
    }
    case inspect::DatagramKind::other:
      break;
  }
  return pass(Reason::not_of_interest);
}

void Judge::expire(Nanos now) noexcept {
  flows_.expire(now);
  evidence_.expire(now);
  hellos_.expire(now);
}

Judge::Usage Judge::usage() const noexcept {
  return {flows_.flows(), flows_.streams(), hellos_.hellos(), hellos_.streams()};
}

std::uint64_t Judge::removals(flow::Removal removal) const noexcept {
  return flows_.removals(removal) + hellos_.removals(removal);
}

std::uint64_t Judge::overlaps() const noexcept {
  return segments_.overlaps() + answers_.overlaps() + hellos_.overlaps();
}

}  // namespace sluice::engine
