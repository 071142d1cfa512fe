#pragma once

// QUIC packets with a long header: RFC 8999 (all versions), RFC 9000 section 17.2.
//
//   | 1 f tt pppp | version 32 | n 8 | DCID n | m 8 | SCID m | by version and type …
//     Initial:                            | token length (i) | token | length (i) | protected |
//     0-RTT, Handshake:                                              | length (i) | protected |
//     Retry, version negotiation, unknown versions: to the end of the datagram
//
// A datagram may carry several packets (RFC 9000 section 12.2): parse one, then continue at
// `whole.size()`. Input: a UDP payload or what is left of one. Output: views into it. Pure, no
// allocation.

#include <cstdint>
#include <string_view>

#include "filters/base/byte_reader.h"
#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "filters/quic/version.h"

namespace sluice::quic {

enum class PacketType : std::uint8_t {
  initial,
  zero_rtt,
  handshake,
  retry,
  version_negotiation,
  unknown,  // of a version that we cannot read, Google's Q0xx included
};

enum class PacketError : std::uint8_t {
  not_long,   // no long header: 1-RTT, or not QUIC
  malformed,  // a long header whose lengths exceed the input
};
[[nodiscard]] std::string_view to_string(PacketError error) noexcept;

inline constexpr std::size_t kMaxConnectionId = 20;  // RFC 9000 section 17.2, every version we read

struct LongPacket {
  PacketType type = PacketType::unknown;
  VersionNumber version;
  const Version* secrets = nullptr;  // null: unknown, version_negotiation
  Bytes dcid, scid;
  Bytes token;                    // initial
  std::size_t number_offset = 0;  // initial, zero_rtt, handshake: where the packet number starts
  Bytes whole;                    // the packet; the rest of the datagram if its length is unknown
};

// Ignores the fixed bit: servers may let clients clear it (RFC 9287).
[[nodiscard]] Result<LongPacket, PacketError> parse_long_packet(Bytes datagram) noexcept;

// How a datagram looks by its first bytes.
enum class Sight : std::uint8_t {
  none,        // no long header, or too unlikely to be QUIC
  readable,    // a long header of a version that we can open
  unreadable,  // Google's Q0xx, or probably the first packet of an unknown version
};
// Cost: one byte decides for 1-RTT packets and for most traffic that is not QUIC. An unknown
// version is a guess: a long header with the fixed bit, connection IDs of sizes that clients use,
// in a datagram of the size that servers demand. One in a thousand random datagrams of that size
// matches.
[[nodiscard]] Sight sight_of(Bytes datagram) noexcept;

// RFC 9000 section 16. A varint that does not fit fails the reader.
[[nodiscard]] std::uint64_t read_varint(ByteReader& reader) noexcept;

// RFC 9000 appendix A.3: the full packet number nearest to `expected`, from its last `bytes` bytes.
[[nodiscard]] std::uint64_t decode_packet_number(std::uint64_t expected, std::uint32_t truncated,
                                                 std::size_t bytes) noexcept;

}  // namespace sluice::quic
