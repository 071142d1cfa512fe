#pragma once

// What a bridge does with the state of its links. Pure.

#include <cstdint>

namespace sluice::io {

enum class LinkState : std::uint8_t {
  keep,       // each port has its own
  propagate,  // a port is taken down while the other one has no carrier
};

}  // namespace sluice::io
