#pragma once

// Why an update was refused: a word that is counted, and a line for the operator. A refusal is of
// the update alone: what is in force stays in force.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::lists {

enum class RefusalReason : std::uint8_t {
  unreachable,  // no connection, no such file, a name that does not resolve, a transfer refused
  tls,          // the server's certificate, or the handshake
  status,       // an answer that is no list: HTTP 404, a redirect to http
  timeout,      // too slow as a whole, or a trickle of bytes
  truncated,    // it ended before its end
  too_large,    // over the limit of bytes
  not_a_list,   // a web page in place of a list: a captive portal
  malformed,    // cannot be parsed
  untrusted,    // no signature by a trusted key
  expired,      // past its valid-until
  not_yet,      // made in the future: one of the two clocks is wrong
  older,        // a lower version than one that was accepted before
  digest,       // the bytes are not those that were signed, or the version is known with others
  held,         // rolled back from, by an operator
  guard,        // it would lift the ban (reload guard), or block too much (canary)
  unusable,     // it did not compile, or the configuration does not fit it
  storage,      // could not be kept on disk: it will be asked for again
};
inline constexpr std::size_t kRefusalReasons = 17;

// `untrusted`, `not_a_list`: for metrics.
[[nodiscard]] std::string_view to_string(RefusalReason reason) noexcept;

struct Refusal {
  RefusalReason reason;
  std::string text;  // for people, without the name of the source
};

}  // namespace sluice::lists
