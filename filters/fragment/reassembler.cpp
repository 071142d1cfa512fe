#include "filters/fragment/reassembler.h"

#include "filters/base/byte_writer.h"
#include "filters/fragment/holding.h"
#include "filters/packet/ip_header.h"

namespace sluice::fragment {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kEncrypted = 50;  // ESP, RFC 4303

// The protocol is part of a datagram's identity in IPv4, not in IPv6.
flow::FlowKey key_of(const packet::Packet& part, const Fragment& fragment) noexcept {
  flow::FlowKey key;
  key.low = part.source.words();
  key.high = part.destination.words();
  key.ports = flow::ports_of(part, static_cast<std::uint16_t>(fragment.id),
                             static_cast<std::uint16_t>(fragment.id >> 16));
  key.transport = flow::transport_of(part, part.is_v6 ? 0 : fragment.protocol);
  return key;
}

}  // namespace

Reassembler::Reassembler(const ReassemblerLimits& limits, HashKey key)
    : quota_(limits.datagrams / 4),
      datagrams_(limits.datagrams * (kSettledFor + 1), key, limits.timeout),
      holdings_count_(limits.datagrams),
      holdings_(std::make_unique_for_overwrite<Holding[]>(limits.datagrams)) {
  for (std::size_t i = 0; i < holdings_count_; ++i) {
    holdings_[i].next = static_cast<std::uint32_t>(i + 1);
  }
  newest_free_ = static_cast<std::uint32_t>(holdings_count_ - 1);
}

Reassembler::~Reassembler() = default;

std::size_t Reassembler::memory_bytes(const ReassemblerLimits& limits) noexcept {
  return limits.datagrams *
         (sizeof(Holding) + (kSettledFor + 1) * flow::Table<Datagram>::bytes_per_flow());
}

Outcome Reassembler::take(const packet::Packet& part, Nanos now, bool verify_checksum) noexcept {
  unsettled_ = nullptr;
  const auto fragment = read_fragment(part, verify_checksum);
  if (!fragment) {
    return fragment.error() == FragmentError::bad_checksum ? Outcome::bad_checksum
                                                           : Outcome::malformed;
  }
  // Later fragments state their protocol reliably in IPv4 only.
  if (!part.is_v6 && (fragment->protocol == kIcmp || fragment->protocol == kEncrypted)) {
    return Outcome::not_of_interest;
  }
  const flow::FlowKey key = key_of(part, *fragment);
  Datagram* datagram = datagrams_.find(key);
  if (datagram == nullptr) {
    datagram = open(key, part, now);
  } else {
    datagrams_.touch(*datagram, now);
  }
  switch (datagram->state) {
    case State::collecting:
      return collect(*datagram, part, *fragment, now);
    case State::passed:
      return take_again(*datagram, *fragment);
    case State::refused:
      return Outcome::refused;
    case State::evicted:
      break;
  }
  return Outcome::evicted;
}

Outcome Reassembler::collect(Datagram& datagram, const packet::Packet& part,
                             const Fragment& fragment, Nanos now) noexcept {
  Holding& holding = holdings_[datagram.holding];
  holding.newest = now;
  if (!holding.agrees(fragment)) {
    end(datagram, State::refused);
    return Outcome::conflicting;
  }
  holding.store(fragment);
  if (!holding.is_whole()) return Outcome::incomplete;
  make_whole(datagram, part);
  return Outcome::whole;
}

// A copy of bytes that passed is harmless. The host might combine any other bytes with fragments
// that it still holds.
Outcome Reassembler::take_again(Datagram& datagram, const Fragment& fragment) noexcept {
  Holding& holding = holdings_[datagram.holding];
  if (holding.owner != &datagram) return Outcome::refused;
  if (holding.agrees(fragment)) return Outcome::incomplete;
  end(datagram, State::refused);
  return Outcome::conflicting;
}

Reassembler::Datagram* Reassembler::open(const flow::FlowKey& key, const packet::Packet& part,
                                         Nanos now) noexcept {
  make_room(part.source);
  Datagram& datagram =
      datagrams_.insert(key, now, [this](Datagram& removed, flow::Removal) { release(removed); });
  datagram.holding = oldest_free_;
  Holding& holding = holdings_[oldest_free_];
  oldest_free_ = holding.next;
  holding.clear();
  holding.owner = &datagram;
  holding.source = part.source;
  holding.collecting = true;
  ++collecting_;
  datagrams_.keep(datagram, flow::Keep::held);
  return &datagram;
}

// Makes sure that a holding is free. It scans all of them only if a source holds a quarter.
void Reassembler::make_room(const IpAddress& source) noexcept {
  if (collecting_ < quota_) return;
  std::size_t own = 0;
  Datagram* oldest = nullptr;
  for (std::size_t i = 0; i < holdings_count_; ++i) {
    const Holding& holding = holdings_[i];
    if (!holding.collecting || holding.source != source) continue;
    if (++own == 1 || holding.newest < holdings_[oldest->holding].newest) oldest = holding.owner;
  }
  if (own < quota_) {
    oldest = collecting_ == holdings_count_ ? datagrams_.oldest(flow::Keep::held) : nullptr;
  }
  if (oldest == nullptr) return;
  ++evicted_;
  end(*oldest, State::evicted);
}

void Reassembler::make_whole(Datagram& datagram, const packet::Packet& part) noexcept {
  Holding& holding = holdings_[datagram.holding];
  const bool bare = part.tunnels > 0 || part.network_offset > Holding::kMostLink;
  const std::size_t link = bare ? 0 : part.network_offset;
  const std::size_t headers = link + (part.is_v6 ? packet::kIpv6Header : packet::kIpv4Header);
  const MutableBytes frame =
      MutableBytes(holding.bytes).subspan(Holding::kHeaders - headers, headers + holding.total);
  ByteWriter writer(frame);
  writer.bytes(part.frame.first(link));
  // A complete datagram has its first fragment, and so a protocol.
  packet::write_ip_header(writer,
                          {.source = part.source,
                           .destination = part.destination,
                           .is_v6 = part.is_v6,
                           .protocol = holding.protocol.value_or(0),
                           .hop_limit = part.hop_limit},
                          holding.total);
  last_ = part;
  last_.frame = frame;
  last_.network_offset = static_cast<std::uint16_t>(link);
  if (bare) last_.link = LinkType::raw;
  end(datagram, State::refused);  // until settle()
  unsettled_ = &datagram;
}

Result<packet::Packet, packet::DecodeError> Reassembler::whole(
    packet::Tunnels tunnels) const noexcept {
  return packet::decode_like(last_, tunnels);
}

void Reassembler::settle(bool passed) noexcept {
  if (unsettled_ == nullptr || !passed) return;
  unsettled_->state = State::passed;
  datagrams_.keep(*unsettled_, flow::Keep::light);
  unsettled_ = nullptr;
}

void Reassembler::expire(Nanos now) noexcept {
  datagrams_.expire(now, [this](Datagram& removed, flow::Removal) { release(removed); });
}

void Reassembler::end(Datagram& datagram, State state) noexcept {
  Holding& holding = holdings_[datagram.holding];
  if (holding.owner == &datagram && holding.collecting) {
    holding.collecting = false;
    --collecting_;
    // At the end of the free list, its bytes last longest.
    const bool none = collecting_ + 1 == holdings_count_;
    (none ? oldest_free_ : holdings_[newest_free_].next) = datagram.holding;
    newest_free_ = datagram.holding;
  }
  datagram.state = state;
  datagrams_.keep(datagram, flow::Keep::pinned);
}

void Reassembler::release(Datagram& datagram) noexcept {
  end(datagram, State::refused);
  Holding& holding = holdings_[datagram.holding];
  if (holding.owner == &datagram) holding.owner = nullptr;
  if (unsettled_ == &datagram) unsettled_ = nullptr;
}

}  // namespace sluice::fragment
