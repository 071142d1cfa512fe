#include "gateway/app/status_report.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/cli/command_line.h"
#include "gateway/dataplane/interfaces/check.h"
#include "gateway/engine/labels.h"
#include "lists/bundle/manifest.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using Time = std::chrono::system_clock::time_point;

// Seconds since `then`; null: never.
Json age(Time now, Time then) {
  if (then.time_since_epoch().count() == 0) return nullptr;
  return std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(now - then).count(), 0);
}

Json lists_of(const telemetry::ListsStatus& status, Time now) {
  Json lists = Json::array();
  for (const telemetry::ListStatus& list : status.lists) {
    lists.push_back({{"list", list.name},
                     {"app", list.app},
                     {"version", list.version},
                     {"entries", list.entries},
                     {"refused_lines", list.refused},
                     {"exceptions", list.exceptions},
                     {"age_seconds", age(now, list.modified)}});
  }
  return lists;
}

Json zones_of(const Gateway& gateway) {
  Json zones = Json::array();
  for (const telemetry::ZoneStatus& zone : gateway.zones()) {
    zones.push_back({{"list", zone.list},
                     {"serial", zone.serial},
                     {"records", zone.records},
                     {"seen_seconds", age(gateway.now(), zone.seen)}});
  }
  return zones;
}

Json sources_of(const Gateway& gateway) {
  Json sources = Json::array();
  for (const telemetry::SourceStatus& source : gateway.sources()) {
    sources.push_back({{"source", source.source},
                       {"version", source.version},
                       {"rolled_back", source.pinned},
                       {"seen_seconds", age(gateway.now(), source.seen)}});
  }
  return sources;
}

Json timed_of(const telemetry::ListsStatus& status) {
  Json timed = Json::array();
  for (const telemetry::TimedStatus& it : status.timed) {
    timed.push_back({{"kind", it.kind}, {"name", it.name}, {"in_force", it.in_force}});
  }
  return timed;
}

Json totals_of(const telemetry::Totals& totals) {
  Json object;
#define SLUICE_X(name, metric, help) object[#name] = totals.name;
  SLUICE_COUNTERS(SLUICE_X)
  SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
  return object;
}

Json verdicts_of(const std::vector<const telemetry::WorkerCounters*>& workers) {
  const telemetry::Labels labels = engine::labels();
  Json object;
  for (std::size_t verdict = 0; verdict < labels.verdicts.size(); ++verdict) {
    std::uint64_t count = 0;
    for (const auto* worker : workers) {
      for (const telemetry::Counter& counter : worker->verdicts.at(verdict)) {
        count += counter.value();
      }
    }
    object[labels.verdicts[verdict]] = count;
  }
  return object;
}

std::uint64_t count_of(const telemetry::TimeHistogram& times) {
  std::uint64_t count = 0;
  for (const telemetry::Counter& bucket : times.buckets) count += bucket.value();
  return count;
}

Json policies_of(const telemetry::Activity* activity) {
  Json array = Json::array();
  if (activity == nullptr) return array;
  for (const auto& it : activity->policies()) {
    array.push_back({{"policy", it.policy}, {"action", it.action}, {"count", it.count}});
  }
  return array;
}

Json workers_of(const std::vector<const telemetry::WorkerCounters*>& workers) {
  Json array = Json::array();
  for (const auto* worker : workers) {
    array.push_back({{"packets", worker->packets.value()},
                     {"bytes", worker->bytes.value()},
                     {"lost", worker->dataplane_lost.value()},
                     {"sampled", count_of(worker->packet_time)},
                     {"sampled_nanos", worker->packet_time.sum_nanos.value()}});
  }
  return array;
}

Json decisions_of(const Gateway& gateway) {
  Json array = Json::array();
  for (const telemetry::DecisionCount& it : gateway.metrics().decisions()) {
    array.push_back(
        {{"app", it.app}, {"protocol", it.protocol}, {"action", it.action}, {"count", it.count}});
  }
  return array;
}

Json last_reload_of(const Gateway& gateway) {
  const auto& last = gateway.last_reload();
  if (!last) return nullptr;
  return {{"result", to_string(last->result)},
          {"at", lists::time_text(last->at)},
          {"reason", last->text}};
}

Json dataplane_of(const config::StartSettings& start) {
  return {{"type", io::to_string(start.dataplane)},
          {"inside", start.inside},
          {"outside", start.outside},
          {"workers", start.workers}};
}

std::string_view word_of(policy::Fallback fallback) {
  return fallback == policy::Fallback::pass ? "pass" : "drop";
}

Json fail_mode_of(const Gateway& gateway) {
  const config::StartSettings& start = gateway.start();
  const policy::Fallbacks fallbacks = gateway.snapshot()->fallbacks;
  // A bridge in user space forwards nothing while nobody is at work.
  const bool is_open =
      start.dataplane != io::Kind::pcap && start.xdp.on_failure == io::OnFailure::open;
  return {{"without_worker", is_open ? "open" : "closed"},
          {"malformed", word_of(fallbacks.malformed)},
          {"unjudged", word_of(fallbacks.unjudged)},
          {"fragments", word_of(fallbacks.fragments)},
          {"quic_unknown", word_of(fallbacks.quic_unknown)}};
}

}  // namespace

Json status_of(const Gateway& gateway) {
  const telemetry::ListsStatus& lists = gateway.lists();
  const auto workers = gateway.workers().counters();
  const auto ailments = gateway.ailments();
  Json reasons = Json::array();
  for (const Ailment& ailment : ailments) {
    reasons.push_back({{"code", ailment.code}, {"text", ailment.text}});
  }
  Json status;
  status["health"] = ailments.empty() ? "healthy" : "degraded";
  status["reasons"] = std::move(reasons);
  status["version"] = cli::version();
  status["process"] = ::getpid();
  status["uptime_seconds"] = std::chrono::floor<std::chrono::seconds>(gateway.uptime()).count();
  status["dataplane"] = dataplane_of(gateway.start());
  status["fail_mode"] = fail_mode_of(gateway);
  status["generation"] = gateway.generation();
  status["reloading"] = gateway.is_reloading();
  status["last_reload"] = last_reload_of(gateway);
  status["rules"] = lists.rules;
  status["lists"] = lists_of(lists, gateway.now());
  status["zones"] = zones_of(gateway);
  status["sources"] = sources_of(gateway);
  status["timed"] = timed_of(lists);
  status["next_change"] = lists.next_change ? Json(lists::time_text(*lists.next_change)) : Json();
  status["minute"] = totals_of(gateway.last_minute());
  status["totals"] = totals_of(gateway.statistics());
  status["verdicts"] = verdicts_of(workers);
  status["decisions"] = decisions_of(gateway);
  status["policies"] = policies_of(gateway.activity());
  status["workers"] = workers_of(workers);
  return status;
}

}  // namespace sluice::app
