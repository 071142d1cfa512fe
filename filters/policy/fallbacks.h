#pragma once

// Fail-open or fail-closed: what happens to that which cannot be judged. The one place where it is
// decided; configuration fills it in ([verdicts]).

#include <cstdint>

namespace sluice::policy {

enum class OnTrouble : std::uint8_t { pass, drop };
enum class Checksums : std::uint8_t { verify, ignore };

struct Fallbacks {
  OnTrouble malformed = OnTrouble::pass;    // headers that cannot be read
  OnTrouble unjudged = OnTrouble::drop;     // DNS and TLS that cannot be judged, no memory to judge
  OnTrouble fragments = OnTrouble::pass;    // IP fragments
  Checksums checksums = Checksums::verify;  // of client packets under judgement
};

}  // namespace sluice::policy
