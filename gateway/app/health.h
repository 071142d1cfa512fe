#pragma once

// Is the gateway well? What `sluice status` says first.
//
// Pure. Cost: allocates; not for workers.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/telemetry/counters.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

// What became of a reload.
struct ReloadReport {
  enum class Result : std::uint8_t { in_force, nothing_new, failed, refused };
  Result result = Result::in_force;
  std::string text;  // why not; empty: all is well
  std::chrono::sys_seconds at;

  [[nodiscard]] bool is_ok() const noexcept {
    return result == Result::in_force || result == Result::nothing_new;
  }
};
[[nodiscard]] std::string_view to_string(ReloadReport::Result result) noexcept;

// By how much counters rose within the last minute: that many of the looks at them are kept.
class LastMinute {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Call it often; a look within five seconds of the one before does not count.
  void look(Time now, const telemetry::Totals& totals, std::uint64_t audit_failed);
  // Of gauges, what they are. Before a minute is over, since the first look.
  [[nodiscard]] telemetry::Totals risen(const telemetry::Totals& totals) const;
  [[nodiscard]] std::uint64_t audit_failed(std::uint64_t failed) const;

 private:
  struct Look {
    telemetry::Totals totals;
    std::uint64_t audit_failed = 0;
  };
  static constexpr std::size_t kLooks = 12;

  [[nodiscard]] const Look* oldest() const;

  std::array<Look, kLooks> looks_{};
  std::size_t count_ = 0;  // looks so far
  Time next_{};
};

struct HealthFacts {
  const telemetry::ListsStatus& lists;
  std::span<const telemetry::ZoneStatus> zones;
  std::span<const telemetry::SourceStatus> sources;
  std::span<const telemetry::LinkStatus> links;  // none: they are not watched
  const std::optional<ReloadReport>& last_reload;
  telemetry::Totals minute;               // by how much they rose
  std::uint64_t minute_audit_failed = 0;  // records that the audit sink lost
  std::chrono::system_clock::time_point now;
};

struct Ailment {
  std::string_view code;  // a stable word for scripts: static storage
  std::string text;       // for people
};
// Nothing: the gateway is healthy.
[[nodiscard]] std::vector<Ailment> ailments(const HealthFacts& facts);

}  // namespace sluice::app
