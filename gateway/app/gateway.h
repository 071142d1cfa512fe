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
#include "gateway/app/explain.h"
#include "gateway/app/gateway_log.h"
#include "gateway/app/reloader.h"
#include "gateway/app/setup.h"
#include "gateway/app/sources.h"
#include "gateway/app/timetable.h"
#include "gateway/app/workers.h"
#include "gateway/config/config.h"
#include "gateway/config/timetable.h"
#include "gateway/endpoints/resolver.h"
#include "gateway/engine/snapshot.h"
#include "gateway/service/service_manager.h"
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

  // Others add their descriptors here.
  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }
  // Of the ban in force: 1 at the start, one more with each reload that succeeds.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  [[nodiscard]] const telemetry::ListsStatus& lists() const noexcept { return lists_; }
  [[nodiscard]] telemetry::Totals statistics() const;
  [[nodiscard]] std::string metrics_text() const { return metrics_.text(); }
  [[nodiscard]] Result<cli::Explanation, std::string> explain(
      const std::optional<IpAddress>& client, std::string_view text) const;

 private:
  Gateway(Options options, std::unique_ptr<EventLoop> loop);
  Result<void, std::string> open_parts();
  Result<void, std::string> open_audit();
  Result<void, std::string> open_resolver();
  Result<void, std::string> add_to_loop();
  Result<void, std::string> start_sources();
  Result<void, std::string> add_watchdog();
  void say_ready() const;
  void take_event(Sources::Event event);
  void take_zone(const std::string& list, lists::Fetched fetched);
  void finish_reload(Reloader::Outcome outcome);
  // False: it was not published.
  bool take_ban(Reloader::Outcome outcome);
  [[nodiscard]] Reloader::Outcome build();
  [[nodiscard]] bool refuses(const Ban& next);
  void publish(Ban ban);
  void publish(const std::shared_ptr<engine::Snapshot>& snapshot);
  // Policies and lists as of now.
  void set_to_clock(engine::Snapshot& snapshot);
  void look_at_clock();
  void keep_house();
  void reopen_audit() noexcept;

  // Destroyed in the reverse order: what reads or calls others comes after them.
  Options options_;
  std::unique_ptr<EventLoop> loop_;
  std::uint64_t generation_ = 1;
  bool reload_failed_ = false;                            // the last one
  std::shared_ptr<const config::LiveSettings> settings_;  // in force; null: nothing is scheduled
  std::vector<config::Timed> timed_;                      // as published
  Timetable timetable_;
  telemetry::ListsStatus lists_;
  engine::SnapshotCell snapshots_;
  // Earlier snapshots that somebody may still hold. Freeing one takes long, so no worker may be the
  // last to let go of it.
  std::vector<std::shared_ptr<const engine::Snapshot>> retired_;
  endpoints::ResolutionsCell resolutions_;
  telemetry::ResolverCounters resolver_counters_;
  Workers workers_;
  telemetry::Metrics metrics_;
  OversizeWarning oversize_;
  std::unique_ptr<telemetry::AuditWriter> audit_;  // null: no audit trail
  std::unique_ptr<endpoints::Resolver> resolver_;  // null: not configured
  std::unique_ptr<Reloader> reloader_;
};

}  // namespace sluice::app
