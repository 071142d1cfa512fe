#pragma once

// The kinds of dataplane that `[dataplane] type` names. Pure.

#include <cstdint>

namespace sluice::io {

enum class Kind : std::uint8_t { pcap, xdp, nfqueue };

}  // namespace sluice::io
