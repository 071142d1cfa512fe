#pragma once

// What was blocked of late, summed up for people: which names, and which clients.
//
// Pure. Cost: allocates; not for workers.

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "gateway/telemetry/activity.h"

namespace sluice::app {

// `names`: those of the records, the most frequent first; `clients`: those who tried last;
// gateway/console/README.md documents the keys. `records`: the latest first.
[[nodiscard]] nlohmann::ordered_json blocked_report(std::span<const telemetry::AuditRecord> records,
                                                    const telemetry::Activity::Clients& clients);

}  // namespace sluice::app
