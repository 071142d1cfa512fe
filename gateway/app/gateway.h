#pragma once

// The running gateway: owns workers, the ban in force, reload, metrics, audit trail and resolver.
//
//   main thread: event loop (signals, timers, descriptors)    worker-N: frames
//   reload: compiles lists, while a reload is under way       audit: JSON lines
//   resolver: addresses of banned names                       the exposer's: /metrics
//   source-N: zone transfers, downloads, folders
//
// Signals: SIGINT and SIGTERM stop it. SIGHUP reloads and opens the audit file again. SIGUSR2 does
// so and accepts a ban that reload_guard.h would refuse. SIGUSR1 only opens the audit file again.
// Reload: builds the next ban in the background. If anything is wrong, or it would lift the ban,
// the old one stays in force, with a log line and a metric. Threads: all functions are for the
// thread that runs it, unless they say otherwise.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/app/ban_builder.h"
#include "gateway/app/dataplanes.h"
#include "gateway/app/event_loop.h"
#include "gateway/app/gateway_log.h"
#include "gateway/app/health.h"
#include "gateway/app/reloader.h"
#include "gateway/app/setup.h"
#include "gateway/app/sources.h"
#include "gateway/app/suggester.h"
#include "gateway/app/timetable.h"
#include "gateway/app/workers.h"
#include "gateway/config/config.h"
#include "gateway/config/timetable.h"
#include "gateway/endpoints/resolver.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/tie_table.h"
#include "gateway/service/service_manager.h"
#include "gateway/telemetry/activity.h"
#include "gateway/telemetry/audit_writer.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

class Gateway {
 public:
  struct Options {
    config::StartSettings start;
    DataplaneSource dataplanes;
    Ban ban;                  // in force until the first reload
    Reloader::Build rebuild;  // for a reload: reads the configuration and the lists
    // Both may be missing: `rebuild` then does all that is wanted, always.
    std::shared_ptr<BanBuilder> builder;  // what `rebuild` calls
    std::shared_ptr<Sources> sources;     // not started yet
    // For schedules.
    std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
    service::ServiceManager service;  // who wants to know how we are; default: nobody
    // From any thread, also after the gateway has ended; empty: links are not watched.
    std::function<std::vector<telemetry::LinkStatus>()> links;
  };

  // Opens everything, the interfaces last. Call before other threads start: it blocks the signals.
  // Error: lines for the operator.
  [[nodiscard]] static Result<std::unique_ptr<Gateway>, std::string> open(Options options);

  // Until a signal, stop(), or the end of a worker. Waits for the reload under way; the workers
  // serve traffic until then. Error: why a dataplane failed. REQUIRES: not called before.
  [[nodiscard]] Result<void, std::string> run();
  void stop() noexcept { loop_->stop(); }  // from any thread

  // `accepted`: whatever reload_guard.h says of it.
  void reload(bool accepted = false);
  [[nodiscard]] bool is_reloading() const noexcept { return reloader_->is_busy(); }
  // Called when a reload has ended, whoever asked for it.
  void on_reload(std::function<void(const ReloadReport&)> task) { on_reload_ = std::move(task); }

  // Others add their descriptors here.
  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }
  // Of the ban in force: 1 at the start, one more with each reload that succeeds.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] const telemetry::ListsStatus& lists() const noexcept { return lists_; }
  [[nodiscard]] telemetry::Totals statistics() const;
  [[nodiscard]] std::string metrics_text() const { return metrics_.text(); }

  // For operators (control_desk.h, console_desk.h).
  [[nodiscard]] const config::StartSettings& start() const noexcept { return options_.start; }
  [[nodiscard]] std::shared_ptr<const engine::Snapshot> snapshot() const {
    return snapshots_.newest();
  }
  // In force; null: the ban was made without any.
  [[nodiscard]] const std::shared_ptr<const config::LiveSettings>& settings() const noexcept {
    return settings_;
  }
  // Null without a control socket and a console.
  [[nodiscard]] const telemetry::Activity* activity() const noexcept { return activity_.get(); }
  [[nodiscard]] const telemetry::Metrics& metrics() const noexcept { return metrics_; }
  [[nodiscard]] const Workers& workers() const noexcept { return workers_; }
  // The last one that changed or should have changed something.
  [[nodiscard]] const std::optional<ReloadReport>& last_reload() const noexcept {
    return last_reload_;
  }
  [[nodiscard]] std::vector<telemetry::ZoneStatus> zones() const;
  [[nodiscard]] std::vector<telemetry::SourceStatus> sources() const;
  [[nodiscard]] telemetry::Totals last_minute() const;
  [[nodiscard]] std::vector<Ailment> ailments() const;
  [[nodiscard]] std::chrono::system_clock::time_point now() const { return options_.clock(); }
  [[nodiscard]] std::chrono::steady_clock::duration uptime() const {
    return std::chrono::steady_clock::now() - opened_;
  }

 private:
  Gateway(Options options, std::unique_ptr<EventLoop> loop);
  Result<void, std::string> open_parts();
  Result<void, std::string> open_audit();
  Result<void, std::string> open_resolver();
  Result<void, std::string> open_suggester();
  Result<void, std::string> add_to_loop();
  Result<void, std::string> start_sources();
  Result<void, std::string> add_watchdog();
  void say_ready() const;
  void take_event(Sources::Event event);
  void take_zone(const std::string& list, lists::Fetched fetched);
  void finish_reload(Reloader::Outcome outcome);
  ReloadReport take_ban(Reloader::Outcome outcome);
  [[nodiscard]] Reloader::Outcome build();
  // Why it may not be published; nothing: it may.
  [[nodiscard]] std::optional<std::string> refusal_of(const Ban& next);
  void publish(Ban ban);
  void publish(const std::shared_ptr<engine::Snapshot>& snapshot);
  // Policies and lists as of now. `resolved_at`: when the snapshot's policies were.
  void set_to_clock(engine::Snapshot& snapshot, std::optional<schedule::Time> resolved_at);
  void look_at_clock();
  void keep_house();
  void keep_suggestions();
  void reopen_audit() noexcept;
  void note_update(const char* result);
  [[nodiscard]] telemetry::AuditStatus audit_status() const;

  // Destroyed in the reverse order: what reads or calls others comes after them.
  Options options_;
  std::unique_ptr<EventLoop> loop_;
  const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
  std::uint64_t generation_ = 1;
  std::shared_ptr<const config::LiveSettings> settings_;  // in force; null: nothing is scheduled
  std::vector<config::Timed> timed_;                      // as published
  BannedApps banned_;                                     // of the lists in force
  Timetable timetable_;
  telemetry::ListsStatus lists_;
  engine::SnapshotCell snapshots_;
  // Earlier snapshots that somebody may still hold. Freeing one takes long, so no worker may be the
  // last to let go of it.
  std::vector<std::shared_ptr<const engine::Snapshot>> retired_;
  endpoints::ResolutionsCell resolutions_;
  telemetry::ResolverCounters resolver_counters_;
  Workers workers_;
  std::unique_ptr<telemetry::Activity> activity_;  // null: nobody asks for it
  std::unique_ptr<telemetry::AuditWriter> audit_;  // null: nobody wants records
  telemetry::Metrics metrics_;
  OversizeWarning oversize_;
  LastMinute last_minute_;
  std::optional<ReloadReport> last_reload_;
  std::function<void(const ReloadReport&)> on_reload_;
  std::unique_ptr<engine::TieTable> resolver_ties_;  // what the resolver finds; null: nobody asks
  std::unique_ptr<endpoints::Resolver> resolver_;    // null: not configured
  std::optional<Suggester> suggester_;               // none: no suggestions
  bool suggestions_fail_ = false;                    // the last write did
  std::unique_ptr<Reloader> reloader_;
};

}  // namespace sluice::app
