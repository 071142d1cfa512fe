#pragma once

// The frames of an Initial packet: RFC 9000 sections 17.2.2 and 19. CRYPTO frames carry the
// handshake; PADDING, PING, ACK and CONNECTION_CLOSE may be among them; a server closes the
// connection on any other.
//
// Input: the decrypted payload of one packet. Output: CRYPTO frames in order of appearance, views
// into it. Cost: one pass, no allocation.

#include <cstdint>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/base/bytes.h"
#include "filters/quic/version.h"

namespace sluice::quic {

struct CryptoFrame {
  std::uint64_t offset = 0;  // in the handshake stream of the Initial packets
  Bytes bytes;
};

class CryptoFrames {
 public:
  explicit constexpr CryptoFrames(Bytes payload, Frames frames = Frames::ietf) noexcept
      : reader_(payload), frames_(frames) {}

  // The next CRYPTO frame; none at the end of the payload or of its well-formed part.
  [[nodiscard]] std::optional<CryptoFrame> next() noexcept;
  // False after a truncated frame, or one that an Initial packet must not carry.
  [[nodiscard]] bool ok() const noexcept { return reader_.ok() && allowed_; }

 private:
  [[nodiscard]] bool skip_other(std::uint64_t type) noexcept;
  [[nodiscard]] bool skip_other_google(std::uint8_t type) noexcept;
  void skip_varints(std::uint64_t count) noexcept;

  ByteReader reader_;
  Frames frames_;
  bool allowed_ = true;
};

// True if all frames can be read.
[[nodiscard]] bool well_formed(CryptoFrames frames) noexcept;

}  // namespace sluice::quic
