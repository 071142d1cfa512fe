#pragma once

// The reply to `explain`, on the control socket and in the console: what happens to a name, why,
// and what the last audit records say of it.
//
// Pure. Cost: allocates; not for workers. Any thread, as all that it reads is immutable.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/app/explain.h"
#include "gateway/telemetry/audit.h"

namespace sluice::app {

struct ExplainFacts {
  const engine::Snapshot& snapshot;
  const config::LiveSettings* settings;  // null: nothing is scheduled
  schedule::Time now;
  std::span<const telemetry::AuditRecord> records;  // the latest first
  const telemetry::AuditOptions& audit;             // how clients are named
};
// `explanation`, `notes`, `seen`, as gateway/control/README.md documents them. Error: why the name
// is none.
[[nodiscard]] Result<nlohmann::ordered_json, std::string> explain_report(
    const ExplainFacts& facts, const std::optional<IpAddress>& client, std::string_view name);

}  // namespace sluice::app
