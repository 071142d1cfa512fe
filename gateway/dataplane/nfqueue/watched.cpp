#include "gateway/dataplane/nfqueue/watched.h"

#include <algorithm>

namespace sluice::io {
namespace {

constexpr unsigned kQuicLongHeader = 0x80;           // RFC 9000 section 17.2
constexpr unsigned kDtlsFirst = 20, kDtlsLast = 26;  // RFC 9147 section 4.1
constexpr std::uint32_t kTeredo = 0x20010000;        // RFC 4380 section 2.6

unsigned at(Bytes bytes, std::size_t index) noexcept {
  return std::to_integer<unsigned>(bytes[index]);
}

bool has_teredo(Bytes datagram, std::size_t offset) noexcept {
  if (datagram.size() < offset + 4) return false;
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word = word << 8 | at(datagram, offset + i);
  return word == kTeredo;
}

}  // namespace

InterestFilter::InterestFilter(const Interest& interest) : all_(interest.all) {
  for (const Port port : interest.ports) ports_[port.number] = true;
  ranges_.reserve(interest.prefixes.size());
  for (const IpPrefix& prefix : interest.prefixes) {
    ranges_.push_back({prefix.address(), prefix.last()});
  }
  // Prefixes lie within each other or apart: the wider ones first.
  std::ranges::sort(ranges_, [](const Range& a, const Range& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  std::vector<Range> apart;
  for (const Range& range : ranges_) {
    if (apart.empty() || range.first > apart.back().last) apart.push_back(range);
  }
  ranges_ = std::move(apart);
}

bool InterestFilter::has_address(const IpAddress& address) const noexcept {
  const auto behind = std::ranges::upper_bound(ranges_, address, {}, &Range::first);
  return behind != ranges_.begin() && address <= std::prev(behind)->last;
}

std::uint64_t WatchedAddresses::hash(const IpAddress& address) const noexcept {
  return keyed_hash(key_, address.mapped());
}

bool WatchedAddresses::add(const IpAddress& address, std::chrono::seconds now) noexcept {
  const auto minute = static_cast<Slot>(now / std::chrono::minutes(1));
  const Slot until = minute + static_cast<Slot>(std::chrono::minutes(kFor).count());
  constexpr Slot kMinutes = (Slot{1} << kMinuteBits) - 1;
  const std::uint64_t hashed = hash(address);
  const Slot wanted = (hashed & ~kMinutes) | (until & kMinutes);
  for (std::size_t i = 0; i < kTries; ++i) {
    std::atomic<Slot>& slot = slots_[(hashed + i) % kMost];
    Slot held = slot.load(std::memory_order_acquire);
    const bool is_same = held != 0 && (held & ~kMinutes) == (wanted & ~kMinutes);
    const bool is_over = (held & kMinutes) < (minute & kMinutes);
    if (!is_same && !is_over) continue;
    if (slot.compare_exchange_strong(held, wanted, std::memory_order_acq_rel)) {
      return !is_same || is_over;
    }
  }
  full_.store(true, std::memory_order_release);
  return true;
}

bool WatchedAddresses::has(const IpAddress& address, std::chrono::seconds now) const noexcept {
  if (full_.load(std::memory_order_acquire)) return true;
  constexpr Slot kMinutes = (Slot{1} << kMinuteBits) - 1;
  const auto minute = static_cast<Slot>(now / std::chrono::minutes(1));
  const std::uint64_t hashed = hash(address);
  for (std::size_t i = 0; i < kTries; ++i) {
    const Slot held = slots_[(hashed + i) % kMost].load(std::memory_order_acquire);
    if (held == 0) return false;
    if ((held & ~kMinutes) == (hashed & ~kMinutes) && (held & kMinutes) >= (minute & kMinutes)) {
      return true;
    }
  }
  return false;
}

bool shows_no_name(Bytes datagram) noexcept {
  if (datagram.empty()) return true;
  const unsigned first = at(datagram, 0);
  if ((first & kQuicLongHeader) != 0 || (first >= kDtlsFirst && first <= kDtlsLast)) return false;
  // Google's QUIC has short headers with a version; Teredo has no port of its own.
  if ((first & 0x89) == 0x09 && datagram.size() > 9 && at(datagram, 9) == 'Q') return false;
  return first >> 4 != 6 || !(has_teredo(datagram, 8) || has_teredo(datagram, 24));
}

}  // namespace sluice::io
