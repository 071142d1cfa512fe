#include "filters/packet/wireless.h"

#include <utility>

namespace sluice::packet {
namespace {

constexpr std::uint16_t kLlcFollows = 0;  // any value below the first EtherType

// Only a single one is read: of several, each would need a verdict of its own.
Opened network_in_aggregate(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  constexpr std::size_t kHeader = 14, kMostPadding = 3, kChecksum = 4;
  reader.skip(kHeader - 2);
  const std::size_t length = reader.u16();
  if (reader.remaining() > length + kMostPadding + kChecksum) return fail(DecodeError::unread);
  return network_of_type(reader, kLlcFollows, packet, tunnels);
}

}  // namespace

// Some access points swap the bytes of each number, the kind and the flags among them.
Opened network_in_wireless(ByteReader& reader, Packet& packet, Tunnels tunnels) noexcept {
  constexpr std::uint8_t kData = 0x08, kTypeAndVersion = 0x0f, kNoData = 0x40, kQuality = 0x80;
  constexpr std::uint8_t kBetweenAccessPoints = 3, kMoreFragments = 4, kProtected = 0x40,
                         kHighThroughput = 0x80;
  constexpr std::uint8_t kIsAggregate = 0x80;
  std::uint8_t kind = reader.u8();
  std::uint8_t flags = reader.u8();
  const bool is_swapped = (kind & kTypeAndVersion) != kData;
  if (is_swapped) std::swap(kind, flags);
  if ((kind & kTypeAndVersion) != kData || (kind & kNoData) != 0) return not_ip();
  reader.skip(2 + 18);
  const auto lower_byte = [&] {  // numbers are little-endian
    const std::uint16_t number = reader.u16();
    return is_swapped ? number & 0xff : number >> 8;
  };
  const bool is_fragment = (lower_byte() & 0x0f) != 0 || (flags & kMoreFragments) != 0;
  if ((flags & kProtected) != 0 || is_fragment) return fail(DecodeError::unread);
  if ((flags & kBetweenAccessPoints) == kBetweenAccessPoints) reader.skip(6);
  bool is_aggregate = false;
  if ((kind & kQuality) != 0) {
    is_aggregate = (lower_byte() & kIsAggregate) != 0;
    if ((flags & kHighThroughput) != 0) reader.skip(4);
  }
  if (!reader.ok()) return fail(DecodeError::truncated);
  return is_aggregate ? network_in_aggregate(reader, packet, tunnels)
                      : network_of_type(reader, kLlcFollows, packet, tunnels);
}

}  // namespace sluice::packet
