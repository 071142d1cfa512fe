#pragma once

// Time in filters/: an argument, from a capture's timestamps or the gateway's clock. Only
// differences matter, so any epoch works as long as a caller keeps to one.

#include <chrono>

namespace sluice {

using Nanos = std::chrono::nanoseconds;

}  // namespace sluice
