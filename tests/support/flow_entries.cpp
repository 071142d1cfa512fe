#include "tests/support/flow_entries.h"

#include <algorithm>

namespace sluice::test {
namespace {

constexpr std::size_t kIpv6Header = 40;
constexpr unsigned kQuicLongHeader = 0x80;                                // RFC 9000 section 17.2
constexpr unsigned kDtlsFirst = 20, kDtlsHandshake = 22, kDtlsLast = 26;  // RFC 9147 section 4.1
constexpr std::size_t kDtlsHeader = 13, kDtlsLength = 11;  // and where the length stands

// Of a frame that is Ethernet, with tags of VLANs other than 0 only.
bool is_plain(const packet::Packet& packet) {
  return packet.link != LinkType::ethernet ||
         packet.network_offset == 14 + std::size_t{packet.vlan_tags} * 4;
}

bool has_extensions(const packet::Packet& packet) {
  return packet.is_v6 && packet.transport_offset != packet.network_offset + kIpv6Header;
}

// QUIC long headers and DTLS records that are not one whole record of another type.
bool may_hold_hello(Bytes datagram) {
  if (datagram.empty()) return false;
  const auto at = [&](std::size_t index) { return std::to_integer<unsigned>(datagram[index]); };
  if ((at(0) & kQuicLongHeader) != 0) return true;
  if (at(0) < kDtlsFirst || at(0) > kDtlsLast) return false;
  if (at(0) == kDtlsHandshake || datagram.size() < kDtlsHeader) return true;
  const std::size_t length = at(kDtlsLength) << 8 | at(kDtlsLength + 1);
  return datagram.size() != kDtlsHeader + length;
}

bool comes_up(const packet::Packet& packet, io::Verdict verdict) {
  if (packet.transport == packet::Transport::tcp) return packet.tcp.syn;
  return verdict == io::Verdict::pass_flow && may_hold_hello(packet.payload);
}

}  // namespace

std::optional<io::FlowKey> flow_key_of(const packet::Packet& packet) {
  const bool has_ports =
      packet.transport == packet::Transport::tcp || packet.transport == packet::Transport::udp;
  if (!has_ports || !packet.has_transport || packet.is_fragment || packet.tunnels != 0 ||
      packet.vlan_tags > io::FlowKey::Vlans().size() || has_extensions(packet) ||
      packet.is_enclosed || !is_plain(packet)) {
    return std::nullopt;
  }
  return io::FlowKey::between({packet.source, packet.source_port},
                              {packet.destination, packet.destination_port}, packet.protocol,
                              {packet.vlan[0], packet.vlan[1]});
}

std::optional<io::Verdict> FlowEntries::handle(const io::Frame& frame) {
  const auto packet = packet::decode(frame.bytes, frame.link);
  if (!packet) return std::nullopt;
  const auto flow = flow_key_of(*packet);
  if (!flow) return std::nullopt;
  const auto entry = std::ranges::find(entries_, *flow, &Entry::flow);
  if (entry == entries_.end() || comes_up(*packet, entry->verdict)) return std::nullopt;
  if (limits_.frames_per_entry != 0 && ++entry->frames > limits_.frames_per_entry) {
    entries_.erase(entry);
    return std::nullopt;
  }
  const bool is_bare_reset = packet->tcp.rst && packet->payload.empty();
  const bool settles = entry->verdict == io::Verdict::drop_flow && is_bare_reset;
  return settles ? io::Verdict::pass : entry->verdict;
}

void FlowEntries::submit(std::span<const io::FrameVerdict> verdicts) {
  for (const io::FrameVerdict& answer : verdicts) add(answer);
  for (const io::FlowKey& flow : revoked_) remove(flow);
  revoked_.clear();
}

void FlowEntries::add(const io::FrameVerdict& answer) {
  const bool is_for_flow =
      answer.verdict == io::Verdict::pass_flow || answer.verdict == io::Verdict::drop_flow;
  if (!is_for_flow || answer.generation < generation_) return;
  remove(answer.flow);
  if (entries_.size() == limits_.entries) entries_.erase(entries_.begin());
  entries_.push_back({answer.flow, answer.verdict, answer.generation});
}

void FlowEntries::publish(io::Generation generation) {
  generation_ = generation;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.generation < generation; });
}

void FlowEntries::revoke(const io::FlowKey& flow) {
  remove(flow);
  revoked_.push_back(flow);
}

void FlowEntries::remove(const io::FlowKey& flow) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.flow == flow; });
}

}  // namespace sluice::test
