#include "gateway/telemetry/counters.h"

namespace sluice::telemetry {

Totals total_of(std::span<const WorkerCounters* const> workers) noexcept {
  Totals totals;
  for (const WorkerCounters* worker : workers) {
#define SLUICE_X(name, metric, help) totals.name += worker->name.value();
    SLUICE_COUNTERS(SLUICE_X)
    SLUICE_GAUGES(SLUICE_X)
#undef SLUICE_X
  }
  return totals;
}

}  // namespace sluice::telemetry
