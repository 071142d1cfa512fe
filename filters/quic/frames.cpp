#include "filters/quic/frames.h"

#include "filters/quic/packet.h"

namespace sluice::quic {
namespace {

enum FrameType : std::uint8_t {
  kPadding = 0x00,
  kPing = 0x01,
  kAck = 0x02,
  kAckWithEcn = 0x03,
  kCrypto = 0x06,
  kConnectionClose = 0x1c,
  kGooglePing = 0x07,
  kGoogleCrypto = 0x08,
};

}  // namespace

std::optional<CryptoFrame> CryptoFrames::next() noexcept {
  const bool google = frames_ == Frames::google;
  while (ok() && reader_.remaining() > 0) {
    // RFC 9000 section 12.4 forbids longer varints for types, but a server may accept them.
    const std::uint64_t type = google ? reader_.u8() : read_varint(reader_);
    if (type == (google ? kGoogleCrypto : kCrypto)) {
      CryptoFrame frame;
      frame.offset = read_varint(reader_);
      frame.bytes = reader_.take(read_varint(reader_));
      if (reader_.ok()) return frame;
    } else {
      allowed_ = google ? skip_other_google(static_cast<std::uint8_t>(type)) : skip_other(type);
    }
  }
  return std::nullopt;
}

void CryptoFrames::skip_varints(std::uint64_t count) noexcept {
  for (std::uint64_t i = 0; i < count && reader_.ok(); ++i) {
    static_cast<void>(read_varint(reader_));
  }
}

// False: an Initial packet must not carry this frame.
bool CryptoFrames::skip_other(std::uint64_t type) noexcept {
  switch (type) {
    case kPadding:
    case kPing:
      return true;
    case kAck:
    case kAckWithEcn: {
      // Section 19.3: largest, delay, count, first range; (gap, range) …; three ECN counts.
      skip_varints(2);
      const std::uint64_t ranges = read_varint(reader_);
      skip_varints(1 + 2 * ranges + (type == kAckWithEcn ? 3 : 0));
      return true;
    }
    case kConnectionClose:
      // Section 19.19: error, type of the frame that caused it, length of the reason, reason.
      skip_varints(2);
      reader_.skip(read_varint(reader_));
      return true;
    default:
      return false;
  }
}

// Acknowledgments have the type 01ntllmm:
//   | type | largest, by ll 1 2 4 6 | delay 16 | n: count 8 | block, by mm 1 2 4 6 |
//   | (gap 8, block) … | timestamps 8 | the first one 40, each other one 24 |
bool CryptoFrames::skip_other_google(std::uint8_t type) noexcept {
  constexpr std::size_t kSizes[] = {1, 2, 4, 6};
  if (type == kPadding || type == kGooglePing) return true;
  if ((type & 0xc0) != 0x40) return false;
  const std::size_t block = kSizes[type & 3];
  reader_.skip(kSizes[type >> 2 & 3] + 2);
  const std::size_t more_blocks = (type & 0x20) != 0 ? reader_.u8() : 0;
  reader_.skip(block + more_blocks * (1 + block));
  const std::size_t timestamps = reader_.u8();
  if (timestamps > 0) reader_.skip(5 + 3 * (timestamps - 1));
  return true;
}

bool well_formed(CryptoFrames frames) noexcept {
  while (frames.next()) {
  }
  return frames.ok();
}

}  // namespace sluice::quic
