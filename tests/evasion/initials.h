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
    crypto_.emplace_back(at, Octets(bytes.begin(), bytes.end()));
    test::append(octets_, test::crypto_frame(at, bytes));
    return *this;
  }
  Frames& ping() {
    octets_.push_back(std::byte{1});
    return *this;
  }
  Frames& padding(std::size_t count) {
    octets_.resize(octets_.size() + count);
    return *this;
  }
  [[nodiscard]] const Octets& octets() const { return octets_; }
  [[nodiscard]] const auto& inside() const { return crypto_; }

 private:
  Octets octets_;
  std::vector<std::pair<std::uint64_t, Octets>> crypto_;
};

class Initials {
 public:
  explicit Initials(quic::VersionNumber version) { packet_.version = version; }

  // One Initial of the connection, of the size that servers demand.
  Initials& datagram(const Frames& frames) { return datagram({frames}); }
  // One for each, the last one padded.
  Initials& datagram(std::initializer_list<Frames> packets) {
    Octets payload;
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
  // One of another connection.
  Initials& other(const Frames& frames) {
    test::QuicPacket packet = packet_;
    packet.dcid[0] ^= std::byte{0xff};
    script_.datagram(sealed(packet, frames, test::kQuicDatagram));
    return *this;
  }
  // The packet alone, for a datagram of one's own.
  Octets sealed(const test::QuicPacket& packet, const Frames& frames, std::size_t least) {
    Octets octets = test::quic_initial(packet, frames.octets(), least);
    script_.sealed.push_back({octets, std::string(as_text(packet.dcid)), frames.inside()});
    return octets;
  }
  [[nodiscard]] const test::QuicPacket& packet() const { return packet_; }
  [[nodiscard]] Script script() const { return script_; }

 private:
  test::QuicPacket packet_;
  Script script_;
};

}  // namespace sluice::evasion
