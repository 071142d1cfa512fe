#pragma once

// What every frame that we make has in common: link and IP headers taken from a packet that was
// seen, turned round or not. Pure; writes through a ByteWriter.

#include "filters/base/byte_writer.h"
#include "filters/packet/packet.h"

namespace sluice::craft {

enum class Direction : std::uint8_t { back, onward };  // to the packet's sender, or its destination

struct Ends {
  IpAddress source, destination;
  Port source_port, destination_port;
};
[[nodiscard]] Ends ends_of(const packet::Packet& packet, Direction direction) noexcept;

// Link header with VLAN tags as `packet` has them; Ethernet addresses changed round for `back`.
// Then an IPv4 or IPv6 header for `transport_length` bytes of `protocol` (IANA number).
void write_headers(ByteWriter& writer, const packet::Packet& packet, Direction direction,
                   std::uint8_t protocol, std::size_t transport_length) noexcept;

// Fills in the transport's checksum. REQUIRES: its field is zero and its header begins at `start`.
void write_checksum(ByteWriter& writer, const Ends& ends, std::uint8_t protocol, std::size_t start,
                    std::size_t field) noexcept;

// A TCP header without options, window and checksum zero.
struct TcpPlace {
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
};
void write_tcp_header(ByteWriter& writer, const Ends& ends, TcpPlace place,
                      std::uint8_t flags) noexcept;

inline constexpr std::size_t kTcpHeader = 20;
inline constexpr std::uint8_t kTcpProtocol = 6;
inline constexpr std::uint8_t kUdpProtocol = 17;
// Where the checksum stands in the transport header.
inline constexpr std::size_t kTcpChecksumField = 16;
inline constexpr std::size_t kUdpChecksumField = 6;

}  // namespace sluice::craft
