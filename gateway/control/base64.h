#pragma once

// Bytes as text of JSON: base64 (RFC 4648, section 4; OpenSSL). Allocates.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"

namespace sluice::control {

[[nodiscard]] std::string to_base64(Bytes bytes);
// Nothing: it is not base64, or not padded to a multiple of four.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace sluice::control
