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
};

}  // namespace

std::optional<CryptoFrame> CryptoFrames::next() noexcept {
  while (ok() && reader_.remaining() > 0) {
    // A type of one octet may be sent as a longer varint by those who break the rules; a server
    // may read it (RFC 9000 section 12.4).
    switch (read_varint(reader_)) {
      case kPadding:
      case kPing:
        break;
      case kAck:
        skip_ack(false);
        break;
      case kAckWithEcn:
        skip_ack(true);
        break;
      case kConnectionClose:
        skip_close();
        break;
      case kCrypto: {
        CryptoFrame frame;
        frame.offset = read_varint(reader_);
        frame.bytes = reader_.take(read_varint(reader_));
        if (reader_.ok()) return frame;
        break;
      }
      default:
        allowed_ = false;
        break;
    }
  }
  return std::nullopt;
}

// Section 19.3: largest, delay, count of ranges, first range; (gap, range) …; three ECN counts.
void CryptoFrames::skip_ack(bool with_ecn) noexcept {
  static_cast<void>(read_varint(reader_));
  static_cast<void>(read_varint(reader_));
  const std::uint64_t ranges = read_varint(reader_);
  static_cast<void>(read_varint(reader_));
  for (std::uint64_t i = 0; i < ranges && reader_.ok(); ++i) {
    static_cast<void>(read_varint(reader_));
    static_cast<void>(read_varint(reader_));
  }
  for (int i = 0; i < 3 && with_ecn; ++i) static_cast<void>(read_varint(reader_));
}

// Section 19.19: error, type of the frame that caused it, length of the reason, reason.
void CryptoFrames::skip_close() noexcept {
  static_cast<void>(read_varint(reader_));
  static_cast<void>(read_varint(reader_));
  reader_.skip(read_varint(reader_));
}

bool well_formed(CryptoFrames frames) noexcept {
  while (frames.next()) {
  }
  return frames.ok();
}

}  // namespace sluice::quic
