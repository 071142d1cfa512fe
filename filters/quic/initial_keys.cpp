// SHA256_* is deprecated in favour of EVP, which allocates: see the header.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT(readability-identifier-naming): the name is OpenSSL's

#include "filters/quic/initial_keys.h"

#include <openssl/sha.h>

#include <algorithm>
#include <span>

namespace sluice::quic {
namespace {

constexpr std::size_t kBlock = 64;  // of SHA-256
using Digest = std::array<std::byte, SHA256_DIGEST_LENGTH>;

void update(SHA256_CTX& context, Bytes bytes) {
  SHA256_Update(&context, bytes.data(), bytes.size());
}

// HMAC of several messages under one key, which is hashed once. REQUIRES: a key of at most one
// block.
class Hmac {
 public:
  explicit Hmac(Bytes key) {
    start(inner_, key, std::byte{0x36});
    start(outer_, key, std::byte{0x5c});
  }

  [[nodiscard]] Digest of(Bytes message) const {
    Digest digest;
    auto* const out = reinterpret_cast<unsigned char*>(digest.data());
    SHA256_CTX context = inner_;
    update(context, message);
    SHA256_Final(out, &context);
    context = outer_;
    update(context, digest);
    SHA256_Final(out, &context);
    return digest;
  }

 private:
  static void start(SHA256_CTX& context, Bytes key, std::byte pad) {
    std::array<std::byte, kBlock> block;
    block.fill(pad);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
    SHA256_Init(&context);
    update(context, block);
  }

  SHA256_CTX inner_, outer_;
};

// HKDF-Expand-Label (RFC 8446 section 7.1) with an empty context, at most one digest long:
//   | length 16 | n 8 | "tls13 " label | 0 | 1 |
Digest expand(const Hmac& secret, std::string_view label, std::size_t length) {
  constexpr std::string_view kPrefix = "tls13 ";
  std::array<std::byte, 40> info{};
  info[1] = static_cast<std::byte>(length);
  info[2] = static_cast<std::byte>(kPrefix.size() + label.size());
  const auto text = std::ranges::copy(as_bytes(kPrefix), info.begin() + 3).out;
  const auto end = std::ranges::copy(as_bytes(label), text).out + 1;
  *end = std::byte{1};
  return secret.of(Bytes(info.begin(), end + 1));
}

template <std::size_t size>
std::array<std::byte, size> expand(const Hmac& secret, std::string_view label) {
  const Digest digest = expand(secret, label, size);
  std::array<std::byte, size> result;
  std::ranges::copy_n(digest.begin(), size, result.begin());
  return result;
}

}  // namespace

PacketKeys initial_keys(const Version& version, Bytes dcid, Sender sender) noexcept {
  const Digest initial = Hmac(std::as_bytes(std::span(version.salt))).of(dcid);
  const Digest secret = expand(Hmac(initial), sender == Sender::client ? "client in" : "server in",
                               SHA256_DIGEST_LENGTH);
  const Hmac from(secret);
  return {expand<16>(from, version.key_label), expand<12>(from, version.iv_label),
          expand<16>(from, version.hp_label)};
}

}  // namespace sluice::quic
