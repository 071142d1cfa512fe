#include "filters/craft/frame_writer.h"

#include "filters/packet/checksum.h"
#include "filters/packet/ip_header.h"

namespace sluice::craft {
namespace {

constexpr std::uint8_t kHopLimit = 64;
constexpr std::size_t kMacBytes = 6;

}  // namespace

Ends ends_of(const packet::Packet& packet, Direction direction) noexcept {
  if (direction == Direction::onward) {
    return {packet.source, packet.destination, packet.source_port, packet.destination_port};
  }
  return {packet.destination, packet.source, packet.destination_port, packet.source_port};
}

void write_headers(ByteWriter& writer, const packet::Packet& packet, Direction direction,
                   std::uint8_t protocol, std::size_t transport_length) noexcept {
  const Bytes link = packet.frame.first(packet.network_offset);
  if (direction == Direction::back && packet.link == LinkType::ethernet) {
    writer.bytes(link.subspan(kMacBytes, kMacBytes));
    writer.bytes(link.first(kMacBytes));
    writer.bytes(link.subspan(2 * kMacBytes));
  } else {
    writer.bytes(link);
  }
  const Ends ends = ends_of(packet, direction);
  const packet::IpHeader header{ends.source, ends.destination, protocol, kHopLimit, true};
  packet::write_ip_header(writer, header, transport_length);
}

void write_tcp_header(ByteWriter& writer, const Ends& ends, TcpPlace place,
                      std::uint8_t flags) noexcept {
  writer.u16(ends.source_port.number);
  writer.u16(ends.destination_port.number);
  writer.u32(place.sequence);
  writer.u32(place.acknowledgment);
  writer.u8(kTcpHeader / 4 << 4);
  writer.u8(flags);
  writer.u16(0);  // window
  writer.u16(0);  // checksum
  writer.u16(0);  // urgent pointer
}

void write_checksum(ByteWriter& writer, const Ends& ends, std::uint8_t protocol, std::size_t start,
                    std::size_t field) noexcept {
  if (!writer.ok()) return;
  std::uint16_t sum = packet::transport_checksum(ends.source, ends.destination, protocol,
                                                 writer.written().subspan(start));
  if (sum == 0) sum = 0xffff;  // zero says "none" in UDP (RFC 768); the two are the same number
  writer.patch_u16(start + field, sum);
}

}  // namespace sluice::craft
