#pragma once

// The kinds of dataplane that `[dataplane] type` names. Pure.

#include <cstdint>

namespace sluice::io {

enum class Kind : std::uint8_t { pcap, xdp };

}  // namespace sluice::io
