#include "filters/craft/hide_ech.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/craft/frame_writer.h"
#include "filters/packet/checksum.h"

namespace sluice::craft {
namespace {

constexpr std::uint16_t kPrivateKey = 65534;
constexpr std::size_t kParamHead = 4;  // key and length

// The last of these parameters leaves room for the key behind it.
bool ends_below_private_key(Bytes params) noexcept {
  ByteReader reader(params);
  std::uint16_t key = 0;
  while (reader.remaining() > 0) {
    key = reader.u16();
    reader.skip(reader.u16());
  }
  return reader.ok() && key < kPrivateKey;
}

void put_u16(MutableBytes at, std::uint16_t value) noexcept {
  at[0] = static_cast<std::byte>(value >> 8);
  at[1] = static_cast<std::byte>(value & 0xff);
}

// `params`: from the `ech` parameter to the end of RDATA.
bool hide(MutableBytes params, std::size_t ech) noexcept {
  if (!ends_below_private_key(params.subspan(ech))) return false;
  std::ranges::rotate(params, params.begin() + static_cast<std::ptrdiff_t>(ech));
  const MutableBytes hidden = params.last(ech);
  put_u16(hidden, kPrivateKey);
  std::ranges::fill(hidden.subspan(kParamHead), std::byte{0});
  return true;
}

void mend_checksum(const packet::Packet& packet, MutableBytes frame) noexcept {
  const bool udp = packet.transport == packet::Transport::udp;
  const MutableBytes segment = frame.subspan(packet.transport_offset, packet.segment.size());
  const MutableBytes field = segment.subspan(udp ? kUdpChecksumField : kTcpChecksumField, 2);
  const bool has_none = udp && field[0] == std::byte{0} && field[1] == std::byte{0};
  if (has_none) return;  // RFC 768: the sender made none
  put_u16(field, 0);
  const std::uint16_t sum = packet::transport_checksum(
      packet.source, packet.destination, udp ? kUdpProtocol : kTcpProtocol, Bytes(segment));
  put_u16(field, sum == 0 ? 0xffff : sum);
}

}  // namespace

Bytes hide_ech(const packet::Packet& packet, Bytes message, const dns::Response& response,
               MutableBytes out) noexcept {
  if (out.size() < packet.frame.size() || !packet.has_transport) return {};
  const MutableBytes frame = out.first(packet.frame.size());
  std::ranges::copy(packet.frame, frame.begin());
  const MutableBytes copy =
      frame.subspan(static_cast<std::size_t>(message.data() - packet.frame.data()), message.size());
  dns::ResponseReader records(message, response);
  while (const auto record = records.next()) {
    if (!dns::is_service_binding(record->type)) continue;
    const auto binding = dns::read_service_binding(message, *record);
    if (!binding) return {};
    if (binding->ech.empty()) continue;
    const std::size_t end = record->data + record->size;
    if (!hide(copy.subspan(binding->ech_at, end - binding->ech_at), binding->ech.size())) return {};
  }
  mend_checksum(packet, frame);
  return frame;
}

}  // namespace sluice::craft
