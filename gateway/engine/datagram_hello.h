#pragma once

// What the judge remembers of ClientHellos that come in datagrams, QUIC's and DTLS': for each
// five-tuple a few hellos, for each hello its handshake bytes. See hello_table.h for what is done
// with them.

#include <algorithm>
#include <array>
#include <cstdint>

#include "filters/base/time.h"
#include "filters/flow/stream_buffer.h"
#include "filters/quic/initial_keys.h"
#include "filters/quic/packet.h"
#include "filters/tls/client_hello.h"
#include "gateway/engine/reason.h"

namespace sluice::engine {

struct HelloLimits {
  std::size_t flows = 16384;
  std::size_t streams = 1024;               // hellos whose bytes are kept
  std::uint32_t initials_per_second = 200;  // of one client address; DTLS hellos in pieces as well
  std::size_t clients = 4096;               // addresses whose use of that is remembered
};

// Of one five-tuple at once; more is refused until one of them has been silent for kHelloAge.
inline constexpr std::size_t kHellos = 4;
inline constexpr Nanos kHelloAge = std::chrono::seconds(30);
// Handshake bytes of one ordinary hello, and of the second one, which a HelloRetryRequest asks for
// …
inline constexpr std::size_t kHelloCapacity = 16 * 1024;
// … and of two of the longest, for which there is room once for sixteen ordinary ones.
inline constexpr std::size_t kLongHelloCapacity =
    2 * (tls::kHandshakeHeaderBytes + tls::kMaxClientHello);

[[nodiscard]] constexpr flow::SlotClass hello_slots(const HelloLimits& limits) noexcept {
  return {limits.streams, kHelloCapacity};
}
[[nodiscard]] constexpr flow::SlotClass long_hello_slots(const HelloLimits& limits) noexcept {
  return {std::max<std::size_t>(limits.streams / 16, 2), kLongHelloCapacity};
}

struct DatagramHello {
  enum class Phase : std::uint8_t {
    unused,
    judging,
    forgotten,  // its memory was needed: further handshake bytes are dropped alone
    passed,     // could not be judged, and configuration lets it pass
    blocked,
  };
  enum class Kind : std::uint8_t { quic, dtls };
  struct Keys {                   // QUIC; derived when the first packet of their sender comes
    quic::VersionNumber version;  // compatible version negotiation (RFC 9368) may change it
    quic::PacketKeys keys;
    std::uint64_t next_number = 0;  // behind the highest packet number seen
  };

  Phase phase = Phase::unused;
  Kind kind = Kind::quic;
  bool from_low = false;  // which end of the flow's key is its client
  Reason finish = Reason::unfinished;
  std::uint8_t id_size = 0;
  // QUIC: DCID of the client's first Initial. DTLS: message_seq and length of the message.
  std::array<std::byte, quic::kMaxConnectionId> id_bytes{};
  Keys client, server;
  Nanos last_seen{0};
  flow::StreamBuffer stream;
  std::uint32_t judged = 0;  // whole messages up to here are clean

  [[nodiscard]] Bytes id() const noexcept { return Bytes(id_bytes).first(id_size); }
  [[nodiscard]] bool is(Kind of, bool low_is_client) const noexcept {
    return phase != Phase::unused && kind == of && from_low == low_is_client;
  }
  // REQUIRES: bytes.size() <= quic::kMaxConnectionId.
  void start(Kind of, bool low_is_client, Bytes bytes) noexcept {
    phase = Phase::judging;
    kind = of;
    from_low = low_is_client;
    id_size = static_cast<std::uint8_t>(bytes.size());
    std::ranges::copy(bytes, id_bytes.begin());
  }
};

struct HelloFlow {
  std::array<DatagramHello, kHellos> hellos;
};

}  // namespace sluice::engine
