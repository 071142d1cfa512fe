#include "gateway/engine/worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "filters/inspect/ends.h"
#include "gateway/engine/labels.h"
#include "gateway/engine/wall_clock.h"

namespace sluice::engine {
namespace {

// One packet in so many is timed: two looks at the clock would cost more than most packets do.
constexpr std::uint32_t kTimeEvery = 64;

// Names that clients chose; not where answers lead.
constexpr bool is_asked_for(inspect::Source source) noexcept {
  return source == inspect::Source::question || source == inspect::Source::server_name ||
         source == inspect::Source::host;
}

}  // namespace

Worker::Worker(const Parts& parts, const JudgeLimits& limits, HashKey flow_key, bool enforce)
    : parts_(parts),
      snapshots_(parts.snapshots),
      judge_(limits, flow_key,
             {.enforce = enforce,
              .can_rewrite = parts.dataplane.capabilities().replace,
              .routes = parts.routes},
             parts.evidence),
      fragments_(limits.fragments, flow_key),
      unjudged_(flow_key),
      enforce_(enforce),
      executor_(parts.dataplane, parts.counters),
      knows_sides_(parts.dataplane.capabilities().sides) {
  if (parts_.resolutions != nullptr) resolutions_.emplace(*parts_.resolutions);
  judge_.evidence().gather(parts_.ties);
  parts_.counters.flows_capacity.set(limits.flows);
  parts_.counters.streams_capacity.set(limits.streams);
  parts_.counters.fragmented_capacity.set(limits.fragments.datagrams);
  parts_.counters.quic_flows_capacity.set(limits.hellos.flows);
  parts_.counters.quic_streams_capacity.set(limits.hellos.streams);
}

io::Poll Worker::run() noexcept {
  io::Poll poll;
  do {
    poll = run_batch();
  } while (poll == io::Poll::frames || poll == io::Poll::idle);
  return poll;
}

// Between batches: the newest snapshot, and what was resolved.
void Worker::refresh_rules() noexcept {
  const io::Generation before = snapshot_ == nullptr ? 0 : snapshot_->generation;
  snapshot_ = &snapshots_.refresh();
  // Else flows that are open go on as they were decided.
  if (snapshot_->generation != before && snapshot_->kill_open_flows) {
    parts_.dataplane.publish(snapshot_->generation);
  }
  judge_.begin_batch(*snapshot_, resolutions_ ? &resolutions_->refresh() : nullptr, *this);
}

io::Poll Worker::run_batch() noexcept {
  refresh_rules();
  const io::Poll poll = parts_.dataplane.poll(batch_);
  if (poll == io::Poll::frames) {
    decode_batch();
    const bool is_tapped = parts_.tap != nullptr && parts_.tap->is_on();
    for (std::size_t i = 0; i < batch_.count; ++i) {
      const bool timed = ++sampled_ % kTimeEvery == 0;
      const auto start =
          timed ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point{};
      verdicts_[i].verdict = handle(batch_.frames[i], arrivals_[i]);
      if (is_tapped && !io::passes(verdicts_[i].verdict)) parts_.tap->offer(batch_.frames[i]);
      if (timed) {
        const Nanos taken = std::chrono::steady_clock::now() - start;
        parts_.counters.packet_time.observe(static_cast<std::uint64_t>(taken.count()));
      }
    }
    // An answer must not be out before what it leads to is watched.
    judge_.evidence().take_new_leases(
        [this](const IpAddress& address) { parts_.dataplane.watch_address(address); });
    parts_.dataplane.submit({verdicts_.data(), batch_.count});
    executor_.finish_batch();
  } else if (poll == io::Poll::idle) {
    newest_ = std::max(newest_, wall_clock());
  }
  judge_.expire(newest_);
  fragments_.expire(newest_);
  if (parts_.audit != nullptr) {
    unjudged_.expire(newest_, [this](const Unjudged& drop) { audit(drop); });
  }
  publish_levels();
  turns_.add();
  return poll;
}

// In steps, each for all: what one packet waits for, others do not.
void Worker::decode_batch() noexcept {
  constexpr std::size_t kAhead = 8, kCacheLine = 64;
  const std::span arrivals(arrivals_.data(), batch_.count);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    if (i + kAhead < arrivals.size()) {
      const std::byte* const frame = batch_.frames[i + kAhead].bytes.data();
      __builtin_prefetch(frame);
      __builtin_prefetch(frame + kCacheLine);
    }
    const io::Frame& frame = batch_.frames[i];
    arrivals[i].decoded =
        packet::decode_into(arrivals[i].packet, frame.bytes, frame.link, parts_.tunnels);
  }
  for (Decoded& arrival : arrivals) {
    if (arrival.decoded) judge_.look_up(arrival.packet, arrival.lookup);
  }
  for (const Decoded& arrival : arrivals) judge_.prefetch(arrival.lookup);
}

io::Verdict Worker::handle(const io::Frame& frame, const Decoded& arrival) noexcept {
  frame_ = &frame;
  newest_ = std::max(newest_, frame.time);
  parts_.counters.packets.add();
  parts_.counters.bytes.add(frame.bytes.size());
  const packet::Packet& packet = arrival.packet;
  if (!arrival.decoded) return handle_unreadable(arrival.decoded.error());
  if (packet.is_unread) judge_.note_unread(frame.bytes, frame.link, frame.time);
  if (packet.carriers > 0) {
    const auto again = [&](packet::Tunnels tunnels) {
      return packet::decode(frame.bytes, frame.link, tunnels);
    };
    if (const auto verdict = handle_carriers(packet, again)) return *verdict;
  }
  if (judge_.has_passed(packet, arrival.lookup, arrival_of(frame))) {
    io::FrameVerdict& verdict = verdicts_[place_of(frame).index];
    return count(executor_.pass_flow(packet, snapshot_->generation, verdict), Reason::flow_passed);
  }
  return packet.is_fragment ? handle_fragment(packet) : handle_packet(packet, arrival.lookup);
}

io::Verdict Worker::handle_unreadable(packet::DecodeError error) noexcept {
  parts_.counters.errors[error_slot(error)].add();
  if (error == packet::DecodeError::not_ip || error == packet::DecodeError::unsupported_link) {
    return count(io::Verdict::pass, Reason::not_ip);
  }
  if (error == packet::DecodeError::unread) {
    judge_.note_unread(frame_->bytes, frame_->link, frame_->time);
    return count(io::Verdict::pass, Reason::unread);
  }
  const Reason reason = packet::is_unjudged(error) ? Reason::too_deep : Reason::malformed;
  const bool drops = fallback_for(snapshot_->fallbacks, reason) == policy::Fallback::drop;
  return count(drops && enforce_ ? io::Verdict::drop : io::Verdict::pass, reason);
}

// From the inside out.
std::optional<io::Verdict> Worker::handle_carriers(const packet::Packet& packet,
                                                   DecodeAgain decode) noexcept {
  unsigned depth = packet.tunnels;
  unsigned left = packet.carriers;
  while (left > 0 && depth > 0) {
    const auto outside = decode(parts_.tunnels.at_most(depth - 1));
    if (!outside || outside->tunnels >= depth) break;
    depth = outside->tunnels;
    const bool is_carrier = outside->carriers < left;
    left = outside->carriers;
    if (!is_carrier || outside->transport != packet::Transport::udp) continue;
    const policy::DnsScope& dns = snapshot_->dns;
    const bool is_dns = dns.has(outside->source_port) || dns.has(outside->destination_port);
    const Judgement judgement = judge_.judge(*outside, {}, arrival_of(*frame_));
    if (is_dns || !judgement.passes()) return execute(judgement, *outside);
  }
  return std::nullopt;
}

io::Verdict Worker::handle_packet(const packet::Packet& packet, const FlowLookup& lookup) noexcept {
  return execute(judge_.judge(packet, lookup, arrival_of(*frame_)), packet);
}

io::Verdict Worker::execute(const Judgement& judgement, const packet::Packet& packet) noexcept {
  const FramePlace place = place_of(*frame_);
  io::FrameVerdict& verdict = verdicts_[place.index];
  executor_.execute(judgement, packet, place, snapshot_->generation, verdict);
  if (!io::passes(verdict.verdict) && is_unjudged(judgement.reason)) {
    note_unjudged(packet, judgement.reason);
  }
  return count(verdict.verdict, judgement.reason);
}

Arrival Worker::arrival_of(const io::Frame& frame) const noexcept {
  return {frame.time, knows_sides_ ? std::optional(frame.side) : std::nullopt, frame.checksum};
}

FramePlace Worker::place_of(const io::Frame& frame) const noexcept {
  return {frame.side, static_cast<std::size_t>(&frame - batch_.frames.data())};
}

io::Verdict Worker::handle_fragment(const packet::Packet& part) noexcept {
  const bool verify = verifies(*snapshot_, frame_->checksum);
  const auto refuse = [&](Reason reason) {
    if (enforce_ && is_unjudged(reason)) note_unjudged(part, reason);
    return count(enforce_ ? io::Verdict::drop : io::Verdict::pass, reason);
  };
  switch (fragments_.take(part, frame_->time, verify)) {
    case fragment::Outcome::not_of_interest:
      return count(io::Verdict::pass, Reason::not_of_interest);
    case fragment::Outcome::incomplete:
      return count(io::Verdict::pass, Reason::fragment);
    case fragment::Outcome::malformed:
      return refuse(Reason::fragment_malformed);
    case fragment::Outcome::bad_checksum:
      return refuse(Reason::bad_checksum);
    case fragment::Outcome::conflicting:
      return refuse(Reason::fragment_conflict);
    case fragment::Outcome::refused:
      return refuse(Reason::fragment_refused);
    case fragment::Outcome::evicted:
      break;
    case fragment::Outcome::whole:
      return handle_whole();
  }
  return handle_packet(part, {});  // as a fragment, which the judge knows what to do with
}

io::Verdict Worker::handle_whole() noexcept {
  const auto whole = fragments_.whole(parts_.tunnels);
  FlowLookup lookup;
  if (whole) judge_.look_up(*whole, lookup);
  std::optional<io::Verdict> verdict;
  if (whole && whole->carriers > 0) {
    verdict =
        handle_carriers(*whole, [&](packet::Tunnels tunnels) { return fragments_.whole(tunnels); });
  }
  if (!verdict) verdict = whole ? handle_packet(*whole, lookup) : handle_unreadable(whole.error());
  fragments_.settle(io::passes(*verdict));
  return *verdict;
}

void Worker::on_parse_error(inspect::ParseError error) noexcept {
  parts_.counters.errors[error_slot(error)].add();
}

void Worker::on_finding(const packet::Packet& packet, const inspect::Finding& finding,
                        const policy::Decision& decision) noexcept {
  parts_.counters.findings.add();
  if (parts_.sample != nullptr && decision.policy.valid() && is_asked_for(finding.source)) {
    parts_.sample->offer(finding.name, snapshot_->policies.name_of(decision.policy), newest_);
  }
  if (decision.rule.valid()) {
    const std::size_t app = std::min<std::size_t>(decision.app.index, telemetry::kApps - 1);
    parts_.counters
        .decisions[app][static_cast<std::size_t>(finding.protocol)]
                  [static_cast<std::size_t>(decision.action)]
        .add();
    if (decision.action != policy::Action::allow) audit(packet, finding, decision, Kind::decided);
  }
  if (parts_.observer != nullptr) {
    parts_.observer->observe(*frame_, packet, finding, decision, *snapshot_);
  }
}

void Worker::on_shadow(const packet::Packet& packet, const inspect::Finding& finding,
                       const policy::Decision& would) noexcept {
  const auto slot = snapshot_->policies.shadow_slot(would.policy);
  const std::size_t app = std::min<std::size_t>(would.app.index, telemetry::kApps - 1);
  if (slot) parts_.counters.shadows[*slot][app][static_cast<std::size_t>(would.action)].add();
  audit(packet, finding, would, Kind::shadow);
}

telemetry::AuditRecord* Worker::reserve_record() noexcept {
  telemetry::AuditRecord* const record = parts_.audit->reserve();
  if (record == nullptr) parts_.counters.audit_lost.add();
  return record;
}

void Worker::audit(const packet::Packet& packet, const inspect::Finding& finding,
                   const policy::Decision& decision, Kind kind) noexcept {
  if (parts_.audit == nullptr) return;
  telemetry::AuditRecord* const record = reserve_record();
  if (record == nullptr) return;
  const match::DomainSet& domains = snapshot_->domains;
  const match::RuleId entry = decision.rule.valid() ? decision.rule : decision.exception;
  const match::Rule rule = domains.rule(entry);
  std::array<char, name::kMaxTextBytes> text;
  record->time = frame_->time;
  record->app.assign(domains.app_name(decision.app));
  match::RuleText rule_text;
  record->rule.assign(match::rule_text(domains, entry, rule_text));
  record->list.assign(domains.list_name(rule.list));
  record->list_version.assign(domains.list_version(rule.list));
  record->line = rule.line;
  const bool by_address = finding.source == inspect::Source::address;
  record->name.assign(by_address ? finding.raw : name::to_text(finding.name, text));
  record->asked.assign(finding.asked == nullptr ? "" : name::to_text(*finding.asked, text));
  record->evidence = finding.evidence;
  record->protocol.assign(to_string(finding.protocol));
  record->action.assign(to_string(decision.action));
  record->policy.assign(snapshot_->policies.name_of(decision.policy));
  const inspect::Ends ends = inspect::ends_of(packet, finding);
  record->client = ends.client;
  record->server = ends.server;
  record->unjudged = {};
  record->is_shadow = kind == Kind::shadow;
  record->transport = packet.transport == packet::Transport::udp ? "udp" : "tcp";
  parts_.audit->commit();
}

void Worker::note_unjudged(const packet::Packet& packet, Reason reason) noexcept {
  if (parts_.audit == nullptr) return;
  // The server's acknowledgment tells of its client's bytes; all else is from clients, save
  // answers.
  const bool from_server =
      reason == Reason::unjudged_acknowledged || snapshot_->dns.has(packet.source_port);
  Endpoint client{packet.source, packet.source_port};
  Endpoint server{packet.destination, packet.destination_port};
  if (from_server) std::swap(client, server);
  const bool written = unjudged_.note({client, server, packet.transport, reason}, frame_->time,
                                      [this](const Unjudged& drop) { audit(drop); });
  if (!written) parts_.counters.audit_suppressed.add();
}

void Worker::audit(const Unjudged& drop) noexcept {
  telemetry::AuditRecord* const record = reserve_record();
  if (record == nullptr) return;
  *record = {};
  record->time = newest_;
  record->action.assign(to_string(policy::Action::drop));
  record->client = drop.client;
  record->server = drop.server;
  record->transport = drop.transport == packet::Transport::udp   ? "udp"
                      : drop.transport == packet::Transport::tcp ? "tcp"
                                                                 : "";
  record->unjudged = to_string(drop.reason);
  record->suppressed = drop.suppressed;
  parts_.audit->commit();
}

void Worker::publish_levels() noexcept {
  auto& counters = parts_.counters;
  const Judge::Usage usage = judge_.usage();
  counters.flows.set(usage.flows);
  counters.streams.set(usage.streams);
  counters.fragmented.set(fragments_.collecting());
  counters.fragments_evicted.set(fragments_.evicted());
  counters.quic_flows.set(usage.hello_flows);
  counters.quic_streams.set(usage.hello_streams);
  counters.flows_created.set(judge_.flows_created());
  counters.overlaps.set(judge_.overlaps());
  counters.examined.set(judge_.examined());
  counters.leases.set(judge_.evidence().leases().leases());
  counters.innocent_addresses.set(judge_.evidence().leases().innocents());
  counters.leases_evicted.set(judge_.evidence().leases().evicted());
  counters.evidence_lost.set(judge_.evidence().lost());
  counters.address_guarded.set(judge_.evidence().guarded());
  if (parts_.ties != nullptr) {
    counters.ties.set(parts_.ties->table().noted());
    counters.ties_refused.set(parts_.ties->table().refused());
  }
  for (std::size_t i = 0; i < flow::kRemovals; ++i) {
    counters.removals[i].set(judge_.removals(static_cast<flow::Removal>(i)));
  }
  const io::DataplaneCounts counts = parts_.dataplane.counts();
  counters.dataplane_lost.set(counts.lost_before_us);
  counters.dataplane_send_failed.set(counts.send_failed);
  counters.dataplane_oversize.set(counts.oversize);
  counters.native_ports.set(counts.native_ports);
  counters.kernel_passed.set(counts.passed_itself);
  counters.kernel_dropped.set(counts.dropped_itself);
  counters.failed_open.set(counts.failed_open);
  counters.failed_closed.set(counts.failed_closed);
  counters.entries_failed.set(counts.entry_failed);
}

}  // namespace sluice::engine
