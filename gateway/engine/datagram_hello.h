#pragma once

// What the judge remembers of a ClientHello that comes in datagrams, QUIC's or DTLS'. See
// hello_table.h for what is done with it.

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
  std::size_t flows = 16384;                // hellos
  std::size_t streams = 1024;               // of these, such whose bytes are kept
  std::uint32_t initials_per_second = 200;  // of one client; DTLS hellos in pieces as well
  std::size_t clients = 4096;               // whose use of that is remembered
};

// DTLS: the same numbers after so long a silence are of another connection.
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
    judging,
    forgotten,  // its memory was needed: further handshake bytes are dropped alone
    passed,     // could not be judged, and configuration lets it pass
    blocked,
  };
  enum class Kind : std::uint8_t { quic, dtls };
  struct Keys {                   // QUIC; derived when the first packet of their sender comes
    quic::VersionNumber version;  // compatible version negotiation (RFC 9368) may change it
    quic::PacketKeys keys;
    std::uint64_t first_number = 0, newest_number = 0;  // of packets that they opened
  };

  Phase phase = Phase::judging;
  Kind kind = Kind::quic;
  bool is_answered = false;  // QUIC: its server spoke
  Reason finish = Reason::unfinished;
  std::uint8_t id_size = 0;
  // QUIC: DCID of the client's first Initial. DTLS: message_seq and length of the message.
  std::array<std::byte, quic::kMaxConnectionId> id_bytes{};
  Keys client, server;
  Nanos last_seen{0};
  std::uint64_t serial = 0;  // no other hello of the table has or had it
  flow::StreamBuffer stream;
  std::uint32_t judged = 0;  // whole messages up to here are clean

  [[nodiscard]] Bytes id() const noexcept { return Bytes(id_bytes).first(id_size); }
  // REQUIRES: bytes.size() <= quic::kMaxConnectionId.
  void start(Kind of, Bytes bytes) noexcept {
    kind = of;
    id_size = static_cast<std::uint8_t>(bytes.size());
    std::ranges::copy(bytes, id_bytes.begin());
  }
};

}  // namespace sluice::engine
