#pragma once

// IP addresses, prefixes, and endpoints as values.
//
// An IPv4 address is kept in its IPv4-mapped form (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2), so
// that one comparison and one prefix match serve both families. Text form: RFC 5952. Pure; only
// to_string allocates.

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice {

struct Port {
  std::uint16_t number = 0;
  friend constexpr auto operator<=>(Port, Port) = default;
};

class IpAddress {
 public:
  static constexpr std::size_t kBytes = 16;

  constexpr IpAddress() noexcept = default;  // the unspecified address, ::
  // 4 or 16 bytes in network order. Any other length gives the unspecified address.
  [[nodiscard]] static IpAddress from_bytes(Bytes bytes) noexcept {
    IpAddress address;
    if (bytes.size() == 4) {
      address.bytes_[10] = address.bytes_[11] = std::byte{0xff};
      std::memcpy(address.bytes_.data() + kMappedPrefix, bytes.data(), 4);
    } else if (bytes.size() == kBytes) {
      std::memcpy(address.bytes_.data(), bytes.data(), kBytes);
    }
    return address;
  }
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;

  [[nodiscard]] bool is_v4() const noexcept {
    constexpr std::array<std::byte, kMappedPrefix> kPrefix = {
        {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{0xff}, std::byte{0xff}}};
    return std::memcmp(bytes_.data(), kPrefix.data(), kMappedPrefix) == 0;
  }
  [[nodiscard]] const std::array<std::byte, kBytes>& mapped() const noexcept { return bytes_; }
  // The same bytes as two words in memory order, for hashing and comparing.
  using Words = std::array<std::uint64_t, 2>;
  [[nodiscard]] Words words() const noexcept { return std::bit_cast<Words>(bytes_); }
  // 4 bytes for IPv4, 16 for IPv6, network order; valid as long as this object is.
  [[nodiscard]] Bytes wire() const noexcept;
  [[nodiscard]] std::string to_string() const;
  // The same without allocation: writes into `out` and returns what it wrote.
  static constexpr std::size_t kTextBytes = 46;
  [[nodiscard]] std::string_view write(std::array<char, kTextBytes>& out) const noexcept;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  static constexpr std::size_t kMappedPrefix = 12;  // ::ffff: before the four bytes of IPv4

  std::array<std::byte, kBytes> bytes_{};
};

struct Endpoint {
  IpAddress address;
  Port port;
  // `192.0.2.1:443`, `[2001:db8::1]:443`
  [[nodiscard]] std::string to_string() const;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// An address prefix in CIDR form. Bits below the length are zero.
class IpPrefix {
 public:
  constexpr IpPrefix() noexcept =
      default;  // ::/0 of the mapped space: every address, both families
  // `10.0.0.0/8`, `2001:db8::/32`, or a bare address (all bits). Refuses bits set below the length.
  [[nodiscard]] static std::optional<IpPrefix> parse(std::string_view text) noexcept;

  // The prefix of `length` bits (in the mapped space, 128 at most) that holds the address.
  [[nodiscard]] static IpPrefix around(const IpAddress& address, unsigned length) noexcept;

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  // Bits in the mapped (128-bit) space: 0.0.0.0/0 has 96, so it does not contain IPv6 addresses.
  [[nodiscard]] unsigned length() const noexcept { return length_; }
  [[nodiscard]] const IpAddress& address() const noexcept { return address_; }  // the first of it
  [[nodiscard]] IpAddress last() const noexcept;
  [[nodiscard]] std::string to_string() const;
  // The same without allocation: into `out`, what was written.
  static constexpr std::size_t kTextBytes = IpAddress::kTextBytes + 4;
  [[nodiscard]] std::string_view write(std::array<char, kTextBytes>& out) const noexcept;

  friend constexpr auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

 private:
  IpAddress address_;
  unsigned length_ = 0;
};

// True for addresses that no host on the internet has (RFC 6890): private, loopback, link-local,
// multicast, unspecified. Blocking resolvers answer with them, and a rule or lease on one would hit
// an organisation's own hosts. The NAT64 prefix (RFC 6052) is not reserved: clients see internet
// servers in it.
[[nodiscard]] std::span<const IpPrefix> reserved_prefixes() noexcept;
[[nodiscard]] bool is_reserved(const IpAddress& address) noexcept;

}  // namespace sluice
