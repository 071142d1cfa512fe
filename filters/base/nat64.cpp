#include "filters/base/nat64.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

constexpr std::array<unsigned, 6> kLengths = {32, 40, 48, 56, 64, 96};
constexpr std::size_t kReserved = 8;  // the byte that is zero, whatever the prefix
constexpr std::size_t kIpv4Bytes = 4;

IpPrefix well_known() noexcept {
  std::array<std::byte, IpAddress::kBytes> bytes{};
  bytes[1] = std::byte{0x64};
  bytes[2] = std::byte{0xff};
  bytes[3] = std::byte{0x9b};
  return IpPrefix::around(IpAddress::from_bytes(bytes), 96);
}

}  // namespace

Nat64::Nat64() noexcept {
  add(well_known());
}

Nat64 Nat64::none() noexcept {
  Nat64 none;
  none.prefixes_ = {};
  none.count_ = 0;
  return none;
}

bool Nat64::may_be_prefix(const IpPrefix& prefix) noexcept {
  return std::ranges::find(kLengths, prefix.length()) != kLengths.end() &&
         !prefix.address().is_v4() && prefix.address().mapped()[kReserved] == std::byte{};
}

bool Nat64::add(const IpPrefix& prefix) noexcept {
  if (count_ == kMost) return false;
  const auto end = prefixes_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto place = std::find_if(prefixes_.begin(), end, [&](const IpPrefix& other) {
    return other.length() < prefix.length();
  });
  std::move_backward(place, end, end + 1);
  *place = prefix;
  ++count_;
  return true;
}

std::optional<IpAddress> Nat64::embedded(const IpAddress& address) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (!prefixes_[i].contains(address)) continue;
    std::array<std::byte, kIpv4Bytes> v4{};
    std::size_t at = prefixes_[i].length() / 8;
    for (std::byte& byte : v4) {
      if (at == kReserved) ++at;
      byte = address.mapped()[at++];
    }
    return IpAddress::from_bytes(v4);
  }
  return std::nullopt;
}

}  // namespace sluice
