#pragma once

// The client and the server of a finding: an answer comes from the server, everything else from the
// client.

#include "filters/inspect/finding.h"
#include "filters/packet/packet.h"

namespace sluice::inspect {

struct Ends {
  Endpoint client, server;
};

// `packet` is the one that completed the finding.
[[nodiscard]] inline Ends ends_of(const packet::Packet& packet, const Finding& finding) noexcept {
  const Endpoint source{packet.source, packet.source_port};
  const Endpoint destination{packet.destination, packet.destination_port};
  if (finding.source == Source::answer) return {destination, source};
  return {source, destination};
}

}  // namespace sluice::inspect
