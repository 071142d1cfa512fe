#pragma once

// Time as filters/ see it: it comes in as an argument, from a capture's timestamps or a gateway's
// clock. Only differences are used, so any epoch will do as long as one caller keeps to one.

#include <chrono>

namespace sluice {

using Nanos = std::chrono::nanoseconds;

}  // namespace sluice
