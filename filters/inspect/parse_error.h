#pragma once

// Why something that claims to be DNS, TLS, QUIC or HTTP could not be judged; counted by protocol
// and reason.
//
// The list below is the only place where a parse error is named: it yields the enumeration, the
// texts and the protocols.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "filters/inspect/finding.h"

namespace sluice::inspect {

// X(protocol, reason)
#define SLUICE_PARSE_ERRORS(X) \
  X(dns, malformed)            \
  X(dns, too_many_questions)   \
  X(dns, too_many_targets)     \
  X(tls, malformed)            \
  X(tls, too_large)            \
  X(tls, too_many_hellos)      \
  X(http, malformed)           \
  X(http, too_large)           \
  X(http, too_many_hosts)      \
  X(http, ambiguous_body)      \
  X(quic, malformed)           \
  X(quic, too_large)

enum class ParseError : std::uint8_t {
  none,
#define SLUICE_X(protocol, reason) protocol##_##reason,
  SLUICE_PARSE_ERRORS(SLUICE_X)
#undef SLUICE_X
};
#define SLUICE_X(protocol, reason) +1
inline constexpr std::size_t kParseErrors = 1 SLUICE_PARSE_ERRORS(SLUICE_X);  // with `none`
#undef SLUICE_X

// The reason alone: `malformed`.
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;
// What the error is an error of. REQUIRES: not none.
[[nodiscard]] Protocol protocol_of(ParseError error) noexcept;

}  // namespace sluice::inspect
