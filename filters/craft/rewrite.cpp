#include "filters/craft/rewrite.h"

#include "filters/base/byte_writer.h"
#include "filters/craft/frame_writer.h"
#include "filters/packet/checksum.h"

namespace sluice::craft {
namespace {

constexpr std::size_t kTcpFlagsField = 13, kTcpUrgentField = 18;
constexpr std::byte kTcpUrgent{0x20};

void mend_checksum(const packet::Packet& packet, MutableBytes segment) noexcept {
  const bool udp = packet.transport == packet::Transport::udp;
  const MutableBytes field = segment.subspan(udp ? kUdpChecksumField : kTcpChecksumField, 2);
  const bool has_none = udp && field[0] == std::byte{0} && field[1] == std::byte{0};
  if (has_none) return;
  put_u16(field, 0);
  const std::uint16_t sum = packet::transport_checksum(
      packet.source, packet.destination, udp ? kUdpProtocol : kTcpProtocol, Bytes(segment));
  put_u16(field, sum == 0 ? 0xffff : sum);
}

}  // namespace

Bytes rewrite(const packet::Packet& packet, Bytes payload, MutableBytes out,
              Urgent urgent) noexcept {
  if (out.size() < packet.frame.size() || payload.size() != packet.payload.size() ||
      !packet.has_transport) {
    return {};
  }
  const MutableBytes frame = out.first(packet.frame.size());
  copy_bytes(packet.frame, frame);
  copy_bytes(payload, frame.subspan(packet.payload_offset));
  const MutableBytes segment = frame.subspan(packet.transport_offset, packet.segment.size());
  if (urgent == Urgent::cleared && packet.transport == packet::Transport::tcp) {
    segment[kTcpFlagsField] &= ~kTcpUrgent;
    put_u16(segment.subspan(kTcpUrgentField), 0);
  }
  mend_checksum(packet, segment);
  return frame;
}

}  // namespace sluice::craft
