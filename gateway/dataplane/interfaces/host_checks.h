#pragma once

// Checks of the host: from what was read to what it means for a kind of dataplane.

#include <vector>

#include "gateway/dataplane/interfaces/check.h"
#include "gateway/dataplane/interfaces/host_facts.h"

namespace sluice::io {

inline constexpr const char* kHost = "host";  // the subject of these checks

// Pure; allocates.
[[nodiscard]] std::vector<CheckResult> judge_host(const HostFacts& host, Kind kind);

// The same of this host. System calls; any thread.
[[nodiscard]] std::vector<CheckResult> check_host(Kind kind);

}  // namespace sluice::io
