#pragma once

// What a gateway logs about its lists, its memory and its interfaces.

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/policy/dns_scope.h"
#include "gateway/app/setup.h"
#include "gateway/config/config.h"
#include "gateway/dataplane/interfaces/check.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

void log_notes(const Ban& ban);
// Those that have expired.
void log_exceptions(const telemetry::ListsStatus& lists);
void log_lists(const telemetry::ListsStatus& lists);
// Warns if nothing is banned; an error for each list without effect.
void log_ban(const telemetry::ListsStatus& lists);
// If it is the clock that lifts the ban.
void log_ban_now(const telemetry::ListsStatus& lists);
void log_refusals(const std::vector<telemetry::ReloadRefusal>& refusals, bool accepted);
// Warns of what slows or risks traffic; then what is worth knowing. All at the start.
void log_checks(std::span<const io::CheckResult> results, io::Kind kind);
// Warns if strangers can read the metrics.
void warn_of_open_metrics(const config::StartSettings& start);
void log_memory(const config::StartSettings& start, std::size_t workers,
                const telemetry::ListsStatus& lists);

// What the table of suggestions may hold; warns if nothing can get into it.
void log_suggestions(const config::StartSettings& start, std::size_t workers,
                     const policy::DnsScope& dns);

// Warns that frames are too large to be sent, once a minute at most.
class OversizeWarning {
 public:
  // `count`: all such frames since the start.
  void look(std::uint64_t count);

 private:
  std::uint64_t logged_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace sluice::app
