#pragma once

// The reply to `status`: a running gateway in one JSON object, as gateway/control/README.md
// documents it.
//
// Cost: allocates; for the thread of the event loop.

#include <nlohmann/json_fwd.hpp>

#include "gateway/app/gateway.h"

namespace sluice::app {

[[nodiscard]] nlohmann::ordered_json status_of(const Gateway& gateway);

}  // namespace sluice::app
