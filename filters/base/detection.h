#pragma once

// Whether the first bytes of a stream belong to a protocol. `no` and `yes` are final; `maybe` needs
// more bytes.

#include <cstdint>

namespace sluice {

enum class Detection : std::uint8_t { no, maybe, yes };

}  // namespace sluice
