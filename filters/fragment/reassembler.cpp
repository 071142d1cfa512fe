#include "filters/fragment/reassembler.h"

#include <algorithm>

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

// A sender numbers its IPv4 packets with 16 bits. What is remembered is so little that it comes to
// the same number again only when that packet is forgotten.
constexpr std::size_t kMostSettled = 8192;
constexpr flow::Forgotten::Size kForgotten{24'576, 64};

std::size_t remembered(const ReassemblerLimits& limits) {
  return limits.datagrams + std::min(limits.datagrams * Reassembler::kSettledFor, kMostSettled);
}

// Refusals have half of the table for themselves.
flow::ClassLimits limits_of(const ReassemblerLimits& limits) {
  flow::ClassLimits most;
  most[flow::Keep::pinned] = static_cast<std::uint32_t>(remembered(limits) / 2);
  most[flow::Keep::held] = static_cast<std::uint32_t>(limits.datagrams);
  return most;
}

}  // namespace

Reassembler::Reassembler(const ReassemblerLimits& limits, HashKey key)
    : datagrams_(remembered(limits), key, limits.timeout, limits_of(limits)),
      forgotten_(kForgotten, limits.timeout),
      holdings_count_(limits.datagrams),
      holdings_(std::make_unique_for_overwrite<Holding[]>(limits.datagrams)) {
  for (std::size_t i = 0; i < holdings_count_; ++i) {
    holdings_[i].next = static_cast<std::uint32_t>(i + 1);
  }
  newest_free_ = static_cast<std::uint32_t>(holdings_count_ - 1);
}

Reassembler::~Reassembler() = default;

std::size_t Reassembler::memory_bytes(const ReassemblerLimits& limits) noexcept {
  return limits.datagrams * sizeof(Holding) +
         remembered(limits) * flow::Table<Datagram>::bytes_per_flow() +
         flow::Forgotten::memory_bytes(kForgotten);
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
    if (forgotten_.has(datagrams_.hash(key))) return Outcome::refused;
    datagram = open(key, part, now);
  } else {
    datagrams_.touch(*datagram, now);
  }
  switch (datagram->state) {
    case State::collecting:
      return collect(*datagram, part, *fragment);
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
                             const Fragment& fragment) noexcept {
  Holding& holding = holdings_[datagram.holding];
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
  newest_ = now;
  if (collecting_ == holdings_count_) evict();
  Datagram& datagram = datagrams_.insert(key, part.source, flow::Keep::held, now, on_removal());
  datagram.holding = oldest_free_;
  Holding& holding = holdings_[oldest_free_];
  oldest_free_ = holding.next;
  holding.clear();
  holding.owner = &datagram;
  holding.collecting = true;
  ++collecting_;
  return &datagram;
}

// Makes sure that a holding is free.
void Reassembler::evict() noexcept {
  Datagram* const first = datagrams_.first_to_go(flow::Keep::held);
  if (first == nullptr) return;
  ++evicted_;
  end(*first, State::evicted);
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
  keep(*unsettled_, flow::Keep::light);
  unsettled_ = nullptr;
}

void Reassembler::expire(Nanos now) noexcept {
  newest_ = now;
  datagrams_.expire(now, on_removal());
  forgotten_.tidy(now);
}

void Reassembler::end(Datagram& datagram, State state) noexcept {
  give_back(datagram);
  datagram.state = state;
  keep(datagram, flow::Keep::pinned);
}

void Reassembler::keep(Datagram& datagram, flow::Keep keep) noexcept {
  datagrams_.keep(datagram, keep, on_removal());
}

void Reassembler::give_back(const Datagram& datagram) noexcept {
  Holding& holding = holdings_[datagram.holding];
  if (holding.owner != &datagram || !holding.collecting) return;
  holding.collecting = false;
  --collecting_;
  // At the end of the free list, its bytes last longest.
  const bool none = collecting_ + 1 == holdings_count_;
  (none ? oldest_free_ : holdings_[newest_free_].next) = datagram.holding;
  newest_free_ = datagram.holding;
}

// Its host may still hold fragments of it. What was whole and passed is over after the timeout.
void Reassembler::on_removed(Datagram& datagram, flow::Removal why) noexcept {
  if (why != flow::Removal::idle || datagram.state != State::passed) {
    forgotten_.add(datagrams_.hash(datagrams_.key_of(datagram)), newest_);
  }
  give_back(datagram);
  Holding& holding = holdings_[datagram.holding];
  if (holding.owner == &datagram) holding.owner = nullptr;
  if (unsettled_ == &datagram) unsettled_ = nullptr;
}

}  // namespace sluice::fragment
