#pragma once

// On which CPUs threads of this process run ([dataplane] cpus). System calls. Any thread.

#include <cstdint>
#include <span>
#include <string>

#include "filters/base/result.h"

namespace sluice::app {

// Error: a line that names the first CPU on which this process may not run, and those on which it
// may: a CPU that is not there, or that a service manager or a container keeps from it.
[[nodiscard]] Result<void, std::string> check_cpus(std::span<const std::uint32_t> cpus);

// The calling thread stays on this CPU. False: the kernel refused it.
bool stay_on(std::uint32_t cpu) noexcept;

}  // namespace sluice::app
