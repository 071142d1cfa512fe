#pragma once

// The links of the bridge's ports, if `[dataplane] link_state` couples them: from settings to a
// LinkKeeper, and from it to what metrics and operators see.
//
// Cost: system calls, a thread; not for workers.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/config/config.h"
#include "gateway/dataplane/links/link_keeper.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

// Null: they are not coupled. Its thread has CAP_NET_ADMIN alone, if the calling one has it.
[[nodiscard]] Result<std::unique_ptr<io::LinkKeeper>, std::string> couple_links(
    const config::StartSettings& start);

// Puts up what a gateway that was killed may have left down. Lines that say what.
[[nodiscard]] Result<std::vector<std::string>, std::string> release_links(
    const config::StartSettings& start);

// Empty if `keeper` is null; the keeper has to outlive it.
[[nodiscard]] std::function<std::vector<telemetry::LinkStatus>()> link_statuses(
    const config::StartSettings& start, const io::LinkKeeper* keeper);

}  // namespace sluice::app
