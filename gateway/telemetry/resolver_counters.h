#pragma once

// What the background resolver counts. Its thread is the only writer; see counters.h for readers.

#include "gateway/telemetry/counter.h"

namespace sluice::telemetry {

// Counters: X(name, Prometheus name, help).
#define SLUICE_RESOLVER_COUNTERS(X)                                                            \
  X(resolutions, "sluice_resolutions_total", "Questions of the background resolver, answered") \
  X(resolutions_failed, "sluice_resolutions_failed_total",                                     \
    "Questions of the background resolver without an answer")

// Gauges: X(name, Prometheus name, help).
#define SLUICE_RESOLVER_GAUGES(X)                    \
  X(resolved_addresses, "sluice_resolved_addresses", \
    "Addresses of banned names that the background resolver found")

struct ResolverCounters {
#define SLUICE_X(name, metric, help) Counter name;
  SLUICE_RESOLVER_COUNTERS(SLUICE_X)
  SLUICE_RESOLVER_GAUGES(SLUICE_X)
#undef SLUICE_X
};

}  // namespace sluice::telemetry
