#include "filters/proxy/head.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::proxy {
namespace {

using Read = Result<Head, HeadError>;

constexpr std::string_view kTextStart = "PROXY ";
constexpr std::size_t kMaxTextHead = 107;  // with CRLF, proxy-protocol.txt section 2.1
constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);

// Of what is wrong and what is not there, the reader met the first.
Read end(bool wrong) noexcept {
  return fail(wrong ? HeadError::not_head : HeadError::need_more);
}

// ByteVector up to a zero; takes the zero too.
std::string_view take_text(ByteReader& reader) noexcept {
  const std::size_t size = as_text(reader.rest()).find('\0');
  if (size == std::string_view::npos) {
    reader.skip(reader.remaining() + 1);  // fails
    return {};
  }
  const std::string_view text = as_text(reader.take(size));
  reader.skip(1);
  return text;
}

Read read_socks4(ByteReader reader) noexcept {
  constexpr std::uint32_t kHostFollowsEnd = 0x100;  // 0.0.0.1 to 0.0.0.255
  const std::uint8_t command = reader.u8();
  if (reader.ok() && (command == 0 || command > 2)) return end(true);
  const std::uint16_t port = reader.u16();
  if (reader.ok() && port == 0) return end(true);
  const std::uint32_t address = reader.u32();
  static_cast<void>(take_text(reader));
  Head head;
  if (address != 0 && address < kHostFollowsEnd) head.host = take_text(reader);
  if (!reader.ok()) return end(false);
  head.size = reader.position();
  return head;
}

// The methods of a greeting; of those that are registered we read over two.
bool read_greeting(ByteReader& reader) noexcept {
  const Bytes methods = reader.take(reader.u8());
  return !reader.ok() || !methods.empty();
}

Read read_socks5(ByteReader reader) noexcept {
  constexpr std::uint8_t kVersion = 5, kLoginVersion = 1;
  enum AddressType : std::uint8_t { kIp4 = 1, kHost = 3, kIp6 = 4 };
  if (!read_greeting(reader)) return end(true);
  std::uint8_t version = reader.u8();
  if (reader.ok() && version == kLoginVersion) {
    reader.skip(reader.u8());
    reader.skip(reader.u8());
    version = reader.u8();
  }
  if (reader.ok() && version != kVersion) return end(true);
  const std::uint8_t command = reader.u8();
  if (reader.ok() && (command == 0 || command > 3)) return end(true);
  const std::uint8_t reserved = reader.u8();
  if (reader.ok() && reserved != 0) return end(true);
  const std::uint8_t type = reader.u8();
  Head head;
  switch (type) {
    case kIp4:
      reader.skip(4);
      break;
    case kIp6:
      reader.skip(16);
      break;
    case kHost:
      head.host = as_text(reader.take(reader.u8()));
      break;
    default:
      return end(reader.ok());
  }
  reader.skip(2);  // port
  if (!reader.ok()) return end(false);
  head.size = reader.position();
  return head;
}

Read read_text(std::string_view text) noexcept {
  const std::size_t line_end = text.substr(0, kMaxTextHead).find("\r\n");
  if (line_end == std::string_view::npos) return end(text.size() >= kMaxTextHead);
  const std::string_view rest = text.substr(kTextStart.size(), line_end - kTextStart.size());
  if (!rest.starts_with("TCP4 ") && !rest.starts_with("TCP6 ") && !rest.starts_with("UNKNOWN")) {
    return end(true);
  }
  return Head{.size = line_end + 2};
}

Read read_binary(ByteReader reader) noexcept {
  constexpr std::uint8_t kAuthority = 2;  // a TLV: the host name that the client asked for
  const std::uint8_t version = reader.u8();
  if (reader.ok() && version >> 4 != 2) return end(true);
  const std::uint8_t family = reader.u8() >> 4;
  ByteReader rest(reader.take(reader.u16()));
  if (!reader.ok()) return end(false);
  Head head{.size = reader.position()};
  constexpr std::size_t kAddresses[] = {0, 12, 36, 216};  // unspecified, IPv4, IPv6, Unix
  if (family >= std::size(kAddresses)) return head;
  rest.skip(kAddresses[family]);
  while (rest.remaining() > 0) {
    const std::uint8_t type = rest.u8();
    const Bytes value = rest.take(rest.u16());
    if (rest.ok() && type == kAuthority && head.host.empty()) head.host = as_text(value);
  }
  return head;
}

// Whether the text starts with the other one, as far as it is there.
bool may_start_with(std::string_view text, std::string_view start) noexcept {
  const std::size_t size = std::min(text.size(), start.size());
  return text.substr(0, size) == start.substr(0, size);
}

Read read_head(Bytes stream) noexcept {
  const std::string_view text = as_text(stream);
  if (may_start_with(text, kTextStart)) {
    return text.size() < kTextStart.size() ? end(false) : read_text(text);
  }
  ByteReader reader(stream);
  if (may_start_with(text, kBinaryStart)) {
    reader.skip(kBinaryStart.size());
    return reader.ok() ? read_binary(reader) : end(false);
  }
  switch (reader.u8()) {
    case 4:
      return read_socks4(reader);
    case 5:
      return read_socks5(reader);
    default:
      return end(true);
  }
}

}  // namespace

Result<Head, HeadError> parse_head(Bytes stream) noexcept {
  const Bytes looked_at = stream.first(std::min(stream.size(), kMaxHead));
  const Read read = read_head(looked_at);
  const bool too_large = !read && looked_at.size() == kMaxHead;
  return too_large ? end(true) : read;
}

}  // namespace sluice::proxy
