#include "filters/flow/flow_key.h"

#include <utility>

namespace sluice::flow {

KeyedPacket key_of(const packet::Packet& packet) noexcept {
  Endpoint low{packet.source, packet.source_port};
  Endpoint high{packet.destination, packet.destination_port};
  const bool source_is_low = low <= high;
  if (!source_is_low) std::swap(low, high);
  KeyedPacket keyed;
  keyed.source_is_low = source_is_low;
  keyed.key.low_address = low.address.mapped();
  keyed.key.high_address = high.address.mapped();
  keyed.key.low_port = low.port.number;
  keyed.key.high_port = high.port.number;
  keyed.key.vlan = vlan_of(packet);
  keyed.key.transport = tunnel_of(packet) | static_cast<std::uint32_t>(packet.transport);
  return keyed;
}

}  // namespace sluice::flow
