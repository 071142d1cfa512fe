#include "filters/packet/tcp_options.h"

#include "filters/base/byte_reader.h"

namespace sluice::packet {

TcpOptions tcp_options(const Packet& packet) noexcept {
  enum Option : std::uint8_t {
    kEnd = 0,
    kNothing = 1,
    kWindowScale = 3,
    kTimestamps = 8,
    kMd5 = 19,
    kAuth = 29
  };
  constexpr std::size_t kFixedHeader = 20;
  constexpr std::uint8_t kWindowScaleLength = 3, kTimestampsLength = 10;
  TcpOptions result;
  const std::size_t header = packet.segment.size() - packet.payload.size();
  if (header <= kFixedHeader) return result;
  ByteReader options(packet.segment.subspan(kFixedHeader, header - kFixedHeader));
  while (options.remaining() > 0) {
    const std::uint8_t kind = options.u8();
    if (kind == kEnd) break;
    if (kind == kNothing) continue;
    const std::uint8_t length = options.u8();
    if (length < 2) break;
    ByteReader value(options.take(length - std::size_t{2}));
    if (!options.ok()) break;
    if (kind == kWindowScale && length == kWindowScaleLength) result.window_scale = value.u8();
    if (kind == kTimestamps && length == kTimestampsLength) result.timestamp = value.u32();
    if (kind == kMd5 || kind == kAuth) result.is_signed = true;
  }
  return result;
}

}  // namespace sluice::packet
