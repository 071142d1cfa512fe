#pragma once

// Keys of Initial packets: RFC 9001 section 5.2, RFC 9369 section 3.3. They derive from the version
// and the destination connection ID of the client's first packet, so they are no secret.
//
//   initial = HKDF-Extract(salt, DCID)
//   sender  = HKDF-Expand-Label(initial, "client in" or "server in")
//   key, iv, hp = HKDF-Expand-Label(sender, "quic key", "quic iv", "quic hp")
//
// Pure, no allocation. HMAC-SHA256 (RFC 2104) is written out over SHA256_*, because OpenSSL 3.0
// allocates whenever an EVP object gets a key. Allocations a call, measured on Debian 12:
// EVP_KDF (HKDF) 13, EVP_MAC (HMAC) 5, EVP_Digest* 1, SHA256_* 0.

#include <array>
#include <cstddef>
#include <cstdint>

#include "filters/base/bytes.h"
#include "filters/quic/version.h"

namespace sluice::quic {

struct PacketKeys {
  std::array<std::byte, 16> key{};  // AES-128-GCM
  std::array<std::byte, 12> iv{};
  std::array<std::byte, 16> hp{};  // AES-128, for header protection
};

enum class Sender : std::uint8_t { client, server };

[[nodiscard]] PacketKeys initial_keys(const Version& version, Bytes dcid, Sender sender) noexcept;

}  // namespace sluice::quic
