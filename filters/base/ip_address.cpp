#include "filters/base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr unsigned kMappedBits = 96;

bool bit_is_set(const IpAddress& address, unsigned bit) {
  const auto byte = std::to_integer<unsigned>(address.mapped()[bit / 8]);
  return (byte >> (7 - bit % 8) & 1U) != 0;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN + 1> terminated{};
  // inet_pton stops at a NUL and would accept the text before it.
  if (text.size() >= terminated.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  std::array<std::byte, kBytes> raw{};
  if (inet_pton(AF_INET, terminated.data(), raw.data()) == 1) {
    return from_bytes(Bytes(raw).first(4));
  }
  if (inet_pton(AF_INET6, terminated.data(), raw.data()) == 1) return from_bytes(raw);
  return std::nullopt;
}

Bytes IpAddress::wire() const noexcept {
  const Bytes all(bytes_);
  return is_v4() ? all.subspan(kMappedPrefix) : all;
}

std::string_view IpAddress::write(std::array<char, kTextBytes>& out) const noexcept {
  static_assert(kTextBytes >= INET6_ADDRSTRLEN);
  inet_ntop(is_v4() ? AF_INET : AF_INET6, wire().data(), out.data(), socklen_t{kTextBytes});
  return out.data();
}

std::string IpAddress::to_string() const {
  std::array<char, kTextBytes> text{};
  return std::string(write(text));
}

std::string Endpoint::to_string() const {
  const std::string number = std::to_string(port.number);
  return address.is_v4() ? address.to_string() + ":" + number
                         : "[" + address.to_string() + "]:" + number;
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned widest = address->is_v4() ? 32 : 128;
  unsigned length = widest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || length > widest) {
      return std::nullopt;
    }
  }
  IpPrefix prefix;
  prefix.address_ = *address;
  prefix.length_ = address->is_v4() ? length + kMappedBits : length;
  for (unsigned bit = prefix.length_; bit < 128; ++bit) {
    if (bit_is_set(*address, bit)) return std::nullopt;
  }
  return prefix;
}

IpPrefix IpPrefix::around(const IpAddress& address, unsigned length) noexcept {
  auto bytes = address.mapped();
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = std::min(8U, length - std::min(length, 8 * i));
    bytes[i] &= static_cast<std::byte>(0xff00U >> kept);
  }
  IpPrefix prefix;
  prefix.address_ = IpAddress::from_bytes(bytes);
  prefix.length_ = length;
  return prefix;
}

IpAddress IpPrefix::last() const noexcept {
  auto bytes = address_.mapped();
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = std::min(8U, length_ - std::min(length_, 8 * i));
    bytes[i] |= static_cast<std::byte>(0xffU >> kept);
  }
  return IpAddress::from_bytes(bytes);
}

bool IpPrefix::contains(const IpAddress& address) const noexcept {
  const auto& ours = address_.mapped();
  const auto& theirs = address.mapped();
  const std::size_t whole = length_ / 8;
  if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole),
                  theirs.begin())) {
    return false;
  }
  const unsigned left = length_ % 8;
  if (left == 0) return true;
  const auto mask = static_cast<std::byte>(0xff00U >> left);
  return (ours[whole] & mask) == (theirs[whole] & mask);
}

std::string_view IpPrefix::write(std::array<char, kTextBytes>& out) const noexcept {
  std::array<char, IpAddress::kTextBytes> address;
  char* at = std::ranges::copy(address_.write(address), out.data()).out;
  *at++ = '/';
  at =
      std::to_chars(at, out.data() + out.size(), address_.is_v4() ? length_ - kMappedBits : length_)
          .ptr;
  return {out.data(), at};
}

std::string IpPrefix::to_string() const {
  std::array<char, kTextBytes> text;
  return std::string(write(text));
}

std::span<const IpPrefix> reserved_prefixes() noexcept {
  static const auto all = [] {
    constexpr std::array kTexts = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",
                                   "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
                                   "192.168.0.0/16", "224.0.0.0/3",    "::/127",
                                   "fc00::/7",       "fe80::/10",      "ff00::/8"};
    std::array<IpPrefix, kTexts.size()> prefixes;
    std::transform(kTexts.begin(), kTexts.end(), prefixes.begin(),
                   [](const char* text) { return IpPrefix::parse(text).value(); });
    return prefixes;
  }();
  return all;
}

bool is_reserved(const IpAddress& address) noexcept {
  return std::ranges::any_of(
      reserved_prefixes(), [&address](const IpPrefix& prefix) { return prefix.contains(address); });
}

}  // namespace sluice
