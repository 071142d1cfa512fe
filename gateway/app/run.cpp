// `sluice run`: the gateway itself.
//
//   main thread: configuration, signals, reload, log      worker thread: frames
//   exposer's thread: /metrics                            audit thread: JSON lines
//   resolver's thread: addresses of banned names

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <thread>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/dataplane/pcap/live_bridge.h"
#include "gateway/endpoints/resolver.h"
#include "gateway/engine/labels.h"
#include "gateway/engine/worker.h"
#include "gateway/telemetry/audit.h"

namespace sluice::app {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

// Blocked in every thread, taken by the main one.
sigset_t our_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  return signals;
}

void override_settings(config::StartSettings& start, const cli::RunCommand& command) {
  if (command.inside) start.inside = *command.inside;
  if (command.outside) start.outside = *command.outside;
  if (command.metrics_listen) start.metrics_listen = *command.metrics_listen;
  if (command.audit_file) start.audit_file = *command.audit_file;
}

void log_memory(const config::StartSettings& start, const telemetry::ListsStatus& lists) {
  const engine::JudgeLimits limits = limits_of(start);
  const std::size_t judge = engine::Judge::memory_bytes(limits);
  const std::size_t fragments = fragment::Reassembler::memory_bytes(limits.fragments);
  const std::size_t audit = start.audit_ring * sizeof(telemetry::AuditRecord);
  spdlog::info(
      "memory: {} flows x {} B + streams {:.1f} MiB + QUIC {:.1f} MiB + fragments {:.1f} MiB + {} "
      "audit records x {} B + lists {:.1f} MiB = {:.1f} MiB at most",
      limits.flows, flow::Table<engine::Flow>::bytes_per_flow(),
      static_cast<double>(flow::StreamPool::memory_bytes(
          engine::stream_slots(limits.streams), engine::long_stream_slots(limits.streams))) /
          kMiB,
      static_cast<double>(engine::HelloTable::memory_bytes(limits.hellos)) / kMiB,
      static_cast<double>(fragments) / kMiB, start.audit_ring, sizeof(telemetry::AuditRecord),
      static_cast<double>(lists.memory_bytes) / kMiB,
      static_cast<double>(judge + fragments + audit + lists.memory_bytes) / kMiB);
}

void log_lists(const Ban& ban) {
  for (const std::string& line : ban.refused) spdlog::warn("refused: {}", line);
  for (const std::string& line : ban.warnings) spdlog::warn("{}", line);
  for (const telemetry::ListStatus& list : ban.status.lists) {
    spdlog::info("list {}: app {}, {} entries, {} refused, version {}", list.name, list.app,
                 list.entries, list.refused, list.version);
  }
}

Result<telemetry::AuditOptions, std::string> audit_options(const config::StartSettings& start) {
  telemetry::AuditOptions options{start.audit_file, start.audit_pseudonymise, {}};
  if (!options.pseudonymise) return options;
  std::ifstream file(start.audit_key_file);
  if (!std::getline(file, options.key) || options.key.empty()) {
    return fail(start.audit_key_file.string() + ": no key for pseudonyms in its first line");
  }
  return options;
}

// Null where the configuration wants none.
Result<std::unique_ptr<endpoints::Resolver>, std::string> start_resolver(
    const config::StartSettings::Endpoints& settings, endpoints::ResolutionsCell& cell,
    telemetry::WorkerCounters& counters) {
  if (!settings.enable) return nullptr;
  return endpoints::Resolver::start({.server = settings.resolver,
                                     .per_second = settings.per_second,
                                     .most_names = settings.most_names,
                                     .refresh = std::chrono::seconds(settings.refresh_seconds)},
                                    cell, counters);
}

// What can change while the gateway runs, and what tells the world of it.
class Reloader {
 public:
  // `resolver` may be null.
  Reloader(std::string file, engine::SnapshotCell& snapshots, telemetry::Metrics& metrics,
           endpoints::Resolver* resolver)
      : file_(std::move(file)), snapshots_(snapshots), metrics_(metrics), resolver_(resolver) {}

  // Anything wrong: what is in force stays, with a log line and a metric.
  void reload() {
    const auto config = load_config(file_);
    if (!config) return refuse(config.error());
    auto ban = build_ban(config->live);
    if (!ban) return refuse(ban.error());
    snapshots_.publish(ban->snapshot);
    if (resolver_ != nullptr) resolver_->watch(ban->snapshot);
    metrics_.publish(ban->status);
    metrics_.reload_succeeded();
    log_lists(*ban);
    spdlog::info("reloaded {}", file_);
  }

 private:
  void refuse(const std::string& why) {
    metrics_.reload_failed();
    spdlog::error("reload refused, the old lists and policies stay in force: {}", why);
  }

  std::string file_;
  engine::SnapshotCell& snapshots_;
  telemetry::Metrics& metrics_;
  endpoints::Resolver* resolver_;
};

// Says once a minute at most that frames are too large to be sent on.
class OversizeWatch {
 public:
  void look(const telemetry::WorkerCounters& counters) {
    const std::uint64_t now = counters.dataplane_oversize.value();
    const auto time = std::chrono::steady_clock::now();
    if (now == said_ || time < next_) return;
    spdlog::warn(
        "{} frames were larger than the MTU and not sent: an offload merges them; run on both "
        "interfaces, and on veth peers: ethtool -K IF gro off lro off tso off gso off",
        now - said_);
    said_ = now;
    next_ = time + std::chrono::minutes(1);
  }

 private:
  std::uint64_t said_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

// Until a signal to stop, or the worker's end.
void serve(Reloader& reloader, telemetry::AuditWriter* audit,
           const telemetry::WorkerCounters& counters, const std::atomic<bool>& worker_ended) {
  const sigset_t signals = our_signals();
  const timespec second{1, 0};
  OversizeWatch oversize;
  while (!worker_ended) {
    switch (sigtimedwait(&signals, nullptr, &second)) {
      case SIGINT:
      case SIGTERM:
        spdlog::info("stopping");
        return;
      case SIGHUP:
        if (audit != nullptr) audit->reopen();
        reloader.reload();
        break;
      case SIGUSR1:  // log rotation without a reload
        if (audit != nullptr) audit->reopen();
        break;
      default:
        oversize.look(counters);
    }
  }
}

int refuse_start(const std::string& why) {
  std::cerr << why << '\n';
  return kUnusable;
}

}  // namespace

int run(const cli::RunCommand& command) {
  auto config = load_config(command.config);
  if (!config) return refuse_start(config.error());
  config::StartSettings& start = config->start;
  override_settings(start, command);
  const auto log = spdlog::stderr_color_mt("sluice");
  log->set_level(spdlog::level::from_str(start.log_level));
  spdlog::set_default_logger(log);

  auto ban = build_ban(config->live);
  if (!ban) return refuse_start("sluice: " + ban.error());
  auto audit_settings = audit_options(start);
  if (!audit_settings) return refuse_start("sluice: " + audit_settings.error());

  const sigset_t signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts: they inherit it

  telemetry::WorkerCounters counters;
  engine::SnapshotCell snapshots(ban->snapshot);
  // The resolver counts for itself: a block has one writer.
  telemetry::WorkerCounters resolver_counters;
  endpoints::ResolutionsCell resolutions(std::make_shared<engine::Resolutions>());
  telemetry::Metrics metrics(engine::labels(), {&counters, &resolver_counters});
  telemetry::AuditRing ring(start.audit_ring);
  // Interfaces are touched last.
  if (!start.metrics_listen.empty()) {
    if (const auto listening = metrics.listen(start.metrics_listen); !listening) {
      return refuse_start("sluice: " + listening.error());
    }
  }
  std::unique_ptr<telemetry::AuditWriter> audit;
  if (!start.audit_file.empty()) {
    auto opened = telemetry::AuditWriter::open(*audit_settings, {&ring});
    if (!opened) return refuse_start("sluice: " + opened.error());
    audit = std::move(*opened);
  }
  auto resolver = start_resolver(start.endpoints, resolutions, resolver_counters);
  if (!resolver) return refuse_start("sluice: " + resolver.error());
  auto bridge = io::LiveBridge::open(
      {start.inside, start.outside, static_cast<int>(start.buffer_mib) * 1024 * 1024});
  if (!bridge) return refuse_start("sluice: " + bridge.error());

  log_lists(*ban);
  log_memory(start, ban->status);
  metrics.publish(std::move(ban->status));
  const auto worker = std::make_unique<engine::Worker>(
      engine::Worker::Parts{**bridge, snapshots, counters, audit ? &ring : nullptr, nullptr,
                            &resolutions, start.tunnels},
      limits_of(start), random_key(), true);
  if (*resolver) (*resolver)->watch(ban->snapshot);
  std::atomic<bool> worker_ended = false;
  io::Poll last = io::Poll::ended;
  std::thread thread([&] {
    last = worker->run();
    worker_ended = true;
  });
  spdlog::info("bridging {} (inside) and {} (outside)", start.inside, start.outside);
  Reloader reloader(command.config, snapshots, metrics, resolver->get());
  serve(reloader, audit.get(), counters, worker_ended);
  (*bridge)->stop();
  thread.join();
  if (*resolver) (*resolver)->stop();
  if (audit) audit->stop();
  if (last == io::Poll::failed) {
    spdlog::error("the dataplane failed: {}", (*bridge)->error());
    return kFailed;
  }
  spdlog::info("stopped after {} packets", counters.packets.value());
  return kOk;
}

}  // namespace sluice::app
