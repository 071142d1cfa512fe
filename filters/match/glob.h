#pragma once

// Globs inside labels: `p16-tiktok-*`. A star stands for any number of bytes of its label, or none.
// Case is ignored (RFC 4343). Pure; O(pattern × text), both at most 63 bytes.

#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::match {

// REQUIRES: the pattern in lower case.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view label) noexcept;

// The part of the name to the right of the last label with a star; the whole name if it has none.
// REQUIRES: a whole name in wire form.
[[nodiscard]] Bytes fixed_part(Bytes pattern) noexcept;

}  // namespace sluice::match
