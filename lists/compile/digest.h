#pragma once

// SHA-256, by OpenSSL, and hex digits. Pure; throws std::bad_alloc if there is no memory.

#include <array>
#include <cstddef>
#include <string>

#include "filters/base/bytes.h"

namespace sluice::lists {

using Sha256 = std::array<std::byte, 32>;
[[nodiscard]] Sha256 sha256(Bytes bytes);

// Lower case, two digits a byte.
[[nodiscard]] std::string to_hex(Bytes bytes);

}  // namespace sluice::lists
