#pragma once

// Private to the judge: what its functions know of the packet at hand.

#include "gateway/engine/judge.h"

namespace sluice::engine {

struct Judge::Context {
  const packet::Packet& packet;
  const FlowLookup& lookup;
  Nanos now;
  const Snapshot& snapshot;
  FindingSink& sink;
  std::optional<io::Side> side;  // where the packet came in, if that is known
  bool from_server = false;

  // Whose policy counts.
  [[nodiscard]] const IpAddress& client() const noexcept {
    return from_server ? packet.destination : packet.source;
  }
  // The port that tells what a client's stream is, where that is not told by its content. Port 53
  // is DNS whatever is configured.
  [[nodiscard]] Port protocol_port() const noexcept {
    return snapshot.dns.has(packet.destination_port) ? inspect::kDnsPort : packet.destination_port;
  }
  // What a server throws away on arrival must not be judged in place of what it reads.
  [[nodiscard]] bool discarded_by_server() const noexcept {
    return snapshot.fallbacks.checksums == policy::Checksums::verify &&
           !packet::checksums_hold(packet);
  }
};

[[nodiscard]] constexpr std::size_t index_of(flow::Reading reading) noexcept {
  return static_cast<std::size_t>(reading);
}

[[nodiscard]] inline Judgement allow(Reason reason) noexcept {
  return {.reason = reason};
}

}  // namespace sluice::engine
