#include "filters/tls/server_hello.h"

#include <algorithm>
#include <array>

#include "filters/tls/client_hello.h"
#include "filters/tls/record.h"

namespace sluice::tls {
namespace {

constexpr std::uint8_t kServerHello = 2;
constexpr std::uint8_t kMajor = 3;

// RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest".
constexpr std::array<std::uint8_t, 32> kRetryRandom = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
constexpr std::size_t kRandomAt = kHandshakeHeaderBytes + 2;
constexpr std::size_t kRandomEnd = kRandomAt + kRetryRandom.size();

}  // namespace

ServerWord ServerHelloScan::read(Bytes& bytes) noexcept {
  while (!bytes.empty() && !is_over_) {
    const bool in_record = header_ == kRecordHeaderBytes;
    const bool skips = in_record && (type_ != kHandshakeRecord || message_ == kRandomEnd);
    if (skips) {
      std::size_t count = std::min<std::size_t>(bytes.size(), record_left_);
      if (type_ == kHandshakeRecord) count = std::min<std::size_t>(count, message_left_);
      record_left_ -= static_cast<std::uint16_t>(count);
      if (type_ == kHandshakeRecord) message_left_ -= static_cast<std::uint32_t>(count);
      if (type_ == kHandshakeRecord && message_left_ == 0) message_ = 0;
      if (record_left_ == 0) header_ = 0;
      bytes = bytes.subspan(count);
      continue;
    }
    const ServerWord word = read_byte(std::to_integer<std::uint8_t>(bytes.front()));
    bytes = bytes.subspan(1);
    if (word == ServerWord::none) continue;
    is_over_ = word != ServerWord::retry;
    return word;
  }
  return ServerWord::none;
}

ServerWord ServerHelloScan::read_byte(std::uint8_t byte) noexcept {
  if (header_ < kRecordHeaderBytes) return read_header(byte) ? ServerWord::none : ServerWord::other;
  if (--record_left_ == 0) header_ = 0;
  return read_message(byte);
}

// False: no record of a server that shakes hands.
bool ServerHelloScan::read_header(std::uint8_t byte) noexcept {
  switch (header_++) {
    case 0:
      type_ = byte;
      return type_ >= kChangeCipherSpecRecord && type_ <= kHandshakeRecord;
    case 1:
      return byte == kMajor;
    case 3:
      record_left_ = static_cast<std::uint16_t>(byte << 8);
      return true;
    case 4:
      record_left_ |= byte;
      if (record_left_ == 0) header_ = 0;
      return record_left_ <= kMaxFragment;
    default:
      return true;
  }
}

ServerWord ServerHelloScan::read_message(std::uint8_t byte) noexcept {
  const std::size_t at = message_++;
  if (at == 0) {
    message_left_ = 0;
    differs_ = false;
    return byte == kServerHello ? ServerWord::none : ServerWord::other;
  }
  if (at < kHandshakeHeaderBytes) {
    message_left_ = message_left_ << 8 | byte;
    const bool is_short =
        at + 1 == kHandshakeHeaderBytes && message_left_ < kRandomEnd - kHandshakeHeaderBytes;
    return is_short ? ServerWord::other : ServerWord::none;
  }
  --message_left_;
  if (at >= kRandomAt) differs_ = differs_ || byte != kRetryRandom[at - kRandomAt];
  if (message_ < kRandomEnd) return ServerWord::none;
  if (message_left_ == 0) message_ = 0;
  return differs_ ? ServerWord::hello : ServerWord::retry;
}

}  // namespace sluice::tls
