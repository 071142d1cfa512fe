#pragma once

// The audit trail as the configuration says: opens it, goes on with the chain that is there, and
// notes updates of the lists. Reads files; allocates.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "gateway/config/config.h"
#include "gateway/telemetry/activity.h"
#include "gateway/telemetry/audit_writer.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

// The first line of a file. Error: one line that names the file; `what` the key is for.
[[nodiscard]] Result<std::string, std::string> read_key(const std::filesystem::path& file,
                                                        const char* what);

// Of the chain; no file: no key.
[[nodiscard]] Result<std::string, std::string> chain_key_of(const std::filesystem::path& file);

// Calls visit(line, file, number) for each line of these files, in order. Error: the file that
// cannot be opened.
[[nodiscard]] Result<void, std::string> for_each_line(
    const std::vector<std::string>& files,
    FunctionRef<void(const std::string& line, const std::string& file, std::uint64_t number)>
        visit);

struct AuditTrail {
  std::unique_ptr<telemetry::Activity> activity;  // what operators ask for; null: no control socket
  std::unique_ptr<telemetry::AuditWriter> writer;  // null: nobody wants records
};
// The keys are read even if nobody wants records. `rings` outlive it, and `activity` the writer.
[[nodiscard]] Result<AuditTrail, std::string> open_audit_trail(
    const config::StartSettings& start, std::vector<telemetry::AuditRing*> rings);

[[nodiscard]] telemetry::UpdateRecord update_record(std::string result, std::uint64_t generation,
                                                    const telemetry::ListsStatus& lists);

}  // namespace sluice::app
