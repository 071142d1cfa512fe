#pragma once

// Puts an earlier version of a source in force: for `lists rollback`, and for the control socket.
//
// Only writes to disk which version is meant; the gateway takes it at its next reload.
// Cost: reads and writes files; not for workers.

#include <cstdint>
#include <optional>
#include <string>

#include "filters/base/result.h"
#include "gateway/config/config.h"
#include "lists/versions/version_store.h"

namespace sluice::app {

struct Rollback {
  std::string source;               // empty: the only one
  std::optional<std::uint64_t> to;  // none: the version before the one in force
  bool resume = false;              // the newest version again
};

// Error: there is no such source, or it has to be named.
[[nodiscard]] Result<const config::SourceSpec*, std::string> source_of(
    const config::LiveSettings& live, const std::string& source);
// `7  v12  taken 2026-11-28T01:34:49Z`
[[nodiscard]] std::string said_of(const lists::Version& version);
// `department: ` and what will be in force. Error: one line; nothing was changed.
[[nodiscard]] Result<std::string, std::string> roll_back(const config::LiveSettings& live,
                                                         const Rollback& rollback);

}  // namespace sluice::app
