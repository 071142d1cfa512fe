#pragma once

// A name that one process has at a time, within its network namespace: an abstract Unix socket. It
// is free again when its descriptor is closed, however the process ends. A system call or two; any
// thread.

#include <string>

#include "gateway/os/descriptor.h"

namespace sluice::os {

// Not open: errno says why; EADDRINUSE: somebody else has it. REQUIRES: at most 100 bytes.
[[nodiscard]] Descriptor lock_name(const std::string& name) noexcept;

}  // namespace sluice::os
