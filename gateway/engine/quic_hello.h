#pragma once

// What the judge remembers of QUIC: for each five-tuple a few hellos, for each hello its keys and
// its handshake bytes. See judge_quic.h for what is done with them.

#include <array>
#include <cstdint>

#include "filters/base/time.h"
#include "filters/flow/client_stream.h"
#include "filters/quic/initial_keys.h"
#include "filters/quic/packet.h"
#include "gateway/engine/judgement.h"

namespace sluice::engine {

struct QuicLimits {
  std::size_t flows = 16384;
  std::size_t streams = 1024;               // hellos whose bytes are kept
  std::uint32_t initials_per_second = 200;  // of one client address
};

// Of one five-tuple at once; more is refused until one of them has been silent for kQuicHelloAge.
inline constexpr std::size_t kQuicHellos = 4;
inline constexpr Nanos kQuicHelloAge = std::chrono::seconds(30);
// Packets of one datagram that are looked at; a datagram with more is dropped alone.
inline constexpr std::size_t kQuicPackets = 8;
// Handshake bytes of one hello (and of the second one, which a HelloRetryRequest asks for).
inline constexpr std::size_t kQuicStreamCapacity = 16 * 1024;

struct QuicHello {
  enum class Phase : std::uint8_t {
    unused,
    judging,
    forgotten,  // its memory was needed: further handshake bytes are dropped alone
    passed,     // could not be judged, and configuration lets it pass
    blocked,
  };
  struct Keys {
    quic::VersionNumber version;  // compatible version negotiation (RFC 9368) may change it
    quic::PacketKeys keys;
    std::uint64_t next_number = 0;  // behind the highest packet number seen
  };

  Phase phase = Phase::unused;
  bool from_low = false;  // which end of the flow's key is its client
  Reason finish = Reason::unfinished;
  std::uint8_t dcid_size = 0;
  std::array<std::byte, quic::kMaxConnectionId> dcid{};  // of the client's first Initial
  Keys client, server;
  Nanos last_seen{0};
  flow::ClientStream stream;
  std::uint32_t judged = 0;  // of first copies: whole messages up to here are clean

  [[nodiscard]] Bytes id() const noexcept { return Bytes(dcid).first(dcid_size); }
};

struct QuicFlow {
  std::array<QuicHello, kQuicHellos> hellos;
};

}  // namespace sluice::engine
