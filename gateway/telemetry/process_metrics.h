#pragma once

// What the process itself uses, by the names that client libraries of Prometheus agree on
// (process_resident_memory_bytes …). Reads /proc/self: some system calls. Any thread.

#include <prometheus/metric_family.h>

#include <chrono>
#include <vector>

namespace sluice::telemetry {

// What cannot be read is left out.
[[nodiscard]] std::vector<prometheus::MetricFamily> process_metrics(
    std::chrono::system_clock::time_point started);

}  // namespace sluice::telemetry
