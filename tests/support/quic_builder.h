#pragma once

// QUIC packets for tests, protected as a client or a server would protect them, or in wrong ways.
//
//   QuicPacket packet{.dcid = byte_vector("\x01…")};
//   ByteVector datagram = quic_initial(packet, crypto_frame(0, client_hello("example.com")), 1200);
//   FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").payload(datagram).build();
//
// Append packets to each other (test::append) for a datagram of several.

#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/quic/initial_keys.h"
#include "filters/quic/packet.h"
#include "filters/quic/version.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

inline constexpr std::size_t kQuicDatagram = 1200;  // least size of a client's Initial datagram

// What one packet says in its header, and whose keys protect it.
struct QuicPacket {
  quic::VersionNumber version = quic::kVersion1;
  ByteVector dcid = byte_vector("\x83\x94\xc8\xf0\x3e\x51\x57\x08");
  ByteVector scid;
  ByteVector token;
  std::uint64_t number = 0;
  std::size_t number_bytes = 2;  // 1 to 4
  ByteVector keys_of;            // DCID that the keys follow from; empty: `dcid`
  quic::Sender sender = quic::Sender::client;
  bool fixed_bit = true;
};

// RFC 9000 section 16, in the fewest bytes.
void append_varint(ByteVector& to, std::uint64_t value);

[[nodiscard]] ByteVector crypto_frame(std::uint64_t offset, Bytes bytes);
[[nodiscard]] ByteVector ack_frame(std::uint64_t largest);
[[nodiscard]] ByteVector connection_close_frame(std::string_view reason = "");

// An Initial packet of these frames; PADDING frames behind them fill it to `least_size` bytes.
// Terminates the test program on a version that has no keys.
[[nodiscard]] ByteVector quic_initial(const QuicPacket& packet, Bytes frames,
                                      std::size_t least_size = 0);
// A 0-RTT or Handshake packet with `size` bytes that nobody can decrypt.
[[nodiscard]] ByteVector quic_sealed(const QuicPacket& packet, quic::PacketType type,
                                     std::size_t size);
// `packet.dcid` is the client's, `packet.scid` the server's new one.
[[nodiscard]] ByteVector quic_retry(const QuicPacket& packet);
[[nodiscard]] ByteVector quic_version_negotiation(const QuicPacket& packet);
// A 1-RTT packet.
[[nodiscard]] ByteVector quic_short(const QuicPacket& packet, std::size_t size);
// The start of a connection of Google's QUIC up to Q043; `version` as in "Q039".
[[nodiscard]] ByteVector google_quic(std::string_view version, std::size_t size = kQuicDatagram);

// A ClientHello in one datagram for each of these sizes; the last one takes the rest. Packet
// numbers start at `packet.number`.
[[nodiscard]] std::vector<ByteVector> quic_hello(std::string_view server_name,
                                                 QuicPacket packet = {},
                                                 const std::vector<std::size_t>& sizes = {},
                                                 const HelloOptions& options = {});

}  // namespace sluice::test
