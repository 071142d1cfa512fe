#pragma once

// Fail-open or fail-closed: what happens to traffic that cannot be judged. This is the one place
// that decides it, from [verdicts] in the configuration.

#include <cstdint>

namespace sluice::policy {

enum class Fallback : std::uint8_t { pass, drop };
enum class Checksums : std::uint8_t { verify, ignore };
// DNS answers with keys for Encrypted ClientHello (RFC 9849), which hides server names from us.
enum class Ech : std::uint8_t {
  allow,
  strip,  // make the keys unreadable on the way
  drop,   // drop the answer; clients continue with the addresses alone
};

struct Fallbacks {
  Fallback malformed = Fallback::pass;      // packets whose headers cannot be read
  Fallback unjudged = Fallback::drop;       // streams and datagrams that cannot be judged
  Fallback fragments = Fallback::drop;      // IP fragments that exceed the memory for reassembly
  Fallback quic_unknown = Fallback::pass;   // QUIC versions that we cannot open
  Checksums checksums = Checksums::verify;  // of client packets that are judged
  Ech ech = Ech::allow;                     // in answers to clients that a policy protects
};

}  // namespace sluice::policy
