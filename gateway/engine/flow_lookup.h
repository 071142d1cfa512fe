#pragma once

// Where the flow of a TCP packet is looked up; empty for other packets, and for later fragments.

#include <cstdint>

#include "filters/flow/flow_key.h"

namespace sluice::engine {

struct FlowLookup {
  flow::KeyedPacket keyed;
  std::uint64_t hash = 0;
};

}  // namespace sluice::engine
