#include "gateway/telemetry/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <map>
#include <mutex>

#include "gateway/telemetry/metric_family.h"
#include "gateway/telemetry/process_metrics.h"

namespace sluice::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Counts of shadows of one policy and app, by action.
using ShadowCounts = std::array<std::uint64_t, kActions>;
using PolicyAndApp = std::pair<std::string, std::string>;

// Counts of one app, by protocol and action.
using DecisionCounts = std::array<std::array<std::uint64_t, kActions>, kProtocols>;

// In civetweb's words. Who is in no prefix is refused when it connects. It refuses prefixes of
// another family than the address that it listens on.
std::string filter_of(const std::vector<IpPrefix>& allowed, bool v6) {
  std::string filter = v6 ? "-::/0" : "-0.0.0.0/0";
  for (const IpPrefix& prefix : allowed) {
    if (prefix == IpPrefix{}) return v6 ? "+::/0" : "+0.0.0.0/0";  // every address of both
    if (prefix.address().is_v4() != v6) filter += ",+" + prefix.to_string();
  }
  return filter;
}

}  // namespace

struct Metrics::State final : prometheus::Collectable {
  State(Labels all_labels, Sources all_sources)
      : labels(std::move(all_labels)), sources(std::move(all_sources)) {}

  // Sum over all workers of what `pick` takes from one.
  template <typename Pick>
  [[nodiscard]] std::uint64_t total(Pick&& pick) const {
    std::uint64_t total = 0;
    for (const WorkerCounters* worker : sources.workers) total += pick(*worker).value();
    return total;
  }
  template <typename Pick>
  [[nodiscard]] double sum(Pick&& pick) const {
    return static_cast<double>(total(std::forward<Pick>(pick)));
  }
  // "*" is the last one and has its own slot, after the slots of all possible apps.
  [[nodiscard]] std::size_t slot_of(std::size_t index) const {
    return index + 1 == lists.apps.size() ? kApps - 1 : index;
  }
  // Of the app at `index` of `lists.apps`, under every list that has been in force.
  [[nodiscard]] DecisionCounts decisions_of(std::size_t index) const;
  // Call before the lists change: other lists may give the slot to another app.
  void settle_decisions(const std::vector<std::string>& next_apps);
  // The same for shadows, of the policy in a slot.
  [[nodiscard]] ShadowCounts shadows_of(std::size_t slot, std::size_t index) const;
  void settle_shadows(const ListsStatus& next);

  [[nodiscard]] std::vector<MetricFamily> Collect() const override;
  void collect_plain(std::vector<MetricFamily>& families) const;
  [[nodiscard]] MetricFamily packets() const;
  [[nodiscard]] MetricFamily decisions() const;
  [[nodiscard]] MetricFamily shadows() const;
  [[nodiscard]] MetricFamily errors() const;
  [[nodiscard]] MetricFamily evictions() const;
  [[nodiscard]] MetricFamily packet_time() const;
  void collect_lists(std::vector<MetricFamily>& families) const;
  void collect_zones(std::vector<MetricFamily>& families) const;
  void collect_sources(std::vector<MetricFamily>& families) const;
  void collect_audit(std::vector<MetricFamily>& families) const;
  void collect_links(std::vector<MetricFamily>& families) const;

  const Labels labels;
  const Sources sources;
  const std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  mutable std::mutex mutex;  // guards all below
  ListsStatus lists;
  std::map<std::string, DecisionCounts> settled;      // by app: counts under earlier lists
  std::array<DecisionCounts, kApps> settled_slots{};  // what `settled` includes of each slot
  std::map<PolicyAndApp, ShadowCounts> settled_shadows;
  std::array<std::array<ShadowCounts, kApps>, kShadowSlots> settled_shadow_slots{};
  std::uint64_t reloads_ok = 0;
  std::uint64_t reloads_failed = 0;
  std::uint64_t reloads_refused = 0;
  std::vector<ReloadRefusal> refusals;  // of the last reload
  bool last_reload_ok = true;
  std::unique_ptr<prometheus::Exposer> exposer;
};

std::vector<MetricFamily> Metrics::State::Collect() const {
  const std::lock_guard lock(mutex);
  std::vector<MetricFamily> families = process_metrics(started);
  auto build = family("sluice_build_info", "1: the version that runs", MetricType::Gauge);
  add(build, {{"version", SLUICE_VERSION}}, 1);
  families.push_back(std::move(build));
  collect_plain(families);
  families.push_back(packets());
  families.push_back(decisions());
  families.push_back(shadows());
  families.push_back(errors());
  families.push_back(evictions());
  families.push_back(packet_time());
  collect_lists(families);
  if (sources.zones) collect_zones(families);
  if (sources.lists) collect_sources(families);
  if (sources.audit) collect_audit(families);
  if (sources.links) collect_links(families);
  return families;
}

void Metrics::State::collect_plain(std::vector<MetricFamily>& families) const {
  const auto add_single = [&](const char* name, const char* help, MetricType type,
                              std::uint64_t value) {
    families.push_back(single(name, help, type, static_cast<double>(value)));
  };
  const Totals totals = total_of(sources.workers);
  const ResolverCounters& resolver = *sources.resolver;
#define SLUICE_X(member, metric, help) add_single(metric, help, MetricType::Counter, totals.member);
  SLUICE_COUNTERS(SLUICE_X)
#undef SLUICE_X
#define SLUICE_X(member, metric, help) add_single(metric, help, MetricType::Gauge, totals.member);
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
#define SLUICE_X(member, metric, help) \
  add_single(metric, help, MetricType::Counter, resolver.member.value());
  SLUICE_RESOLVER_COUNTERS(SLUICE_X)
#undef SLUICE_X
#define SLUICE_X(member, metric, help) \
  add_single(metric, help, MetricType::Gauge, resolver.member.value());
  SLUICE_RESOLVER_GAUGES(SLUICE_X)
#undef SLUICE_X
}

MetricFamily Metrics::State::packets() const {
  auto packets =
      family("sluice_packets_total", "Packets by verdict and reason", MetricType::Counter);
  for (std::size_t v = 0; v < kVerdicts; ++v) {
    for (std::size_t r = 0; r < labels.reasons.size(); ++r) {
      const double count = sum([&](const auto& worker) -> auto& { return worker.verdicts[v][r]; });
      if (count == 0) continue;  // most pairs are impossible
      add(packets, {{"verdict", labels.verdicts[v]}, {"reason", labels.reasons[r]}}, count);
    }
  }
  return packets;
}

MetricFamily Metrics::State::decisions() const {
  auto decisions =
      family("sluice_decisions_total", "Names that a rule covers, by app, protocol and action",
             MetricType::Counter);
  for (std::size_t a = 0; a < lists.apps.size(); ++a) {
    const DecisionCounts counts = decisions_of(a);
    for (std::size_t p = 0; p < kProtocols; ++p) {
      for (std::size_t action = 0; action < kActions; ++action) {
        // Drops are exported from zero on, so that rate() has a first value.
        const bool always = labels.actions[action] == "drop" && a + 1 != lists.apps.size();
        if (counts[p][action] == 0 && !always) continue;
        add(decisions,
            {{"app", lists.apps[a]},
             {"protocol", labels.protocols[p]},
             {"action", labels.actions[action]}},
            static_cast<double>(counts[p][action]));
      }
    }
  }
  return decisions;
}

DecisionCounts Metrics::State::decisions_of(std::size_t index) const {
  const auto earlier = settled.find(lists.apps[index]);
  DecisionCounts counts = earlier == settled.end() ? DecisionCounts{} : earlier->second;
  const std::size_t slot = slot_of(index);
  for (std::size_t p = 0; p < kProtocols; ++p) {
    for (std::size_t a = 0; a < kActions; ++a) {
      counts[p][a] +=
          total([&](const auto& worker) -> auto& { return worker.decisions[slot][p][a]; }) -
          settled_slots[slot][p][a];
    }
  }
  return counts;
}

void Metrics::State::settle_decisions(const std::vector<std::string>& next_apps) {
  std::map<std::string, DecisionCounts> next;
  for (std::size_t i = 0; i < lists.apps.size(); ++i) {
    // Counts of removed apps are forgotten: this map must not grow with every reload.
    if (std::ranges::find(next_apps, lists.apps[i]) == next_apps.end()) continue;
    next[lists.apps[i]] = decisions_of(i);
  }
  for (std::size_t slot = 0; slot < kApps && !lists.apps.empty(); ++slot) {
    for (std::size_t p = 0; p < kProtocols; ++p) {
      for (std::size_t a = 0; a < kActions; ++a) {
        settled_slots[slot][p][a] =
            total([&](const auto& worker) -> auto& { return worker.decisions[slot][p][a]; });
      }
    }
  }
  settled = std::move(next);
}

MetricFamily Metrics::State::shadows() const {
  auto shadows = family("sluice_shadow_decisions_total",
                        "Names that policies and lists on trial would have treated otherwise, by "
                        "policy, app and what they would have done",
                        MetricType::Counter);
  for (std::size_t slot = 0; slot < lists.shadow_policies.size(); ++slot) {
    for (std::size_t a = 0; a < lists.apps.size(); ++a) {
      const ShadowCounts counts = shadows_of(slot, a);
      for (std::size_t action = 0; action < kActions; ++action) {
        if (counts[action] == 0) continue;
        add(shadows,
            {{"policy", lists.shadow_policies[slot]},
             {"app", lists.apps[a]},
             {"would", labels.actions[action]}},
            static_cast<double>(counts[action]));
      }
    }
  }
  return shadows;
}

ShadowCounts Metrics::State::shadows_of(std::size_t slot, std::size_t index) const {
  const auto earlier = settled_shadows.find({lists.shadow_policies[slot], lists.apps[index]});
  ShadowCounts counts = earlier == settled_shadows.end() ? ShadowCounts{} : earlier->second;
  const std::size_t app = slot_of(index);
  for (std::size_t a = 0; a < kActions; ++a) {
    counts[a] += total([&](const auto& worker) -> auto& { return worker.shadows[slot][app][a]; }) -
                 settled_shadow_slots[slot][app][a];
  }
  return counts;
}

void Metrics::State::settle_shadows(const ListsStatus& next) {
  std::map<PolicyAndApp, ShadowCounts> kept;
  for (std::size_t slot = 0; slot < lists.shadow_policies.size(); ++slot) {
    const std::string& policy = lists.shadow_policies[slot];
    if (std::ranges::find(next.shadow_policies, policy) == next.shadow_policies.end()) continue;
    for (std::size_t i = 0; i < lists.apps.size(); ++i) {
      if (std::ranges::find(next.apps, lists.apps[i]) == next.apps.end()) continue;
      kept[{policy, lists.apps[i]}] = shadows_of(slot, i);
    }
  }
  for (std::size_t slot = 0; slot < kShadowSlots && !lists.apps.empty(); ++slot) {
    for (std::size_t app = 0; app < kApps; ++app) {
      for (std::size_t a = 0; a < kActions; ++a) {
        settled_shadow_slots[slot][app][a] =
            total([&](const auto& worker) -> auto& { return worker.shadows[slot][app][a]; });
      }
    }
  }
  settled_shadows = std::move(kept);
}

MetricFamily Metrics::State::errors() const {
  auto errors = family("sluice_parse_errors_total",
                       "Packets and messages that could not be parsed, by layer and reason",
                       MetricType::Counter);
  for (std::size_t i = 0; i < labels.errors.size(); ++i) {
    if (labels.errors[i].reason.empty()) continue;
    add(errors, {{"layer", labels.errors[i].layer}, {"reason", labels.errors[i].reason}},
        sum([&](const auto& worker) -> auto& { return worker.errors[i]; }));
  }
  return errors;
}

MetricFamily Metrics::State::evictions() const {
  auto evictions = family("sluice_flow_evictions_total",
                          "TCP flows removed from the table, by reason", MetricType::Counter);
  for (std::size_t i = 0; i < kRemovals; ++i) {
    add(evictions, {{"reason", labels.removals[i]}},
        sum([&](const auto& worker) -> auto& { return worker.removals[i]; }));
  }
  return evictions;
}

MetricFamily Metrics::State::packet_time() const {
  constexpr double kNanos = 1e-9;
  auto times = family("sluice_packet_processing_seconds",
                      "Time from frame to verdict, of a sample of packets", MetricType::Histogram);
  ClientMetric metric;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= kTimeBounds.size(); ++i) {
    cumulative += static_cast<std::uint64_t>(
        sum([&](const auto& worker) -> auto& { return worker.packet_time.buckets[i]; }));
    const double bound = i < kTimeBounds.size() ? static_cast<double>(kTimeBounds[i]) * kNanos
                                                : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum =
      kNanos * sum([](const auto& worker) -> auto& { return worker.packet_time.sum_nanos; });
  times.metric.push_back(std::move(metric));
  return times;
}

void Metrics::State::collect_lists(std::vector<MetricFamily>& families) const {
  auto info = family("sluice_list_info", "Lists in force and their versions", MetricType::Gauge);
  auto entries =
      family("sluice_list_entries", "Entries of a list that are in force", MetricType::Gauge);
  auto refused =
      family("sluice_list_refused_lines", "Lines of a list that were refused", MetricType::Gauge);
  auto age = family("sluice_list_age_seconds", "Time since the file of a list was changed",
                    MetricType::Gauge);
  const auto now = std::chrono::system_clock::now();
  for (const ListStatus& list : lists.lists) {
    add(info, {{"list", list.name}, {"app", list.app}, {"version", list.version}}, 1);
    add(entries, {{"list", list.name}}, static_cast<double>(list.entries));
    add(refused, {{"list", list.name}}, static_cast<double>(list.refused));
    add(age, {{"list", list.name}}, std::chrono::duration<double>(now - list.modified).count());
  }
  for (auto* part : {&info, &entries, &refused, &age}) families.push_back(std::move(*part));
  families.push_back(single("sluice_rules", "Rules in force", MetricType::Gauge,
                            static_cast<double>(lists.rules)));
  families.push_back(single("sluice_domain_set_bytes", "Memory that the rules occupy",
                            MetricType::Gauge, static_cast<double>(lists.memory_bytes)));
  auto reloads = family("sluice_reloads_total", "Reloads by result", MetricType::Counter);
  add(reloads, {{"result", "ok"}}, static_cast<double>(reloads_ok));
  add(reloads, {{"result", "failed"}}, static_cast<double>(reloads_failed));
  add(reloads, {{"result", "refused"}}, static_cast<double>(reloads_refused));
  families.push_back(std::move(reloads));
  auto refusals_now =
      family("sluice_reload_refused",
             "1 for each list for which the last reload was refused, and why", MetricType::Gauge);
  for (const ReloadRefusal& refusal : refusals) {
    add(refusals_now, {{"list", refusal.list}, {"reason", refusal.reason}}, 1);
  }
  families.push_back(std::move(refusals_now));
  auto timed = family("sluice_schedule_in_force",
                      "1 while a policy with hours, or a list with a validity, is in force",
                      MetricType::Gauge);
  for (const TimedStatus& it : lists.timed) {
    add(timed, {{"kind", it.kind}, {"name", it.name}}, it.in_force ? 1 : 0);
  }
  families.push_back(std::move(timed));
  auto next = family("sluice_schedule_next_change_timestamp_seconds",
                     "When one of them changes; no value: not within two weeks", MetricType::Gauge);
  if (lists.next_change) {
    add(next, {}, static_cast<double>(lists.next_change->time_since_epoch().count()));
  }
  families.push_back(std::move(next));
  families.push_back(single("sluice_ban_in_force",
                            "1 if some traffic can be blocked at this time, 0 if nothing is banned",
                            MetricType::Gauge, lists.bans_nothing_now.empty() ? 1 : 0));
  families.push_back(single("sluice_reload_last_ok", "1 unless the last reload failed",
                            MetricType::Gauge, last_reload_ok ? 1 : 0));
}

void Metrics::State::collect_zones(std::vector<MetricFamily>& families) const {
  auto serial = family("sluice_zone_serial", "Serial of the zone on disk", MetricType::Gauge);
  auto records = family("sluice_zone_records", "Records of the zone", MetricType::Gauge);
  auto age = family("sluice_zone_age_seconds",
                    "Time since a primary had this serial; no value before the first transfer",
                    MetricType::Gauge);
  auto expired = family("sluice_zone_expired",
                        "1 if no primary was heard for longer than the SOA's expire; it holds on",
                        MetricType::Gauge);
  auto transfers =
      family("sluice_zone_transfers_total", "Transfers that were taken", MetricType::Counter);
  auto refused = family("sluice_zone_refusals_total",
                        "Transfers that failed or were refused, by reason", MetricType::Counter);
  auto notifies = family("sluice_zone_notifies_total", "NOTIFY messages", MetricType::Counter);
  const auto now = std::chrono::system_clock::now();
  for (const ZoneStatus& zone : sources.zones()) {
    add(serial, {{"list", zone.list}}, zone.serial);
    add(records, {{"list", zone.list}}, static_cast<double>(zone.records));
    const bool known = zone.seen.time_since_epoch().count() != 0;
    if (known) {
      add(age, {{"list", zone.list}}, std::chrono::duration<double>(now - zone.seen).count());
    }
    add(expired, {{"list", zone.list}}, known && now - zone.seen > zone.expire ? 1 : 0);
    const auto add_count = [&](MetricFamily& to, const char* label, const std::string& value,
                               std::uint64_t count) {
      add(to, {{"list", zone.list}, {label, value}}, static_cast<double>(count));
    };
    add_count(transfers, "kind", "whole", zone.whole);
    add_count(transfers, "kind", "incremental", zone.incremental);
    add_count(notifies, "result", "heard", zone.notifies);
    add_count(notifies, "result", "ignored", zone.notifies_ignored);
    for (const auto& [reason, count] : zone.refusals) add_count(refused, "reason", reason, count);
  }
  for (auto* part : {&serial, &records, &age, &expired, &transfers, &refused, &notifies}) {
    families.push_back(std::move(*part));
  }
}

void Metrics::State::collect_sources(std::vector<MetricFamily>& families) const {
  auto version =
      family("sluice_source_version", "1: the source's version in force", MetricType::Gauge);
  auto age = family("sluice_source_age_seconds",
                    "Time since the source had its newest version; no value before the first one",
                    MetricType::Gauge);
  auto pinned =
      family("sluice_source_pinned", "1 if an operator rolled the source back", MetricType::Gauge);
  auto accepted =
      family("sluice_source_accepted_total", "Versions that came into force", MetricType::Counter);
  auto refused =
      family("sluice_source_refusals_total",
             "Fetches that failed, and versions that were refused, by reason", MetricType::Counter);
  auto until = family("sluice_source_valid_until_timestamp_seconds",
                      "Unix time until which the bundle in force could be taken; no value for "
                      "sources without bundles",
                      MetricType::Gauge);
  auto certificate = family("sluice_source_certificate_expiry_timestamp_seconds",
                            "Unix time at which the certificate of the source's server ends; no "
                            "value before the first answer",
                            MetricType::Gauge);
  const auto now = std::chrono::system_clock::now();
  for (const SourceStatus& it : sources.lists()) {
    if (!it.version.empty()) {
      add(version, {{"source", it.source}, {"version", it.version}}, 1);
    }
    if (it.seen.time_since_epoch().count() != 0) {
      // A clock that was set back makes nothing younger than new.
      add(age, {{"source", it.source}},
          std::max(0.0, std::chrono::duration<double>(now - it.seen).count()));
    }
    for (const auto& [part, time] :
         {std::pair(&until, it.until), {&certificate, it.certificate_until}}) {
      if (!time) continue;
      add(*part, {{"source", it.source}}, static_cast<double>(time->time_since_epoch().count()));
    }
    add(pinned, {{"source", it.source}}, it.pinned ? 1 : 0);
    add(accepted, {{"source", it.source}}, static_cast<double>(it.accepted));
    for (const auto& [reason, count] : it.refusals) {
      add(refused, {{"source", it.source}, {"reason", reason}}, static_cast<double>(count));
    }
  }
  for (auto* part : {&version, &age, &until, &certificate, &pinned, &accepted, &refused}) {
    families.push_back(std::move(*part));
  }
}

void Metrics::State::collect_audit(std::vector<MetricFamily>& families) const {
  auto written = family("sluice_audit_written_total", "Records written to the audit trail",
                        MetricType::Counter);
  auto failed = family("sluice_audit_write_failed_total",
                       "Audit records lost because they could not be written", MetricType::Counter);
  auto copies =
      family("sluice_audit_copies_lost_total",
             "Audit lines that a destination beside the first one lost", MetricType::Counter);
  const AuditStatus status = sources.audit();
  add(written, {}, static_cast<double>(status.written));
  add(failed, {}, static_cast<double>(status.failed));
  families.push_back(std::move(written));
  families.push_back(std::move(failed));
  add(copies, {}, static_cast<double>(status.lost_beside));
  families.push_back(std::move(copies));
}

void Metrics::State::collect_links(std::vector<MetricFamily>& families) const {
  auto up = family("sluice_link_up", "1 while the port is up and has carrier", MetricType::Gauge);
  auto changes = family("sluice_link_changes_total",
                        "How often link_state = propagate took the port down, or put it up",
                        MetricType::Counter);
  for (const LinkStatus& link : sources.links()) {
    add(up, {{"port", link.port}}, link.is_up && link.has_carrier ? 1 : 0);
    add(changes, {{"port", link.port}, {"to", "down"}}, static_cast<double>(link.downs));
    add(changes, {{"port", link.port}, {"to", "up"}}, static_cast<double>(link.ups));
  }
  families.push_back(std::move(up));
  families.push_back(std::move(changes));
}

Metrics::Metrics(Labels labels, Sources sources)
    : state_(std::make_shared<State>(std::move(labels), std::move(sources))) {}

Metrics::~Metrics() {
  // The exposer's threads read the rest of the state: they end first.
  state_->exposer.reset();
}

void Metrics::publish(ListsStatus lists) {
  const std::lock_guard lock(state_->mutex);
  state_->settle_decisions(lists.apps);
  state_->settle_shadows(lists);
  state_->lists = std::move(lists);
}

void Metrics::reload_failed() {
  const std::lock_guard lock(state_->mutex);
  ++state_->reloads_failed;
  state_->last_reload_ok = false;
  state_->refusals.clear();
}

void Metrics::reload_refused(std::vector<ReloadRefusal> refusals) {
  const std::lock_guard lock(state_->mutex);
  ++state_->reloads_refused;
  state_->last_reload_ok = false;
  state_->refusals = std::move(refusals);
}

void Metrics::reload_succeeded() {
  const std::lock_guard lock(state_->mutex);
  ++state_->reloads_ok;
  state_->last_reload_ok = true;
  state_->refusals.clear();
}

Result<void, std::string> Metrics::listen(const std::string& address,
                                          const std::vector<IpPrefix>& allowed) {
  // Half a request holds a thread until the time-out.
  std::vector<std::string> options = {"listening_ports",    address, "num_threads",           "16",
                                      "request_timeout_ms", "2000",  "enable_keep_alive",     "no",
                                      "linger_timeout_ms",  "0",     "keep_alive_timeout_ms", "0"};
  if (!allowed.empty())
    options.insert(options.end(),
                   {"access_control_list", filter_of(allowed, address.starts_with('['))});
  try {
    state_->exposer = std::make_unique<prometheus::Exposer>(std::move(options));
  } catch (const std::exception& error) {
    return fail("cannot serve metrics on " + address + ": " + error.what());
  }
  return {};
}

void Metrics::serve() {
  if (state_->exposer) state_->exposer->RegisterCollectable(state_);
}

std::vector<DecisionCount> Metrics::decisions() const {
  const std::lock_guard lock(state_->mutex);
  const Labels& labels = state_->labels;
  std::vector<DecisionCount> all;
  for (std::size_t i = 0; i < state_->lists.apps.size(); ++i) {
    const DecisionCounts counts = state_->decisions_of(i);
    for (std::size_t p = 0; p < kProtocols; ++p) {
      for (std::size_t a = 0; a < kActions; ++a) {
        if (counts[p][a] == 0) continue;
        all.push_back(
            {state_->lists.apps[i], labels.protocols[p], labels.actions[a], counts[p][a]});
      }
    }
  }
  return all;
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->Collect());
}

}  // namespace sluice::telemetry
