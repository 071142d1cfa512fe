// Any frame on any link, the first byte says which, and whether tunnels are opened: views lie in
// the frame, offsets and views are of one mind, more padding behind a whole packet changes nothing,
// a cut never names other ports, what is opened is the same packet where the tunnel is taken off.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "filters/packet/packet.h"
#include "tests/fuzz/links.h"
#include "tests/fuzz/require.h"

namespace sluice::packet {
namespace {

using fuzz::lies_in;
using fuzz::require;

using fuzz::kLinks;

bool same_addresses(const Packet& a, const Packet& b) {
  return a.source == b.source && a.destination == b.destination && a.source_port == b.source_port &&
         a.destination_port == b.destination_port && a.transport == b.transport;
}

void check_fields(const Packet& packet, Bytes frame) {
  require(packet.frame.data() == frame.data() && packet.frame.size() == frame.size());
  require(packet.vlan_tags <= kMaxVlanTags && packet.network_offset <= frame.size());
  require(packet.transport != Transport::none);
  // A source address may be a mapped one.
  require(packet.destination.is_v4() == !packet.is_v6 && (packet.is_v6 || packet.source.is_v4()));
  require(packet.carriers <= packet.tunnels);
  if (!packet.has_transport) {
    require(packet.payload.empty() && lies_in(packet.segment, frame));
    require(packet.is_fragment ? packet.segment.empty() : packet.transport == Transport::other);
    if (!packet.is_fragment) static_cast<void>(checksums_hold(packet));
    return;
  }
  require(packet.transport != Transport::other);
  require(lies_in(packet.segment, frame) && lies_in(packet.payload, packet.segment));
  require(packet.network_offset < packet.transport_offset &&
          packet.transport_offset < packet.payload_offset);
  require(packet.segment.data() == frame.data() + packet.transport_offset);
  require(packet.payload.data() == frame.data() + packet.payload_offset);
  // The payload ends where the segment does.
  require(packet.payload_offset + packet.payload.size() ==
          packet.transport_offset + packet.segment.size());
}

// IPv6 length 0, as hosts take it behind a hop-by-hop header.
bool reads_to_the_end(const Packet& packet) {
  const Bytes length = packet.frame.subspan(packet.network_offset + std::size_t{4}, 2);
  return packet.is_v6 && length[0] == std::byte{} && length[1] == std::byte{};
}

void check_padding(const Packet& packet, Bytes frame, LinkType link, Tunnels tunnels) {
  if (!packet.has_transport || packet.is_fragment || !checksums_hold(packet)) return;
  if (reads_to_the_end(packet)) return;
  std::vector<std::byte> padded(frame.begin(), frame.end());
  padded.resize(padded.size() + 5, std::byte{0x5a});
  const auto again = decode(padded, link, tunnels);
  require(again && same_addresses(*again, packet) && checksums_hold(*again));
  require(as_text(again->payload) == as_text(packet.payload));
}

void check_cuts(const Packet& packet, Bytes frame, LinkType link) {
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto cut = decode(frame.first(size), link);
    if (!cut) continue;
    require(cut->source == packet.source && cut->destination == packet.destination);
    if (!cut->has_transport) continue;
    require(same_addresses(*cut, packet));
    require(as_text(packet.payload).starts_with(as_text(cut->payload)));
  }
}

// What carries it is found with one tunnel less, and is no more than that.
void check_depth(const Packet& packet, Bytes frame, LinkType link, Tunnels tunnels) {
  for (unsigned depth = packet.tunnels; depth > 0; --depth) {
    const auto outer = decode(frame, link, tunnels.at_most(depth - 1));
    if (!outer || outer->tunnels >= depth) return;  // below IP
    require(outer->carriers <= packet.carriers);
    require(outer->network_offset < packet.network_offset);
  }
}

// A packet in a tunnel is what it would be as a frame of its own.
void check_tunnel(const Packet& packet, Bytes frame) {
  require(packet.tunnels <= kMaxTunnels);
  if (packet.tunnels == 0) return;
  const auto bare = decode(frame.subspan(packet.network_offset), LinkType::raw);
  require(bare.has_value());
  require(bare->source == packet.source && bare->is_fragment == packet.is_fragment);
  require(bare->has_transport || !packet.has_transport);
  require(as_text(bare->payload).starts_with(as_text(packet.payload)));
}

void check(Bytes input) {
  if (input.empty()) return;
  const auto choice = std::to_integer<std::size_t>(input[0]);
  const LinkType link = kLinks[choice % 128 % kLinks.size()];
  const Tunnels tunnels = choice >= 128 ? Tunnels::all() : Tunnels();
  const Bytes frame = input.subspan(1);
  const auto packet = decode(frame, link, tunnels);
  if (!packet) {
    require(!to_string(packet.error()).empty());
    return;
  }
  check_fields(*packet, frame);
  check_tunnel(*packet, frame);
  check_depth(*packet, frame, link, tunnels);
  check_padding(*packet, frame, link, tunnels);
  // A tunnel that is cut may be none: then its packet is another.
  if (packet->tunnels == 0 && tunnels == Tunnels()) check_cuts(*packet, frame, link);
}

}  // namespace
}  // namespace sluice::packet

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::packet::check(std::as_bytes(std::span(data, size)));
  return 0;
}
