#include "gateway/app/gateway_log.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "gateway/app/limits.h"
#include "gateway/app/reload_guard.h"
#include "gateway/engine/frame_tap.h"
#include "gateway/engine/name_sample.h"
#include "gateway/engine/ties.h"
#include "gateway/telemetry/audit.h"

namespace sluice::app {
namespace {

double mib(std::size_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

}  // namespace

void log_notes(const Ban& ban) {
  for (const std::string& line : ban.refused) spdlog::warn("refused: {}", line);
  for (const std::string& line : ban.warnings) spdlog::warn("{}", line);
}

void log_exceptions(const telemetry::ListsStatus& lists) {
  for (const telemetry::TimedStatus& it : lists.timed) {
    if (it.kind == "exception" && !it.in_force) {
      spdlog::warn("the exception \"{}\" has expired: renew it, or take it out", it.name);
    }
  }
}

void log_lists(const telemetry::ListsStatus& lists) {
  for (const telemetry::ListStatus& list : lists.lists) {
    spdlog::info("list {}: app {}, {}, {} entries, {} refused, version {}", list.name, list.app,
                 list.format.empty() ? "of an image" : "format " + list.format, list.entries,
                 list.refused, list.version);
  }
}

void log_ban(const telemetry::ListsStatus& lists) {
  if (const std::string warning = ban_warning(lists); !warning.empty()) spdlog::warn("{}", warning);
  for (const std::string& line : lists_without_effect(lists)) spdlog::error("{}", line);
}

void log_ban_now(const telemetry::ListsStatus& lists) {
  if (!lists.bans_nothing.empty() || lists.bans_nothing_now.empty()) return;
  spdlog::info("nothing is banned at this time: {}", lists.bans_nothing_now);
}

void log_refusals(const std::vector<telemetry::ReloadRefusal>& refusals, bool accepted) {
  for (const telemetry::ReloadRefusal& refusal : refusals) {
    if (accepted) {
      spdlog::warn("accepted by SIGUSR2: {}", refusal.text);
    } else {
      spdlog::error("reload refused: {}", refusal.text);
    }
  }
  if (refusals.empty() || accepted) return;
  spdlog::error(
      "reload refused; the old lists and policies stay in force. If the change is meant: kill "
      "-USR2 {}",
      ::getpid());
}

void warn_of_open_metrics(const config::StartSettings& start) {
  const bool is_loopback =
      start.metrics_listen.starts_with("127.") || start.metrics_listen.starts_with("[::1]");
  if (is_loopback || !start.metrics_allow.empty()) return;
  spdlog::warn("everyone who reaches {} can read the metrics: set metrics.allow",
               start.metrics_listen);
}

void log_checks(std::span<const io::CheckResult> results, io::Kind kind) {
  for (const io::CheckResult& result : results) {
    if (result.is_finding()) spdlog::warn("{}", to_string(result));
  }
  for (const io::CheckResult& result : results) {
    const bool is_note = result.outcome == io::CheckResult::Outcome::failed && !result.is_finding();
    if (is_note && !matters_to_others(result.what, kind)) spdlog::info("{}", to_string(result));
  }
}

void log_memory(const config::StartSettings& start, std::size_t workers,
                const telemetry::ListsStatus& lists) {
  const engine::JudgeLimits limits = share_of(limits_of(start), workers);
  const std::size_t judges = workers * engine::Judge::memory_bytes(limits);
  const std::size_t fragments = workers * fragment::Reassembler::memory_bytes(limits.fragments);
  const std::size_t audit =
      start.keeps_records() ? start.audit_ring * sizeof(telemetry::AuditRecord) : 0;
  const std::size_t names = workers * engine::NameSample::memory_bytes();
  const std::size_t taps =
      start.control_socket.empty() ? 0 : workers * engine::FrameTap::memory_bytes();
  spdlog::info(
      "memory at most: flows, streams and addresses {:.1f} MiB + fragments {:.1f} MiB + audit ring "
      "{:.1f} MiB + captures {:.1f} MiB + canary {:.1f} MiB + lists {:.1f} MiB = {:.1f} MiB, {} "
      "worker(s)",
      mib(judges), mib(fragments), mib(audit), mib(taps), mib(names), mib(lists.memory_bytes),
      mib(judges + fragments + audit + taps + names + lists.memory_bytes), workers);
}

void log_suggestions(const config::StartSettings& start, std::size_t workers,
                     const policy::DnsScope& dns) {
  const std::size_t names = start.suggest.names;
  const std::size_t tables = workers * engine::Ties::memory_bytes(share_of(names, workers, 1));
  spdlog::info("suggestions: up to {} names in {}, {:.1f} MiB", names, start.suggest.file.string(),
               mib(tables));
  if (dns.trusted_count == 0 && !start.endpoints.enable) {
    spdlog::warn(
        "suggestions: nothing can be found without dns.trusted_resolvers or [endpoints], whose "
        "answers tie names to apps");
  }
}

void OversizeWarning::look(std::uint64_t count) {
  const auto now = std::chrono::steady_clock::now();
  if (count == logged_ || now < next_) return;
  spdlog::warn(
      "{} frames were not sent because they are larger than the MTU: an offload merges them. Run "
      "on "
      "both interfaces, and on veth peers: ethtool -K IF gro off lro off tso off gso off",
      count - logged_);
  logged_ = count;
  next_ = now + std::chrono::minutes(1);
}

}  // namespace sluice::app
