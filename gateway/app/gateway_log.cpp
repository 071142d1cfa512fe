#include "gateway/app/gateway_log.h"

#include <spdlog/spdlog.h>

#include "gateway/app/limits.h"
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

void log_lists(const telemetry::ListsStatus& lists) {
  for (const telemetry::ListStatus& list : lists.lists) {
    spdlog::info("list {}: app {}, {} entries, {} refused, version {}", list.name, list.app,
                 list.entries, list.refused, list.version);
  }
}

void log_memory(const config::StartSettings& start, std::size_t workers,
                const telemetry::ListsStatus& lists) {
  const engine::JudgeLimits limits = share_of(limits_of(start), workers);
  const std::size_t judges = workers * engine::Judge::memory_bytes(limits);
  const std::size_t fragments = workers * fragment::Reassembler::memory_bytes(limits.fragments);
  const std::size_t audit =
      start.audit_file.empty() ? 0 : start.audit_ring * sizeof(telemetry::AuditRecord);
  spdlog::info(
      "memory at most: flows, streams and addresses {:.1f} MiB + fragments {:.1f} MiB + audit ring "
      "{:.1f} MiB + lists {:.1f} MiB = {:.1f} MiB, {} worker(s)",
      mib(judges), mib(fragments), mib(audit), mib(lists.memory_bytes),
      mib(judges + fragments + audit + lists.memory_bytes), workers);
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
