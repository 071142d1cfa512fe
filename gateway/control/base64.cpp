#include "gateway/control/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

namespace sluice::control {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(Bytes bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the zero that OpenSSL appends
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// OpenSSL skips blanks and does not say how many bytes the padding stands for.
std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  const std::string_view digits = text.substr(0, text.find('='));
  const std::size_t padding = text.size() - digits.size();
  if (text.size() % 4 != 0 || padding > 2 || text.size() > std::numeric_limits<int>::max() ||
      digits.find_first_not_of(kAlphabet) != digits.npos ||
      text.substr(digits.size()) != std::string_view("==").substr(0, padding)) {
    return std::nullopt;
  }
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

}  // namespace sluice::control
