#include "filters/packet/checksum.h"

#include "filters/base/byte_reader.h"

namespace sluice::packet {

std::uint16_t ones_complement_sum(Bytes bytes, std::uint32_t start) noexcept {
  std::uint64_t sum = start;
  ByteReader reader(bytes);
  while (reader.remaining() >= 4) sum += reader.u32();
  while (reader.remaining() >= 2) sum += reader.u16();
  if (reader.remaining() == 1) sum += static_cast<std::uint64_t>(reader.u8()) << 8;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination,
                                 std::uint8_t protocol, Bytes segment) noexcept {
  // The pseudo-headers of IPv4 and IPv6 hold the same numbers in other widths, so one sum serves
  // both.
  std::uint32_t sum = ones_complement_sum(source.wire());
  sum = ones_complement_sum(destination.wire(), sum);
  sum += protocol + static_cast<std::uint32_t>(segment.size() >> 16) +
         static_cast<std::uint32_t>(segment.size() & 0xffff);
  return static_cast<std::uint16_t>(~ones_complement_sum(segment, sum));
}

}  // namespace sluice::packet
