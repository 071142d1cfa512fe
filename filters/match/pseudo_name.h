#pragma once

// Signatures of protocols as names, so that one set of rules holds both.
//
//   signature:mmtls   ->  | 5 | mmtls | 10 | _signature | 0 |
//
// Rules of such names are exact. Nobody can register them: no top-level domain has an underscore.
// Pure; views into the argument; no allocation.

#include <array>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/name/name.h"

namespace sluice::match {

// The protocols that inspectors recognise without a name.
inline constexpr std::array<std::string_view, 3> kSignatures = {"mmtls", "dot", "doq"};
inline constexpr std::string_view kSignatureMark = "signature:";

[[nodiscard]] bool is_signature(std::string_view text) noexcept;

// REQUIRES: at most 63 bytes.
[[nodiscard]] name::Name signature_name(std::string_view signature) noexcept;
// The signature that signature_name() wrote; empty: `wire` (canonical) is an ordinary name.
[[nodiscard]] std::optional<std::string_view> signature_of(Bytes wire) noexcept;

}  // namespace sluice::match
