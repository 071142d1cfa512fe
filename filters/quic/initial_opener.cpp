#include "filters/quic/initial_opener.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace sluice::quic {
namespace {

constexpr std::size_t kTag = 16;
constexpr std::size_t kSample = 16;
constexpr std::size_t kSampleAt = 4;  // from the packet number, whatever its length
constexpr std::size_t kMaxNumber = 4;

const unsigned char* in(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

}  // namespace

void InitialOpener::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

InitialOpener::InitialOpener()
    : header_(EVP_CIPHER_CTX_new()),
      payload_(EVP_CIPHER_CTX_new()),
      plain_(std::make_unique_for_overwrite<std::byte[]>(kMaxPacket)) {
  ready_ = header_ && payload_ &&
           EVP_EncryptInit_ex(header_.get(), EVP_aes_128_ecb(), nullptr, nullptr, nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(header_.get(), 0) == 1 &&
           EVP_DecryptInit_ex(payload_.get(), EVP_aes_128_gcm(), nullptr, nullptr, nullptr) == 1;
}

std::optional<InitialOpener::Opened> InitialOpener::open(const LongPacket& packet,
                                                         const PacketKeys& keys,
                                                         std::uint64_t expected) noexcept {
  const Bytes whole = packet.whole;
  const std::size_t at = packet.number_offset;
  if (!ready_ || whole.size() > kMaxPacket || whole.size() < at + kSampleAt + kSample)
    return std::nullopt;

  // The mask for the low bits of the first byte and for the packet number.
  std::array<std::byte, kSample> mask;
  int size = 0;
  EVP_EncryptInit_ex(header_.get(), nullptr, nullptr, in(keys.hp), nullptr);
  EVP_EncryptUpdate(header_.get(), out(mask.data()), &size, in(whole.subspan(at + kSampleAt)),
                    kSample);
  const std::byte first = whole[0] ^ (mask[0] & std::byte{0x0f});
  const std::size_t bytes = (std::to_integer<std::size_t>(first) & 3) + 1;
  std::array<std::byte, kMaxNumber> number_bytes{};
  std::uint32_t truncated = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number_bytes[i] = whole[at + i] ^ mask[1 + i];
    truncated = truncated << 8 | std::to_integer<std::uint32_t>(number_bytes[i]);
  }
  const std::uint64_t number = decode_packet_number(expected, truncated, bytes);

  std::array<std::byte, 12> nonce = keys.iv;
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[11 - i] ^= static_cast<std::byte>(number >> (8 * i) & 0xff);
  }
  const Bytes sealed = whole.subspan(at + bytes, whole.size() - at - bytes - kTag);
  std::array<std::byte, kTag> tag;
  std::ranges::copy(whole.last(kTag), tag.begin());

  EVP_CIPHER_CTX* const aead = payload_.get();
  EVP_DecryptInit_ex(aead, nullptr, nullptr, in(keys.key), in(nonce));
  EVP_DecryptUpdate(aead, nullptr, &size, in(Bytes(&first, 1)), 1);
  EVP_DecryptUpdate(aead, nullptr, &size, in(whole.subspan(1)), static_cast<int>(at - 1));
  EVP_DecryptUpdate(aead, nullptr, &size, in(number_bytes), static_cast<int>(bytes));
  EVP_DecryptUpdate(aead, out(plain_.get()), &size, in(sealed), static_cast<int>(sealed.size()));
  EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data());
  int rest = 0;
  if (EVP_DecryptFinal_ex(aead, out(plain_.get()) + size, &rest) != 1) return std::nullopt;
  return Opened{number, Bytes(plain_.get(), sealed.size())};
}

}  // namespace sluice::quic
