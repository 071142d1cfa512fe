#pragma once

// Keys that sign bundles: Ed25519, in PEM files that `openssl` makes and reads too (private ones
// PKCS#8, public ones SPKI).
//
// Immutable values; copies share the key, and any thread may use them. Everything here allocates,
// and reading blocks. Errors: the reason, without the file's name and without anything of a key.

#include <array>
#include <compare>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

struct evp_pkey_st;  // of OpenSSL

namespace sluice::lists {

// The first 8 bytes of the SHA-256 of the raw public key. It finds a key, and proves nothing.
struct KeyId {
  std::array<std::byte, 8> bytes{};

  friend auto operator<=>(const KeyId&, const KeyId&) = default;
};
// 16 hex digits.
[[nodiscard]] std::string to_string(const KeyId& id);

inline constexpr std::size_t kSignatureBytes = 64;
using Signature = std::array<std::byte, kSignatureBytes>;

class PublicKey {
 public:
  // All keys of a PEM text, at least one, at most kMostInFile.
  [[nodiscard]] static Result<std::vector<PublicKey>, std::string> parse(std::string_view pem);
  [[nodiscard]] static Result<std::vector<PublicKey>, std::string> read(
      const std::filesystem::path& file);
  static constexpr std::size_t kMostInFile = 64;

  [[nodiscard]] const KeyId& id() const noexcept { return id_; }
  [[nodiscard]] std::string pem() const;
  // Costs about 100 µs for a manifest.
  [[nodiscard]] bool verifies(std::string_view message, Bytes signature) const noexcept;

 private:
  friend class PrivateKey;
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;
  KeyId id_;
};

class PrivateKey {
 public:
  // From the kernel's random source, through OpenSSL.
  [[nodiscard]] static Result<PrivateKey, std::string> generate();
  // Encrypted ones are refused: nobody is asked for a passphrase.
  [[nodiscard]] static Result<PrivateKey, std::string> parse(std::string_view pem);
  [[nodiscard]] static Result<PrivateKey, std::string> read(const std::filesystem::path& file);

  // A new file, of mode 0600. An error if there is one.
  [[nodiscard]] Result<void, std::string> write(const std::filesystem::path& file) const;
  [[nodiscard]] PublicKey public_key() const;
  [[nodiscard]] Signature sign(std::string_view message) const;

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace sluice::lists
