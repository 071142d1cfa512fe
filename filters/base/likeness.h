#pragma once

// How much the first octets of a stream look like a protocol. `no` and `yes` are final; `maybe`
// becomes one of them with more octets.

#include <cstdint>

namespace sluice {

enum class Likeness : std::uint8_t { no, maybe, yes };

}  // namespace sluice
