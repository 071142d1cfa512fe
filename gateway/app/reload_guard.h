#pragma once

// Refuses a reload that would lift the ban in silence: a list that became an error page, that was
// emptied or cut short, or a configuration without its policies. The old ban then stays in force
// until somebody mends the file, or says that it is meant (SIGUSR2).
//
// Pure. Cost: allocates; not for workers.

#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

// Why `next` may not replace `old`; empty: it may. Lists are the same if they have the same name. A
// list that the configuration no longer names is meant; one that an image no longer has is not.
[[nodiscard]] std::vector<telemetry::ReloadRefusal> reload_refusals(
    const telemetry::ListsStatus& old, const telemetry::ListsStatus& next,
    const config::ReloadGuard& guard);

// Blocking lists without entries, if lines of theirs were refused or their app has no other
// entries: what they should ban passes. One line each.
[[nodiscard]] std::vector<std::string> lists_without_effect(const telemetry::ListsStatus& status);

}  // namespace sluice::app
