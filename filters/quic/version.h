#pragma once

// The QUIC versions whose Initial packets we can open: what differs between them in RFC 9001
// section 5.2 and RFC 9000 section 17.2.
//
// The keys of Initial packets derive from a salt that each version publishes. We cannot open a
// version without a row here; the policy decides what happens to it. Google's QUIC before TLS
// (Q0xx) has its own handshake: we recognise it, but do not read it.

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

// How a version encodes frames.
enum class Frames : std::uint8_t {
  ietf,    // RFC 9000 section 19
  google,  // up to T051: Google adopted TLS before the IETF's frames
};

// The constants of a version's keys and first byte.
struct Version {
  std::array<std::uint8_t, 20> salt;
  std::string_view key_label, iv_label, hp_label;
  Frames frames;
  // Type bits of an Initial's long header; 0-RTT, Handshake and Retry follow.
  std::uint8_t initial_type;
};

// Null: we cannot open this version.
[[nodiscard]] const Version* find_version(VersionNumber number) noexcept;

// True for Google's versions before TLS: Q and three digits.
[[nodiscard]] constexpr bool is_google_quic(VersionNumber number) noexcept {
  return number.value >> 24 == 'Q' && (number.value & 0x00f0f0f0) == 0x00303030;
}

}  // namespace sluice::quic
