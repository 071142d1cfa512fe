#pragma once

// From configuration to the parts of the engine: what all commands share.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "gateway/config/config.h"
#include "gateway/engine/judge.h"
#include "gateway/engine/snapshot.h"
#include "gateway/telemetry/metrics.h"
#include "lists/compile/compile.h"

namespace sluice::app {

// `file` empty: the shipped lists, dropped for every client. Error: lines for the operator.
[[nodiscard]] Result<config::Config, std::string> load_config(const std::string& file);

struct Ban {
  std::shared_ptr<const engine::Snapshot> snapshot;
  telemetry::ListsStatus status;
  std::vector<std::string> refused, warnings;  // lines about lists, for the operator
};
// Reads and compiles the lists, resolves the policies. Nothing that runs is touched.
[[nodiscard]] Result<Ban, std::string> build_ban(const config::LiveSettings& settings);

[[nodiscard]] engine::JudgeLimits limits_of(const config::StartSettings& settings);

// From the kernel's random source; ends the process where it has none.
[[nodiscard]] HashKey random_key();

// False as well where one of them does not exist, or is a device.
[[nodiscard]] bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

// Flushes standard output. False: a full disk or a closed pipe took something of it, as is then
// said on standard error.
[[nodiscard]] bool all_written();

}  // namespace sluice::app
