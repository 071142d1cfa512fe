#pragma once

// AnswerProgress: how far the targets of a long DNS message over TCP were judged, while its rest
// was on its way. So its last segment pays for what it brings, not for the 64 KB in front of it.

#include <cstdint>

#include "filters/dns/response.h"

namespace sluice::engine {

struct AnswerProgress {
  dns::ResponsePosition position;  // what is in front of it is clean
  std::uint16_t seen = 0;          // bytes of the message that were there at the last look
  bool any = false;                // a target was read
  bool logged = false;             // one is banned, and policy only logs it
  bool has_ech = false;            // one carries keys for Encrypted ClientHello
};

}  // namespace sluice::engine
