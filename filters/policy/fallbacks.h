#pragma once

// Fail-open or fail-closed: what happens to that which cannot be judged. The one place where it is
// decided; configuration fills it in ([verdicts]).

#include <cstdint>

namespace sluice::policy {

enum class Fallback : std::uint8_t { pass, drop };
enum class Checksums : std::uint8_t { verify, ignore };
// Answers that carry keys for Encrypted ClientHello (RFC 9849), which hides the name that we read.
enum class Ech : std::uint8_t {
  allow,
  strip,  // the keys are made unreadable in flight
  drop,   // the client goes on with the addresses alone
};

struct Fallbacks {
  Fallback malformed = Fallback::pass;      // headers that cannot be read
  Fallback unjudged = Fallback::drop;       // what cannot be judged, no memory to judge
  Fallback fragments = Fallback::drop;      // IP fragments that there is no room to put together
  Fallback quic_unknown = Fallback::pass;   // QUIC of versions that cannot be read
  Checksums checksums = Checksums::verify;  // of client packets under judgement
  Ech ech = Ech::allow;                     // in answers to clients that a policy protects
};

}  // namespace sluice::policy
