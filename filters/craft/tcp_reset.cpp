#include "filters/craft/tcp_reset.h"

#include "filters/craft/frame_writer.h"

namespace sluice::craft {
namespace {

constexpr std::uint8_t kReset = 0x04;
constexpr std::uint8_t kAcknowledge = 0x10;

struct Reset {
  Direction direction;
  std::uint32_t sequence;
  std::uint32_t acknowledgment;
  std::uint8_t flags;
};

Bytes write_reset(const packet::Packet& packet, const Reset& reset, MutableBytes out) noexcept {
  if (packet.transport != packet::Transport::tcp || !packet.has_transport) return {};
  const Ends ends = ends_of(packet, reset.direction);
  ByteWriter writer(out);
  write_headers(writer, packet, reset.direction, kTcpProtocol, kTcpHeader);
  const std::size_t tcp = writer.position();
  write_tcp_header(writer, ends, {reset.sequence, reset.acknowledgment}, reset.flags);
  write_checksum(writer, ends, kTcpProtocol, tcp, kTcpChecksumField);
  return writer.written();
}

// SYN and FIN take a sequence number each.
std::uint32_t sequence_behind(const packet::Packet& packet) noexcept {
  return packet.tcp.sequence + static_cast<std::uint32_t>(packet.payload.size()) +
         static_cast<std::uint32_t>(packet.tcp.syn) + static_cast<std::uint32_t>(packet.tcp.fin);
}

}  // namespace

// RFC 9293 section 3.5.2: a segment without ACK is answered at sequence 0.
Bytes reset_to_sender(const packet::Packet& packet, MutableBytes out) noexcept {
  const std::uint32_t sequence = packet.tcp.ack ? packet.tcp.acknowledgment : 0;
  return write_reset(
      packet, {Direction::back, sequence, sequence_behind(packet), kReset | kAcknowledge}, out);
}

Bytes reset_to_destination(const packet::Packet& packet, std::uint32_t sequence,
                           MutableBytes out) noexcept {
  const Reset reset = packet.tcp.ack ? Reset{Direction::onward, sequence, packet.tcp.acknowledgment,
                                             kReset | kAcknowledge}
                                     : Reset{Direction::onward, sequence, 0, kReset};
  return write_reset(packet, reset, out);
}

}  // namespace sluice::craft
