#include "filters/proxy/head.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "filters/base/byte_reader.h"

namespace sluice::proxy {
namespace {

constexpr std::string_view kTextStart = "PROXY ";
constexpr std::size_t kMaxTextHead = 107;  // with CRLF, proxy-protocol.txt section 2.1
constexpr std::size_t kSocks4Head = 8;     // up to the user
constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);

// How many bytes at the start of both are the same, given that `seen` are.
std::size_t common_start(std::string_view text, std::string_view start, std::size_t seen) noexcept {
  std::size_t same = std::min({seen, text.size(), start.size()});
  while (same < text.size() && same < start.size() && text[same] == start[same]) ++same;
  return same;
}

// One call of read_head.
class HeadReader {
 public:
  HeadReader(Bytes stream, HeadScan& scan) noexcept
      : stream_(stream), text_(as_text(stream)), scan_(scan), reader_(stream) {}

  HeadRead read() noexcept {
    if (stream_.empty()) return need(1);
    const std::size_t seen = scan_.seen;
    scan_.seen = static_cast<std::uint16_t>(stream_.size());
    switch (std::to_integer<unsigned>(stream_[0])) {
      case 4:
        return read_socks4(seen);
      case 5:
        return read_socks5();
      case 'P':
        return read_text(seen);
      case '\r':
        return read_binary(seen);
      default:
        ++examined_;
        return wrong();
    }
  }

 private:
  HeadRead wrong() const noexcept {
    return {.head = fail(HeadError::not_head), .examined = examined_};
  }
  HeadRead need(std::size_t bytes) const noexcept {
    return {.needed = bytes, .examined = examined_};
  }
  HeadRead found(std::string_view host, std::size_t size) const noexcept {
    return {.head = Head{.host = host, .size = size}, .examined = examined_};
  }

  // Whether `count` more bytes are there; if not, `lacks_` tells how long the stream must be.
  bool has(std::size_t count) noexcept {
    if (reader_.remaining() >= count) return true;
    lacks_ = reader_.position() + count;
    return false;
  }
  std::optional<std::uint8_t> byte() noexcept {
    if (!has(1)) return std::nullopt;
    ++examined_;
    return reader_.u8();
  }
  // One byte of length and that many bytes.
  std::optional<Bytes> counted() noexcept {
    const auto count = byte();
    if (!count || !has(*count)) return std::nullopt;
    return reader_.take(*count);
  }

  // The offset of the first zero at or behind `from`, which no byte in front of `seen` is.
  std::optional<std::size_t> find_zero(std::size_t from, std::size_t seen) noexcept {
    const std::size_t start = std::min(std::max(from, seen), text_.size());
    const std::size_t at = text_.find('\0', start);
    examined_ += std::min(at, text_.size()) - start;
    if (at == std::string_view::npos) return std::nullopt;
    return at;
  }

  HeadRead read_socks4(std::size_t seen) noexcept {
    if (seen < kSocks4Head) {
      const auto result = read_socks4_head();
      if (result) return *result;
    }
    if (scan_.user_end == 0) {
      const auto zero = find_zero(kSocks4Head, seen);
      if (!zero) return need(stream_.size() + 1);
      if (!socks4_host_follows()) return found({}, *zero + 1);
      scan_.user_end = static_cast<std::uint16_t>(*zero + 1);
    }
    const std::size_t user_end = scan_.user_end;
    const auto zero = find_zero(user_end, seen);
    if (!zero) return need(stream_.size() + 1);
    return found(text_.substr(user_end, *zero - user_end), *zero + 1);
  }

  // A result: it is wrong, or not all there.
  std::optional<HeadRead> read_socks4_head() noexcept {
    examined_ += std::min(stream_.size(), kSocks4Head);
    reader_.skip(1);
    const std::uint8_t command = reader_.u8();
    if (reader_.ok() && (command == 0 || command > 2)) return wrong();
    const std::uint16_t port = reader_.u16();
    if (reader_.ok() && port == 0) return wrong();
    if (stream_.size() < kSocks4Head) return need(stream_.size() + 1);
    return std::nullopt;
  }
  // REQUIRES: the head is there.
  bool socks4_host_follows() noexcept {
    constexpr std::uint32_t kEnd = 0x100;  // 0.0.0.1 to 0.0.0.255
    ByteReader reader(stream_.subspan(kSocks4Head - 4));
    const std::uint32_t address = reader.u32();
    examined_ += 4;
    return address != 0 && address < kEnd;
  }

  HeadRead read_socks5() noexcept {
    const auto host = read_socks5_parts();
    if (host) return found(*host, reader_.position());
    return lacks_ > 0 ? need(lacks_) : wrong();
  }

  // nullopt: lacks_ says how many bytes it lacks; 0: it is wrong.
  std::optional<std::string_view> read_socks5_parts() noexcept {
    constexpr std::uint8_t kVersion = 5, kLoginVersion = 1;
    reader_.skip(1);
    const auto methods = counted();
    if (!methods || methods->empty()) return std::nullopt;
    // We can skip two login methods: none, and user with password.
    auto version = byte();
    if (version == kLoginVersion) {
      if (!counted() || !counted()) return std::nullopt;
      version = byte();
    }
    if (version != kVersion) return std::nullopt;
    const auto command = byte();
    if (!command || *command == 0 || *command > 3) return std::nullopt;
    if (byte() != 0) return std::nullopt;  // reserved
    return read_socks5_address();
  }

  std::optional<std::string_view> read_socks5_address() noexcept {
    enum AddressType : std::uint8_t { kIp4 = 1, kHost = 3, kIp6 = 4 };
    constexpr std::size_t kPort = 2;
    std::string_view host;
    std::size_t rest = kPort;
    switch (byte().value_or(0)) {
      case kIp4:
        rest += 4;
        break;
      case kIp6:
        rest += 16;
        break;
      case kHost: {
        const auto name = counted();
        if (!name) return std::nullopt;
        host = as_text(*name);
        break;
      }
      default:
        return std::nullopt;
    }
    if (!has(rest)) return std::nullopt;
    reader_.skip(rest);
    return host;
  }

  HeadRead read_text(std::size_t seen) noexcept {
    const std::size_t same = common_start(text_, kTextStart, seen);
    examined_ += std::min(same + 1, text_.size()) - std::min(seen, same);
    if (same < kTextStart.size()) return same == text_.size() ? need(same + 1) : wrong();
    const std::string_view rest = text_.substr(kTextStart.size());
    constexpr std::string_view kKinds[] = {"TCP4 ", "TCP6 ", "UNKNOWN"};
    const bool good = std::ranges::any_of(kKinds, [&](std::string_view kind) {
      return rest.starts_with(kind) || kind.starts_with(rest);
    });
    if (!good) return wrong();
    const std::string_view line = text_.substr(0, kMaxTextHead);
    const std::size_t end = line.find('\n', seen);
    examined_ += std::min(end, line.size()) - std::min(seen, line.size());
    if (end == std::string_view::npos) {
      return line.size() == kMaxTextHead ? wrong() : need(text_.size() + 1);
    }
    return line[end - 1] == '\r' ? found({}, end + 1) : wrong();
  }

  HeadRead read_binary(std::size_t seen) noexcept {
    constexpr std::size_t kLengthEnd = kBinaryStart.size() + 4;
    const std::size_t same = common_start(text_, kBinaryStart, seen);
    examined_ += same - std::min(seen, same);
    if (same < kBinaryStart.size()) return same == text_.size() ? need(same + 1) : wrong();
    reader_.skip(kBinaryStart.size());
    const auto version = byte();
    if (version && *version >> 4 != 2) return wrong();
    if (stream_.size() < kLengthEnd) return need(kLengthEnd);
    const std::uint8_t family = reader_.u8() >> 4;
    const std::size_t length = reader_.u16();
    if (!has(length)) return need(lacks_);
    examined_ += length;
    const Bytes payload = reader_.take(length);
    return found(authority_of(payload, family), reader_.position());
  }

  static std::string_view authority_of(Bytes payload, std::uint8_t family) noexcept {
    constexpr std::uint8_t kAuthority = 2;  // a TLV: the host name that the client asked for
    constexpr std::size_t kAddresses[] = {0, 12, 36, 216};  // unspecified, IPv4, IPv6, Unix
    if (family >= std::size(kAddresses)) return {};
    ByteReader rest(payload);
    rest.skip(kAddresses[family]);
    while (rest.remaining() > 0) {
      const std::uint8_t type = rest.u8();
      const Bytes value = rest.take(rest.u16());
      if (rest.ok() && type == kAuthority && !value.empty()) return as_text(value);
    }
    return {};
  }

  Bytes stream_;
  std::string_view text_;
  HeadScan& scan_;
  ByteReader reader_;
  std::size_t lacks_ = 0;
  std::size_t examined_ = 0;
};

}  // namespace

HeadRead read_head(Bytes stream, HeadScan& scan) noexcept {
  const Bytes looked_at = stream.first(std::min(stream.size(), kMaxHead));
  HeadRead read = HeadReader(looked_at, scan).read();
  const bool too_large = !read.head && (looked_at.size() == kMaxHead || read.needed > kMaxHead);
  if (too_large) read.head = fail(HeadError::not_head);
  return read;
}

}  // namespace sluice::proxy
