#include "filters/craft/frame_writer.h"

#include "filters/packet/checksum.h"

namespace sluice::craft {
namespace {

constexpr std::uint8_t kHopLimit = 64;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::size_t kMacOctets = 6;
constexpr std::size_t kIpv4Header = 20;

void write_ipv4(ByteWriter& writer, const Ends& ends, std::uint8_t protocol,
                std::size_t transport_length) noexcept {
  const std::size_t start = writer.position();
  writer.u16(0x4500);
  writer.u16(static_cast<std::uint16_t>(kIpv4Header + transport_length));
  writer.u16(0);
  writer.u16(kDontFragment);
  writer.u8(kHopLimit);
  writer.u8(protocol);
  writer.u16(0);
  writer.bytes(ends.source.wire());
  writer.bytes(ends.destination.wire());
  const Bytes header = writer.written().subspan(writer.ok() ? start : 0);
  writer.patch_u16(start + 10, static_cast<std::uint16_t>(~packet::ones_complement_sum(header)));
}

void write_ipv6(ByteWriter& writer, const Ends& ends, std::uint8_t protocol,
                std::size_t transport_length) noexcept {
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(transport_length));
  writer.u8(protocol);
  writer.u8(kHopLimit);
  writer.bytes(ends.source.wire());
  writer.bytes(ends.destination.wire());
}

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
    writer.bytes(link.subspan(kMacOctets, kMacOctets));
    writer.bytes(link.first(kMacOctets));
    writer.bytes(link.subspan(2 * kMacOctets));
  } else {
    writer.bytes(link);
  }
  const Ends ends = ends_of(packet, direction);
  if (ends.source.is_v4()) {
    write_ipv4(writer, ends, protocol, transport_length);
  } else {
    write_ipv6(writer, ends, protocol, transport_length);
  }
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
