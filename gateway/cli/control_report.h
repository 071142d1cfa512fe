#pragma once

// The gateway's replies as text for people.
//
// `reply`: what control::parse_reply() gave. A key that is missing, or of another type, is left
// out: a newer gateway may say other things. Names are shown without signs that a terminal obeys.
// Cost: allocates.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gateway/control/protocol.h"

namespace sluice::cli {

[[nodiscard]] std::string report_of(control::Command command, const nlohmann::ordered_json& reply);

}  // namespace sluice::cli
