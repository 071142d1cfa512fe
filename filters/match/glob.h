#pragma once

// Globs inside labels: `p16-tiktok-*`. A star stands for any octets of its label, or none; case
// does not count (RFC 4343). Pure; O(pattern × text), both at most 63.

#include <string_view>

namespace sluice::match {

// REQUIRES: the pattern in lower case.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view label) noexcept;

}  // namespace sluice::match
