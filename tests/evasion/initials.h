#pragma once

// QUIC Initials of one connection, and the script that sends them.

#include <initializer_list>

#include "tests/evasion/script.h"
#include "tests/support/quic_builder.h"

namespace sluice::evasion {

// Frames of one packet.
class Frames {
 public:
  Frames& crypto(Bytes bytes, std::size_t at) {
    crypto_.emplace_back(at, ByteVector(bytes.begin(), bytes.end()));
    test::append(bytes_, test::crypto_frame(at, bytes));
    return *this;
  }
  Frames& ping() {
    bytes_.push_back(std::byte{1});
    return *this;
  }
  Frames& padding(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  [[nodiscard]] const ByteVector& bytes() const { return bytes_; }
  [[nodiscard]] const auto& inside() const { return crypto_; }

 private:
  ByteVector bytes_;
  std::vector<std::pair<std::uint64_t, ByteVector>> crypto_;
};

class Initials {
 public:
  explicit Initials(quic::VersionNumber version) { packet_.version = version; }

  // One Initial of the connection, of the size that servers require.
  Initials& datagram(const Frames& frames) { return datagram({frames}); }
  // One for each, the last one padded.
  Initials& datagram(std::initializer_list<Frames> packets) {
    ByteVector payload;
    std::size_t left = packets.size();
    for (const Frames& frames : packets) {
      const bool is_last = --left == 0;
      const std::size_t least = is_last && payload.size() < test::kQuicDatagram
                                    ? test::kQuicDatagram - payload.size()
                                    : 0;
      test::append(payload, sealed(packet_, frames, least));
      ++packet_.number;
    }
    script_.datagram(payload);
    return *this;
  }
  // One that never arrives, with a number that lies ahead.
  Initials& lost(std::uint64_t ahead) {
    test::QuicPacket packet = packet_;
    packet.number += ahead;
    packet.number_bytes = 4;
    script_.add(
        {.payload = sealed(packet, Frames().ping(), test::kQuicDatagram), .hops = kTooFewHops});
    return *this;
  }
  // One of another connection.
  Initials& other(const Frames& frames, unsigned number = 0) {
    test::QuicPacket packet = packet_;
    packet.dcid[0] ^= std::byte{0xff};
    packet.dcid[1] ^= static_cast<std::byte>(number);
    script_.datagram(sealed(packet, frames, test::kQuicDatagram));
    return *this;
  }
  // The packet alone, for a datagram of one's own.
  ByteVector sealed(const test::QuicPacket& packet, const Frames& frames, std::size_t least) {
    ByteVector bytes = test::quic_initial(packet, frames.bytes(), least);
    script_.sealed.push_back({bytes, std::string(as_text(packet.dcid)), frames.inside()});
    return bytes;
  }
  [[nodiscard]] const test::QuicPacket& packet() const { return packet_; }
  [[nodiscard]] Script script() const { return script_; }

 private:
  test::QuicPacket packet_;
  Script script_;
};

}  // namespace sluice::evasion
