#pragma once

// The time of day, as the packets of a live dataplane have it.

#include <chrono>

#include "filters/base/time.h"

namespace sluice::engine {

[[nodiscard]] inline Nanos wall_clock() noexcept {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace sluice::engine
