#pragma once

// Explains a decision: what `check` prints, and what a running gateway answers.
//
// Pure. Cost: allocates; not for workers.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/cli/explanation.h"
#include "gateway/config/config.h"
#include "gateway/engine/snapshot.h"

namespace sluice::app {

// `text` is a name as in a list, the address of a server, or a URL or endpoint with either. Without
// a client, the first policy that has a rule for it decides. `target`: a name that the DNS answer
// for `text` leads to; empty: none. Error: why a text is none of these.
[[nodiscard]] Result<cli::Explanation, std::string> explain(const engine::Snapshot& snapshot,
                                                            const std::optional<IpAddress>& client,
                                                            std::string_view text,
                                                            std::string_view target = {});

// What schedules, validities and exceptions have to do with it.
[[nodiscard]] cli::TimeNotes time_notes(const config::LiveSettings& live,
                                        const std::optional<IpAddress>& client, schedule::Time now);

}  // namespace sluice::app
