#include "filters/craft/tcp_reset.h"

#include "filters/craft/frame_writer.h"

namespace sluice::craft {
namespace {

constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kTcpChecksumField = 16;
constexpr std::uint8_t kReset = 0x04;
constexpr std::uint8_t kAcknowledge = 0x10;

struct Reset {
  Direction direction;
  std::uint32_t sequence;
  std::uint32_t acknowledgment;
};

Bytes write_reset(const packet::Packet& packet, const Reset& reset, MutableBytes out) noexcept {
  if (packet.transport != packet::Transport::tcp || !packet.has_transport) return {};
  const Ends ends = ends_of(packet, reset.direction);
  ByteWriter writer(out);
  write_headers(writer, packet, reset.direction, kTcpProtocol, kTcpHeader);
  const std::size_t tcp = writer.position();
  writer.u16(ends.source_port.number);
  writer.u16(ends.destination_port.number);
  writer.u32(reset.sequence);
  writer.u32(reset.acknowledgment);
  writer.u8(kTcpHeader / 4 << 4);
  writer.u8(kReset | kAcknowledge);
  writer.u16(0);  // window
  writer.u16(0);  // checksum
  writer.u16(0);  // urgent pointer
  write_checksum(writer, ends, kTcpProtocol, tcp, kTcpChecksumField);
  return writer.written();
}

// SYN and FIN take a sequence number each.
std::uint32_t sequence_behind(const packet::Packet& packet) noexcept {
  return packet.tcp.sequence + static_cast<std::uint32_t>(packet.payload.size()) +
         static_cast<std::uint32_t>(packet.tcp.syn) + static_cast<std::uint32_t>(packet.tcp.fin);
}

}  // namespace

Bytes reset_to_sender(const packet::Packet& packet, MutableBytes out) noexcept {
  return write_reset(packet, {Direction::back, packet.tcp.acknowledgment, sequence_behind(packet)},
                     out);
}

Bytes reset_to_destination(const packet::Packet& packet, std::uint32_t sequence,
                           MutableBytes out) noexcept {
  return write_reset(packet, {Direction::onward, sequence, packet.tcp.acknowledgment}, out);
}

}  // namespace sluice::craft
