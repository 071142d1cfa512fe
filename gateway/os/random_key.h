#pragma once

// A key that nobody can guess, for tables whose keys others choose. A system call; any thread.

#include "filters/base/keyed_hash.h"

namespace sluice::os {

// From the kernel's random source. Ends the process if there is none.
[[nodiscard]] HashKey random_key() noexcept;

}  // namespace sluice::os
