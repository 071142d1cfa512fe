#pragma once

// Names for what has none, so that one set of rules holds all of them: a range of addresses, and
// the signature of a protocol.
//
//   203.0.113.0/24    ->  | 14 | 203.0.113.0/24 | 8 | _address | 0 |
//   signature:mmtls   ->  | 5 | mmtls | 10 | _signature | 0 |
//
// Rules of such names are exact. Nobody can register them: no top-level domain has an underscore.
// Views into the argument. Pure; only address_name allocates.

#include <array>
#include <optional>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/ip_address.h"
#include "filters/name/name.h"

namespace sluice::match {

// What the inspectors recognise by form alone.
inline constexpr std::array<std::string_view, 3> kSignatures = {"mmtls", "dot", "doq"};
inline constexpr std::string_view kSignatureMark = "signature:";

[[nodiscard]] bool is_signature(std::string_view text) noexcept;

[[nodiscard]] name::Name address_name(const IpPrefix& prefix);
// REQUIRES: at most 63 bytes.
[[nodiscard]] name::Name signature_name(std::string_view signature) noexcept;

// A pseudo-name as a list writes it: mark and text, one behind the other.
struct PseudoText {
  std::string_view mark;  // kSignatureMark; empty for addresses
  std::string_view text;
};
// Nothing: `wire` (a whole name, canonical) is a name like others.
[[nodiscard]] std::optional<PseudoText> read_pseudo_name(Bytes wire) noexcept;
[[nodiscard]] std::optional<IpPrefix> prefix_of(Bytes wire) noexcept;

}  // namespace sluice::match
