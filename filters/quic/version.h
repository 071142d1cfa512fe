#pragma once

// The versions of QUIC whose first packets can be read: what of RFC 9001 section 5.2 and RFC 9000
// section 17.2 differs from version to version.
//
// First packets are protected with keys that follow from a salt that is public for each version, so
// whoever knows the salt can read them. A version without a row here cannot be read; policy decides
// what becomes of it. Google's QUIC before TLS (Q0xx) has a handshake of its own: told apart, not
// read.

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::quic {

// As on the wire.
struct VersionNumber {
  std::uint32_t value = 0;
  friend constexpr bool operator==(VersionNumber, VersionNumber) = default;
};
inline constexpr VersionNumber kVersionNegotiation{0};
inline constexpr VersionNumber kVersion1{0x00000001};
inline constexpr VersionNumber kVersion2{0x6b3343cf};
[[nodiscard]] constexpr VersionNumber draft(std::uint32_t number) noexcept {
  return {0xff000000 | number};
}

// Which encoding frames have.
enum class Frames : std::uint8_t {
  ietf,    // RFC 9000 section 19
  google,  // of Google's versions up to T051, which took TLS first and frames later
};

// What a version's keys and first byte are made of.
struct Version {
  std::array<std::uint8_t, 20> salt;
  std::string_view key_label, iv_label, hp_label;
  Frames frames;
  // Of the two type bits of a long header; 0-RTT, Handshake, Retry follow.
  std::uint8_t initial_type;
};

// Null: a version that cannot be read.
[[nodiscard]] const Version* find_version(VersionNumber number) noexcept;

// True for Google's versions before TLS: Q and three digits.
[[nodiscard]] constexpr bool is_google_quic(VersionNumber number) noexcept {
  return number.value >> 24 == 'Q' && (number.value & 0x00f0f0f0) == 0x00303030;
}

}  // namespace sluice::quic
