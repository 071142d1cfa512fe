#pragma once

// How much the first bytes of a stream look like a protocol. `no` and `yes` are final; `maybe`
// becomes one of them with more bytes.

#include <cstdint>

namespace sluice {

enum class Detection : std::uint8_t { no, maybe, yes };

}  // namespace sluice
