#pragma once

// Globs inside labels: `p16-tiktok-*`. A star stands for any bytes of its label, or none; case
// does not count (RFC 4343). Pure; O(pattern × text), both at most 63.

#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::match {

// REQUIRES: the pattern in lower case.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view label) noexcept;

// What stands to the right of the last label with a star; all of it where there is none.
// REQUIRES: a whole name in wire form.
[[nodiscard]] Bytes fixed_part(Bytes pattern) noexcept;

}  // namespace sluice::match
