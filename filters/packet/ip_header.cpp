#include "filters/packet/ip_header.h"

#include "filters/packet/checksum.h"

namespace sluice::packet {
namespace {

void write_ipv4(ByteWriter& writer, const IpHeader& header, std::size_t payload) noexcept {
  constexpr std::uint16_t kDontFragment = 0x4000;
  const std::size_t start = writer.position();
  writer.u16(0x4500);
  writer.u16(static_cast<std::uint16_t>(kIpv4Header + payload));
  writer.u16(0);  // identification
  writer.u16(header.dont_fragment ? kDontFragment : 0);
  writer.u8(header.hop_limit);
  writer.u8(header.protocol);
  writer.u16(0);
  writer.bytes(header.source.wire());
  writer.bytes(header.destination.wire());
  const Bytes written = writer.written().subspan(writer.ok() ? start : 0);
  writer.patch_u16(start + 10, static_cast<std::uint16_t>(~ones_complement_sum(written)));
}

void write_ipv6(ByteWriter& writer, const IpHeader& header, std::size_t payload) noexcept {
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(payload));
  writer.u8(header.protocol);
  writer.u8(header.hop_limit);
  writer.bytes(header.source.mapped());
  writer.bytes(header.destination.mapped());
}

}  // namespace

void write_ip_header(ByteWriter& writer, const IpHeader& header, std::size_t payload) noexcept {
  if (header.is_v6) {
    write_ipv6(writer, header, payload);
  } else {
    write_ipv4(writer, header, payload);
  }
}

}  // namespace sluice::packet
