#include "gateway/engine/address_evidence.h"

#include <array>
#include <span>

#include "filters/flow/shares.h"
#include "filters/quic/packet.h"
#include "filters/tls/record.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/list_update.h"

namespace sluice::engine {
namespace {

// Addresses that one answer teaches of a name that is not banned.
constexpr std::size_t kMostOfInnocent = ClientEvidence::kOfClient / 4;
constexpr Nanos kNamedIdle = std::chrono::seconds(120);

bool leads_to_addresses(std::uint16_t qtype) {
  const auto type = dns::RecordType{qtype};
  return type == dns::RecordType::a || type == dns::RecordType::aaaa ||
         type == dns::RecordType::svcb || type == dns::RecordType::https;
}

// A server takes part in QUIC (a packet with the keys of the hello that it answers) or in DTLS (a
// handshake record). Until then a name in a datagram is the client's word alone.
bool is_reply_to_hello(Bytes datagram, Reason reason) {
  constexpr std::byte kHandshake{tls::kHandshakeRecord}, kVersion{0xfe};
  return reason == Reason::server_data ||
         (datagram.size() > 1 && datagram[0] == kHandshake && datagram[1] == kVersion);
}

// What a client may send before its server answers: 0-RTT.
bool is_early(const packet::Packet& packet) {
  return quic::sight_of(packet.payload) == quic::Sight::readable;
}

}  // namespace

AddressEvidence::AddressEvidence(const JudgeLimits& limits, HashKey key, const EvidenceLink& link)
    : link_(link),
      leases_(limits.leases, key),
      seen_by_client_(limits.leases.innocents, key),
      questions_(limits.questions, key),
      named_datagrams_(limits.named_datagrams, key, kNamedIdle, flow::ClassLimits{}) {}

std::size_t AddressEvidence::memory_bytes(const JudgeLimits& limits) noexcept {
  return LeaseTable::memory_bytes(limits.leases) +
         ClientEvidence::memory_bytes(limits.leases.innocents) +
         limits.questions * QuestionTable::bytes_per_question() +
         limits.named_datagrams * flow::Table<Named>::bytes_per_flow();
}

bool AddressEvidence::is_empty(const Context& context) const noexcept {
  return context.snapshot.addresses.empty() && leases_.leases() == 0 &&
         (resolutions_ == nullptr || resolutions_->addresses() == 0);
}

bool AddressEvidence::is_shared(const Context& context, const IpAddress& server) noexcept {
  return seen_by_client_.has(flow::client_of(context.packet.source), server, context.now) ||
         leases_.is_shared(server, context.now);
}

// By the banned names that lead to the address, as today's rules see them. An address may have
// names of several apps: any that the client's policy bans counts.
policy::Decision AddressEvidence::decide_by_name(const Context& context, policy::PolicyId policy,
                                                 const IpAddress& server,
                                                 inspect::Finding& finding) noexcept {
  const Snapshot& snapshot = context.snapshot;
  policy::Decision decision{.policy = policy};
  const auto is_banned = [&](const name::Name& name, std::uint32_t evidence) {
    finding.name = name;
    finding.evidence = evidence;
    decision = snapshot.policies.decide(snapshot.domains, policy, finding.name);
    return decision.rule.valid();
  };
  if (const Lease* const lease = leases_.find(server, context.now)) {
    for (const Claim& claim : lease->claims) {
      if (claim.expires > context.now && is_banned(claim.name.name(), claim.evidence)) {
        return decision;
      }
    }
  }
  if (resolutions_ == nullptr) return decision;
  for (const ResolvedAddress& found : resolutions_->find(server)) {
    if (found.expires > context.now && is_banned(resolutions_->name_of(found), found.evidence)) {
      break;
    }
  }
  return decision;
}

// By listed range first: whoever lists one means it, whatever traffic shows.
AddressEvidence::ByAddress AddressEvidence::decide_by_address(const Context& context,
                                                              policy::PolicyId policy,
                                                              inspect::Finding& finding) noexcept {
  const Snapshot& snapshot = context.snapshot;
  const IpAddress& server = context.packet.destination;
  auto decision = snapshot.policies.decide(snapshot.domains, snapshot.addresses, policy, server);
  const bool is_listed = decision.rule.valid();
  if (is_listed || decision.exception.valid()) return {decision};
  decision = decide_by_name(context, policy, server, finding);
  // A client may have translated an IPv4 address itself (RFC 6877), and the resolver asks for
  // these.
  const auto v4 = snapshot.addresses.behind_nat64(server);
  if (!decision.rule.valid() && v4) decision = decide_by_name(context, policy, *v4, finding);
  if (!decision.rule.valid()) return {};
  if (is_shared(context, server) || (v4 && is_shared(context, *v4))) {
    return {.decision = {}, .is_guarded = true};
  }
  return {decision};
}

Ruling AddressEvidence::rule_on_address(const Context& context) noexcept {
  Ruling ruling;
  if (is_empty(context)) return ruling;
  context.bench.findings.clear();
  inspect::Finding& finding = *context.bench.findings.add();
  finding.protocol = inspect::Protocol::ip;
  finding.source = inspect::Source::address;
  const policy::PolicySet& policies = context.snapshot.policies;
  const ByAddress by_address =
      decide_by_address(context, policies.policy_for(context.packet.source), finding);
  if (by_address.is_guarded) ++guarded_;
  if (by_address.decision.rule.valid()) {
    finding.raw = context.packet.destination.write(address_text_);
    add(context, finding, by_address.decision, ruling);
  }
  if (policies.has_shadows()) tell_shadows(context, by_address.decision);
  return ruling;
}

// Shadow lists by the ranges that they list: they lease no addresses.
void AddressEvidence::tell_shadows(const Context& context,
                                   const policy::Decision& decided) noexcept {
  const Snapshot& snapshot = context.snapshot;
  const packet::Packet& packet = context.packet;
  inspect::Finding finding{.protocol = inspect::Protocol::ip,
                           .source = inspect::Source::address,
                           .raw = packet.destination.write(address_text_)};
  const policy::Standing standing = snapshot.policies.standing_of(packet.source);
  policy::Trial trial = snapshot.policies.try_shadows(snapshot.domains, snapshot.addresses,
                                                      standing, packet.destination, decided);
  if (standing.shadow.valid()) {
    trial.of_policy = decide_by_address(context, standing.shadow, finding).decision;
    trial.policy_differs = trial.of_policy.rule.valid() && trial.of_policy.action != decided.action;
  }
  tell(context, finding, trial);
}

// A datagram that anybody may have sent leaves no more behind than that its own five-tuple has
// shown a name, which goes before the address there as it does in TCP: once a server takes part.
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
  const bool by_name_only = !ends_flows && is_empty(context);
  const bool is_reply = !named && is_reply_to_hello(context.packet.payload, judgement.reason);
  if (!nameless && !named && !is_reply) return;
  if (!named && by_name_only) return;
  const flow::KeyedPacket keyed = flow::key_of(context.packet);
  Named* known = named_datagrams_.find(keyed.key);
  if (known != nullptr) named_datagrams_.touch(*known, context.now);
  if (named) return note_name(context, keyed, known);
  if (known != nullptr) {
    const bool from_client = keyed.source_is_low == known->client_is_low;
    if (is_reply && !from_client && context.side != io::Side::inside) {
      const packet::Packet& packet = context.packet;
      if (!known->is_answered) note_ties(context, packet.destination, packet.source, known->name);
      known->is_answered = true;
    }
    judge_named_flow(context, *known, judgement);
    const bool needs_no_name = !from_client || known->is_answered || is_early(context.packet);
    if (needs_no_name || !judgement.passes()) return;
  }
  if (!nameless) return;
  const Ruling ruling = rule_on_address(context);
  if (ruling.refusal) {
    judgement = drop_packet(context, Reason::banned);
  } else if (ruling.logged) {
    judgement = pass(Reason::logged);
  }
}

// Of the findings at hand. Whoever is outside cannot show a name for a client.
void AddressEvidence::note_name(const Context& context, const flow::KeyedPacket& keyed,
                                Named* known) noexcept {
  if (context.side == io::Side::outside) return;
  if (known == nullptr) {
    known = &named_datagrams_.insert(keyed.key, context.packet.source, flow::Keep::light,
                                     context.now, [](const Named&, flow::Removal) {});
    known->client_is_low = keyed.source_is_low;
  }
  known->generation = context.snapshot.generation;
  if (context.bench.findings.size() > 0) {
    const inspect::Finding& first = context.bench.findings[0];
    known->name.set(first.name, first.protocol);
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

// False: it is no news.
bool AddressEvidence::take(const AddressFact& fact) noexcept {
  if (fact.kind == AddressFact::Kind::banned) {
    const bool is_news =
        leases_.learn_banned(fact.address, fact.app, fact.banned.name(), fact.learned, fact.life);
    if (is_news && new_lease_count_ < new_leases_.size()) {
      new_leases_[new_lease_count_++] = fact.address;
    }
    return is_news;
  }
  const bool is_agreement =
      fact.kind == AddressFact::Kind::for_all &&
      leases_.learn_innocent(fact.address, fact.client, fact.learned, fact.life);
  return seen_by_client_.note(fact.client, fact.address, fact.learned,
                              LeaseTable::end_of(fact.learned, fact.life)) ||
         is_agreement;
}

void AddressEvidence::learn(const AddressFact& fact) noexcept {
  if (take(fact) && link_.exchange != nullptr) lost_ += link_.exchange->post(link_.worker, fact);
}

void AddressEvidence::take_facts() noexcept {
  if (link_.exchange == nullptr) return;
  link_.exchange->take(link_.worker, [this](const AddressFact& fact) { take(fact); });
}

// What one client shows is its own word: it counts for others only where its own policy would act
// on it, and once enough of them agree.
void AddressEvidence::learn_from_connection(const Context& context, const IpAddress& client,
                                            const IpAddress& server,
                                            const RememberedName& name) noexcept {
  using Kind = AddressFact::Kind;
  const policy::Action action = context.snapshot.policies.action_for(client);
  if (action == policy::Action::allow) return;
  note_ties(context, client, server, name);
  learn({.kind = policy::is_enforced(action) ? Kind::for_all : Kind::for_itself,
         .address = server,
         .client = flow::client_of(client),
         .banned = {},
         .learned = context.now,
         .life = LeaseTable::kFlowLife});
}

// Only what a client asks: whoever is outside could ask under its address, and answer itself.
void AddressEvidence::note_question(const Context& context) noexcept {
  const dns::Query& query = context.bench.scratch.query;
  if (context.side == io::Side::outside || query.count != 1) return;
  if (!leads_to_addresses(query.questions[0].qtype)) return;
  questions_.ask(context.packet, query.id, query.questions[0].name, context.now);
}

const name::Name* AddressEvidence::answered_question(const Context& context) noexcept {
  const dns::Query& query = context.bench.scratch.response.query;
  if (context.side == io::Side::inside || query.count != 1 ||
      !questions_.waits_for(context.packet, query.id)) {
    return nullptr;
  }
  const name::Name& name = query.questions[0].name;
  return questions_.answer(context.packet, query.id, name, context.now) ? &name : nullptr;
}

// Clients that no policy holds teach nothing of names that are not banned; whoever asks for a
// banned name shows where that leads.
void AddressEvidence::note_ties(const Context& context, Bytes message) noexcept {
  if (ties_ == nullptr || !context.snapshot.dns.trusts(context.packet.source)) return;
  ties_->take_answer(context, {leases_, resolutions_}, message);
}

void AddressEvidence::note_ties(const Context& context, const IpAddress& client,
                                const IpAddress& server, const RememberedName& name) noexcept {
  if (ties_ == nullptr || !name.is_whole()) return;
  if (context.snapshot.policies.action_for(client) == policy::Action::allow) return;
  ties_->take_hello(context, {leases_, resolutions_}, client, server, name.name());
}

void AddressEvidence::learn_from_refused(const Context& context, Bytes message) noexcept {
  if (ties_ != nullptr && answered_question(context) != nullptr) note_ties(context, message);
}

// What a name of the question's kind, banned or innocent, owns in the answer. A banned name's
// addresses are the resolver's word, which must be trusted; that an innocent name leads somewhere
// matters to the client that asked, and to nobody else: it may ask under other clients' addresses.
void AddressEvidence::learn_from_answer(const Context& context, Bytes message) noexcept {
  const name::Name* const asked = answered_question(context);
  if (asked == nullptr) return;
  const name::Name& name = *asked;
  const dns::Response& response = context.bench.scratch.response;
  const Snapshot& snapshot = context.snapshot;
  std::array<AppTag, match::kMaxApps> apps;
  std::size_t app_count = 0;
  for_each_app_that_bans(ban_of(snapshot), name, [&](match::AppId app) {
    if (app_count < apps.size()) apps[app_count++] = tag_of(snapshot.domains.app_name(app));
  });
  const bool banned = app_count > 0;
  if (banned ? !snapshot.dns.trusts(context.packet.source)
             : snapshot.policies.action_for(context.client()) == policy::Action::allow) {
    return;
  }
  note_ties(context, message);
  AddressFact fact{.kind = banned ? AddressFact::Kind::banned : AddressFact::Kind::for_itself,
                   .address = {},
                   .client = flow::client_of(context.client()),
                   .banned = {},
                   .learned = context.now};
  if (banned) fact.banned.set(name, inspect::Protocol::ip);
  std::size_t taken = 0;
  const auto visit = [&](const IpAddress& address, std::uint32_t ttl) {
    fact.address = address;
    fact.life = std::chrono::seconds(ttl);
    if (!banned) learn(fact);
    for (const AppTag app : std::span(apps).first(app_count)) {
      fact.app = app;
      learn(fact);
    }
    return ++taken < (banned ? kMostOfBanned : kMostOfInnocent);
  };
  for_each_address_of(message, response, ban_of(snapshot), banned, visit);
}

void AddressEvidence::expire(Nanos now) noexcept {
  leases_.expire(now);
  questions_.expire(now);
  named_datagrams_.expire(now, [](const Named&, flow::Removal) {});
  if (ties_ != nullptr) ties_->expire(now);
}

}  // namespace sluice::engine
