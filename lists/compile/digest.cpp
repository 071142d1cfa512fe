#include "lists/compile/digest.h"

#include <openssl/evp.h>

#include <new>
#include <string_view>

namespace sluice::lists {

Sha256 sha256(Bytes bytes) {
  Sha256 digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                 nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();  // nothing else can fail
  }
  return digest;
}

std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    hex += kDigits[std::to_integer<unsigned>(byte) >> 4];
    hex += kDigits[std::to_integer<unsigned>(byte) & 0xf];
  }
  return hex;
}

}  // namespace sluice::lists
