#pragma once

// Fail-open or fail-closed, where a dataplane of the kernel has no worker. Pure.

#include <cstdint>

namespace sluice::io {

// What becomes of frames that need a judge when none is at work.
enum class OnFailure : std::uint8_t { open, closed };

}  // namespace sluice::io
