#pragma once

// Runs tasks on several threads. Blocks until all are done; the caller's thread works too.

#include <cstddef>

#include "filters/base/function_ref.h"

namespace sluice::lists {

// 0 means one a processor.
[[nodiscard]] unsigned thread_count(unsigned wanted) noexcept;

// Runs `task(0)` to `task(count - 1)`, each once, in any order. If a task throws, no further ones
// are begun, and the first exception comes out here.
void run_tasks(unsigned threads, std::size_t count, FunctionRef<void(std::size_t)> task);

}  // namespace sluice::lists
