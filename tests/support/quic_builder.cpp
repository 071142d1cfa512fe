#include "tests/support/quic_builder.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace sluice::test {
namespace {

constexpr std::size_t kTag = 16;

const unsigned char* in(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

const quic::Version& version_of(const QuicPacket& packet) {
  const quic::Version* const version = quic::find_version(packet.version);
  if (version == nullptr) {
    std::fprintf(stderr, "no keys for QUIC version %08x\n", packet.version.value);
    std::abort();
  }
  return *version;
}

// First byte, version, connection identifiers. Types are numbered as in version 1.
ByteVector long_header(const QuicPacket& packet, unsigned type, unsigned low_bits) {
  const quic::Version* const version = quic::find_version(packet.version);
  if (version != nullptr) type = (type + version->initial_type) & 3;
  ByteVector header;
  append_u8(header, 0x80U | (packet.fixed_bit ? 0x40U : 0) | type << 4 | low_bits);
  append_u32(header, packet.version.value);
  append_u8(header, static_cast<unsigned>(packet.dcid.size()));
  append(header, packet.dcid);
  append_u8(header, static_cast<unsigned>(packet.scid.size()));
  append(header, packet.scid);
  return header;
}

// `header` ends with the packet number; returns the protected payload.
ByteVector seal(const quic::PacketKeys& keys, std::uint64_t number, Bytes header, Bytes plain) {
  std::array<std::byte, 12> nonce = keys.iv;
  for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::byte>(number >> (8 * i));
  ByteVector sealed(plain.size() + kTag);
  int size = 0;
  EVP_CIPHER_CTX* const aead = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(aead, EVP_aes_128_gcm(), nullptr, in(keys.key), in(nonce));
  EVP_EncryptUpdate(aead, nullptr, &size, in(header), static_cast<int>(header.size()));
  EVP_EncryptUpdate(aead, out(sealed.data()), &size, in(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(aead, out(sealed.data()), &size);
  EVP_CIPHER_CTX_ctrl(aead, EVP_CTRL_AEAD_GET_TAG, kTag, sealed.data() + plain.size());
  EVP_CIPHER_CTX_free(aead);
  return sealed;
}

void protect_header(const quic::PacketKeys& keys, ByteVector& packet, std::size_t number_at,
                    std::size_t number_bytes) {
  std::array<std::byte, 32> mask{};
  int size = 0;
  EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, in(keys.hp), nullptr);
  EVP_EncryptUpdate(cipher, out(mask.data()), &size, in(Bytes(packet).subspan(number_at + 4)), 16);
  EVP_CIPHER_CTX_free(cipher);
  packet[0] ^= mask[0] & std::byte{0x0f};
  for (std::size_t i = 0; i < number_bytes; ++i) packet[number_at + i] ^= mask[1 + i];
}

}  // namespace

void append_varint(ByteVector& to, std::uint64_t value) {
  const unsigned log = value < 0x40 ? 0 : value < 0x4000 ? 1 : value < 0x40000000 ? 2 : 3;
  const std::size_t bytes = std::size_t{1} << log;
  for (std::size_t i = bytes; i-- > 0;) {
    const auto byte = static_cast<unsigned>(value >> (8 * i) & 0xff);
    append_u8(to, i + 1 == bytes ? byte | log << 6 : byte);
  }
}

ByteVector crypto_frame(std::uint64_t offset, Bytes bytes) {
  ByteVector frame = byte_vector("\x06");
  append_varint(frame, offset);
  append_varint(frame, bytes.size());
  append(frame, bytes);
  return frame;
}

ByteVector ack_frame(std::uint64_t largest) {
  ByteVector frame = byte_vector("\x02");
  append_varint(frame, largest);
  append_u8(frame, 0);  // delay
  append_u8(frame, 0);  // further ranges
  append_u8(frame, 0);  // first range
  return frame;
}

ByteVector connection_close_frame(std::string_view reason) {
  ByteVector frame = byte_vector("\x1c");
  append_u16(frame, 0x0100);
  frame[1] |= std::byte{0x40};  // a varint of two bytes: CRYPTO_ERROR
  append_u8(frame, 0x06);
  append_varint(frame, reason.size());
  append(frame, as_bytes(reason));
  return frame;
}

ByteVector quic_initial(const QuicPacket& packet, Bytes frames, std::size_t least_size) {
  const auto low_bits = static_cast<unsigned>(packet.number_bytes - 1);
  ByteVector bytes = long_header(packet, 0, low_bits);
  append_varint(bytes, packet.token.size());
  append(bytes, packet.token);
  constexpr std::size_t kLength = 2;
  const std::size_t around = bytes.size() + kLength + packet.number_bytes + kTag;
  ByteVector plain(frames.begin(), frames.end());
  const std::size_t least_plain = least_size > around ? least_size - around : 0;
  plain.resize(std::max({plain.size(), least_plain, 4 - packet.number_bytes}));  // PADDING is 0
  append_u16(bytes, static_cast<unsigned>(0x4000 | (packet.number_bytes + plain.size() + kTag)));
  const std::size_t number_at = bytes.size();
  for (std::size_t i = packet.number_bytes; i-- > 0;) {
    append_u8(bytes, static_cast<unsigned>(packet.number >> (8 * i) & 0xff));
  }
  const quic::PacketKeys keys = quic::initial_keys(
      version_of(packet), packet.keys_of.empty() ? packet.dcid : packet.keys_of, packet.sender);
  append(bytes, seal(keys, packet.number, bytes, plain));
  protect_header(keys, bytes, number_at, packet.number_bytes);
  return bytes;
}

ByteVector quic_sealed(const QuicPacket& packet, quic::PacketType type, std::size_t size) {
  ByteVector bytes = long_header(packet, type == quic::PacketType::zero_rtt ? 1 : 2, 1);
  append_varint(bytes, size);
  bytes.resize(bytes.size() + size, std::byte{0xa7});
  return bytes;
}

ByteVector quic_retry(const QuicPacket& packet) {
  ByteVector bytes = long_header(packet, 3, 0);
  bytes.resize(bytes.size() + 20 + kTag, std::byte{0x7e});  // token, integrity tag
  return bytes;
}

ByteVector quic_version_negotiation(const QuicPacket& packet) {
  QuicPacket none = packet;
  none.version = quic::kVersionNegotiation;
  ByteVector bytes = long_header(none, 0, 0);
  append_u32(bytes, quic::kVersion1.value);
  append_u32(bytes, quic::kVersion2.value);
  return bytes;
}

ByteVector quic_short(const QuicPacket& packet, std::size_t size) {
  ByteVector bytes = byte_vector("\x41");
  append(bytes, packet.dcid);
  bytes.resize(std::max(size, bytes.size()), std::byte{0x5a});
  return bytes;
}

ByteVector google_quic(std::string_view version, std::size_t size) {
  ByteVector bytes = byte_vector(
      "\x09"
      "identify");
  append(bytes, as_bytes(version));
  append_u8(bytes, 1);  // packet number
  bytes.resize(std::max(size, bytes.size()), std::byte{0x11});
  return bytes;
}

std::vector<ByteVector> quic_hello(std::string_view server_name, QuicPacket packet,
                                   const std::vector<std::size_t>& sizes,
                                   const HelloOptions& options) {
  const ByteVector hello = client_hello(server_name, options);
  std::vector<ByteVector> datagrams;
  std::size_t at = 0;
  const auto add = [&](std::size_t size) {
    const Bytes part = Bytes(hello).subspan(at, std::min(size, hello.size() - at));
    datagrams.push_back(quic_initial(packet, crypto_frame(at, part), kQuicDatagram));
    ++packet.number;
    at += part.size();
  };
  for (const std::size_t size : sizes) {
    if (at + size < hello.size()) add(size);
  }
  add(hello.size());
  return datagrams;
}

}  // namespace sluice::test
