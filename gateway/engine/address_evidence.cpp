#include "gateway/engine/address_evidence.h"

#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/list_update.h"

namespace sluice::engine {
namespace {

constexpr std::size_t kMostAddresses = 32;  // that one answer teaches
constexpr Nanos kNamedIdle = std::chrono::seconds(120);

bool leads_to_addresses(std::uint16_t qtype) {
  const auto type = dns::RecordType{qtype};
  return type == dns::RecordType::a || type == dns::RecordType::aaaa ||
         type == dns::RecordType::svcb || type == dns::RecordType::https;
}

}  // namespace

AddressEvidence::AddressEvidence(const JudgeLimits& limits, HashKey key, const EvidenceLink& link)
    : link_(link),
      leases_(limits.leases, key),
      questions_(limits.questions, key),
      named_datagrams_(limits.named_datagrams, key, kNamedIdle) {}

std::size_t AddressEvidence::memory_bytes(const JudgeLimits& limits) noexcept {
  return LeaseTable::memory_bytes(limits.leases) +
         limits.questions * QuestionTable::bytes_per_question() +
         limits.named_datagrams * flow::Table<Named>::bytes_per_flow();
}

// By range first: who lists one means it. Else by the banned name that leads to the address, as
// today's rules see that name.
policy::Decision AddressEvidence::decide(const Context& context,
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

bool AddressEvidence::is_empty(const Context& context) const noexcept {
  return context.snapshot.addresses.empty() && leases_.leases() == 0 &&
         (resolutions_ == nullptr || resolutions_->size() == 0);
}

Ruling AddressEvidence::rule_on_address(const Context& context) noexcept {
  Ruling ruling;
  if (is_empty(context)) return ruling;
  context.bench.findings.clear();
  inspect::Finding& finding = *context.bench.findings.add();
  finding.protocol = inspect::Protocol::ip;
  finding.source = inspect::Source::address;
  const auto decision = decide(context, finding);
  if (!decision.rule.valid()) return ruling;
  if (leases_.is_shared(context.packet.destination, context.now)) {
    ++guarded_;
    return ruling;
  }
  finding.raw = context.packet.destination.write(address_text_);
  add(context, finding, decision, ruling);
  return ruling;
}

// A datagram that anybody may have sent leaves no more behind than that its own five-tuple has
// shown a name, which goes before the address there as it does in TCP.
void AddressEvidence::judge_by_address(const Context& context, Judgement& judgement) noexcept {
  const policy::DnsScope& dns = context.snapshot.dns;
  const bool is_response = dns::is_response(context.packet.payload);
  const bool is_answer = is_response && dns.has(context.packet.source_port);
  const bool nameless = judgement.reason == Reason::not_of_interest ||
                        (judgement.reason == Reason::no_name && !is_answer);
  const bool named =
      !is_answer && (judgement.reason == Reason::allowed || judgement.reason == Reason::logged);
  if (named && !is_response && dns.has(context.packet.destination_port)) {
    note_question(context);
    return;
  }
  const bool ends_flows = context.snapshot.kill_open_flows;
  if (!nameless && !named) return;
  if (nameless && !ends_flows && is_empty(context)) return;
  const flow::FlowKey key = flow::key_of(context.packet).key;
  Named* known = named_datagrams_.find(key);
  if (known != nullptr) named_datagrams_.touch(*known, context.now);
  if (named) {
    if (known == nullptr) {
      known = &named_datagrams_.insert(key, context.now, [](const Named&, flow::Removal) {});
    }
    known->generation = context.snapshot.generation;
    if (context.bench.findings.size() > 0) {
      const inspect::Finding& first = context.bench.findings[0];
      known->name.set(first.name, first.protocol);
    }
    return;
  }
  if (known != nullptr) return judge_named_flow(context, *known, judgement);
  const Ruling ruling = rule_on_address(context);
  if (ruling.refusal) {
    judgement = drop_packet(context, Reason::banned);
  } else if (ruling.logged) {
    judgement = pass(Reason::logged);
  }
}

void AddressEvidence::judge_named_flow(const Context& context, Named& named,
                                       Judgement& judgement) noexcept {
  if (named.generation == context.snapshot.generation) return;
  if (refused_by_update(context, named.name)) {
    judgement = drop_packet(context, Reason::list_update);
  } else {
    named.generation = context.snapshot.generation;
  }
}

void AddressEvidence::learn_banned(const IpAddress& server, const name::Name& name,
                                   Nanos now) noexcept {
  learn_banned(server, name, now, LeaseTable::kFlowLife);
}

void AddressEvidence::learn_innocent(const IpAddress& server, Nanos now) noexcept {
  learn_innocent(server, now, LeaseTable::kFlowLife);
}

void AddressEvidence::learn_banned(const IpAddress& server, const name::Name& name, Nanos now,
                                   Nanos life) noexcept {
  if (!leases_.learn_banned(server, name, now, life) || link_.exchange == nullptr) return;
  AddressFact fact{.address = server, .banned = {}, .learned = now, .life = life};
  fact.banned.set(name, inspect::Protocol::ip);
  lost_ += link_.exchange->post(link_.worker, fact);
}

void AddressEvidence::learn_innocent(const IpAddress& server, Nanos now, Nanos life) noexcept {
  if (!leases_.learn_innocent(server, now, life) || link_.exchange == nullptr) return;
  lost_ += link_.exchange->post(link_.worker,
                                {.address = server, .banned = {}, .learned = now, .life = life});
}

void AddressEvidence::take_facts() noexcept {
  if (link_.exchange == nullptr) return;
  link_.exchange->take(link_.worker, [this](const AddressFact& fact) {
    if (fact.banned.empty()) {
      leases_.learn_innocent(fact.address, fact.learned, fact.life);
    } else {
      leases_.learn_banned(fact.address, fact.banned.name(), fact.learned, fact.life);
    }
  });
}

// Only what a client asks: whoever is outside could ask under its address, and answer itself.
void AddressEvidence::note_question(const Context& context) noexcept {
  const dns::Query& query = context.bench.scratch.query;
  if (context.side == io::Side::outside || query.count != 1) return;
  if (!leads_to_addresses(query.questions[0].qtype)) return;
  questions_.ask(context.packet, query.id, query.questions[0].name, context.now);
}

// What a name of the question's kind, banned or innocent, owns in the answer.
void AddressEvidence::learn_from_answer(const Context& context, Bytes message) noexcept {
  const dns::Response& response = context.bench.scratch.response;
  const dns::Query& query = response.query;
  if (query.count != 1 || !questions_.waits_for(context.packet, query.id)) return;
  const name::Name& name = query.questions[0].name;
  if (!questions_.answer(context.packet, query.id, name, context.now)) return;
  const match::DomainSet& domains = context.snapshot.domains;
  const bool banned = is_banned(domains, name);
  std::size_t taken = 0;
  const auto learn = [&](const IpAddress& address, std::uint32_t ttl) {
    const Nanos life = std::chrono::seconds(ttl);
    if (banned) {
      learn_banned(address, name, context.now, life);
    } else {
      learn_innocent(address, context.now, life);
    }
    return ++taken < kMostAddresses;
  };
  for_each_address_of(message, response, domains, banned, learn);
}

void AddressEvidence::expire(Nanos now) noexcept {
  leases_.expire(now);
  questions_.expire(now);
  named_datagrams_.expire(now, [](const Named&, flow::Removal) {});
}

}  // namespace sluice::engine
