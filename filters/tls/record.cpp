#include "filters/tls/record.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "filters/base/byte_reader.h"

namespace sluice::tls {
namespace {

// The version of a record says nothing (RFC 8446 section 5.1). OpenSSL and BoringSSL want 3 here
// and take any minor one, Go takes all below 16.
constexpr std::uint8_t kMajorVersionEnd = 16;
// In HelloWalk::missing: a length over kMaxClientHello.
constexpr std::size_t kTooLong = HelloWalk::kMaxMissing;

// The longest record of this type that says nothing.
constexpr std::size_t most_of_idle(std::uint8_t type) noexcept {
  return type == kAlertRecord ? 2 : type == kChangeCipherSpecRecord ? 1 : 0;
}

struct RecordHeader {
  std::uint8_t type = 0, major = 0;
  std::size_t length = 0;

  [[nodiscard]] bool is_handshake() const noexcept {
    return type == kHandshakeRecord && major < kMajorVersionEnd;
  }
  [[nodiscard]] bool has_good_length() const noexcept {
    return length > 0 && length <= kMaxFragment;
  }
  // Between two fragments.
  [[nodiscard]] bool is_idle() const noexcept {
    return (type == kHandshakeRecord || type == kChangeCipherSpecRecord) &&
           major < kMajorVersionEnd && length <= most_of_idle(type);
  }
};

// REQUIRES: all of the header is there.
RecordHeader read_header(ByteReader& reader) noexcept {
  const auto header = reader.header<kRecordHeaderBytes>();
  return {.type = header.u8<0>(), .major = header.u8<1>(), .length = header.u16<3>()};
}

// Whether the header of the first record may be one of a handshake, as far as it is there.
bool may_be_handshake(Bytes stream) noexcept {
  ByteReader reader(stream);
  if (const auto type = reader.u8(); reader.ok() && type != kHandshakeRecord) return false;
  const auto major = reader.u8();
  return !reader.ok() || major < kMajorVersionEnd;
}

struct Joined {
  std::size_t size = 0;  // handshake bytes that were copied
  std::size_t end = 0;   // offset behind the last record that was read
};

// Copies handshake bytes from the records at the start of the stream until `room` is full.
// REQUIRES: the headers of these records are there and good.
Joined join(Bytes stream, MutableBytes room) noexcept {
  Joined joined;
  for (ByteReader reader(stream); joined.size < room.size() && reader.remaining() > 0;) {
    if (reader.remaining() < kRecordHeaderBytes) break;
    const RecordHeader header = read_header(reader);
    joined.end = reader.position() + header.length;
    const Bytes fragment = reader.take(std::min(header.length, reader.remaining()));
    if (!header.is_handshake()) continue;
    const Bytes wanted = fragment.first(std::min(fragment.size(), room.size() - joined.size));
    copy_bytes(wanted, room.subspan(joined.size));
    joined.size += wanted.size();
  }
  return joined;
}

// One call of read_client_hello.
class Walker {
 public:
  Walker(Bytes stream, HelloWalk& walk, MutableBytes scratch) noexcept
      : stream_(stream), walk_(walk), scratch_(scratch) {}

  HelloRead read() noexcept {
    while (!walk_.knows_length()) {
      if (stream_.size() < walk_.next) return wait_for_head();
      if (const auto result = read_head()) return *result;
    }
    if (const auto error = walk_records()) return end(*error);
    const std::size_t needed = walk_.next + walk_.missing;
    return stream_.size() < needed ? wait_for(needed) : finish();
  }

 private:
  [[nodiscard]] bool is_first() const noexcept { return walk_.next == kRecordHeaderBytes; }

  // Less than the header of a record, and less than four bytes of the handshake before it.
  HelloRead wait_for_head() const noexcept {
    if (is_first() && !may_be_handshake(stream_)) return end(HelloError::not_client_hello);
    return wait_for(walk_.next + kHandshakeHeaderBytes - walk_.head);
  }

  // A record that begins before the length is known; a result: reading ends here.
  std::optional<HelloRead> read_head() noexcept {
    ByteReader reader(stream_);
    reader.skip(walk_.next - kRecordHeaderBytes);
    const RecordHeader header = read_header(reader);
    examined_ += kRecordHeaderBytes;
    if (!is_first() && header.is_idle()) {
      walk_.go_on(walk_.next + header.length + kRecordHeaderBytes, walk_.missing);
      return std::nullopt;
    }
    if (!header.is_handshake()) {
      return end(is_first() ? HelloError::not_client_hello : HelloError::malformed);
    }
    if (!header.has_good_length()) return end(HelloError::malformed);
    const Bytes there = reader.take(std::min(header.length, reader.remaining()));
    return read_handshake_header(there, header.length);
  }

  // The records behind the length, of which only the headers are read.
  std::optional<HelloError> walk_records() noexcept {
    std::size_t next = walk_.next, missing = walk_.missing;
    while (missing > 0 && next <= stream_.size()) {
      ByteReader reader(stream_.subspan(next - kRecordHeaderBytes));
      const RecordHeader header = read_header(reader);
      examined_ += kRecordHeaderBytes;
      if (!header.is_idle()) {
        if (!header.is_handshake() || !header.has_good_length()) return HelloError::malformed;
        if (header.length >= missing) {
          next += std::exchange(missing, 0);
          break;
        }
        missing -= header.length;
      }
      next += header.length + kRecordHeaderBytes;
    }
    walk_.go_on(next, missing);
    return std::nullopt;
  }

  // How long the hello is. The four bytes may lie in four records. `record`: as much of one as is
  // there, of `size` bytes.
  std::optional<HelloRead> read_handshake_header(Bytes record, std::size_t size) noexcept {
    std::size_t head = walk_.head;
    std::size_t length = walk_.missing;
    const Bytes bytes = record.first(std::min(record.size(), kHandshakeHeaderBytes - head));
    for (const std::byte byte : bytes) {
      const auto value = std::to_integer<std::uint8_t>(byte);
      if (head == 0 && value != kClientHelloMessage) return end(HelloError::not_client_hello);
      if (head == 1 && value != 0) length = kTooLong;
      if (head > 1 && length != kTooLong) length = length << 8 | value;
      ++head;
    }
    examined_ += bytes.size();
    const std::size_t lacks = kHandshakeHeaderBytes - head;
    if (lacks == 0 && length > kMaxClientHello) return end(HelloError::too_large);
    if (lacks > 0 && bytes.size() < size) {
      const std::size_t to_come = size - bytes.size();
      return wait_for(stream_.size() + lacks + (lacks > to_come ? kRecordHeaderBytes : 0));
    }
    walk_.head = head & 7U;
    if (lacks > 0) {
      walk_.go_on(walk_.next + size + kRecordHeaderBytes, length);
      return std::nullopt;
    }
    // What the record holds of this header lies between `next` and the rest.
    const std::size_t rest_at = walk_.next + bytes.size();
    const std::size_t left = size - bytes.size();
    if (left >= length) {
      walk_.in_one = is_first() ? 1 : 0;
      walk_.go_on(rest_at + length, 0);
    } else {
      walk_.go_on(rest_at + left + kRecordHeaderBytes, length - left);
    }
    return std::nullopt;
  }

  HelloRead finish() noexcept {
    ByteReader reader(stream_);
    const std::size_t first_end = kRecordHeaderBytes + read_header(reader).length;
    if (walk_.in_one != 0) {  // read where it lies
      return found(stream_.first(walk_.next).subspan(kRecordHeaderBytes), first_end);
    }
    const Joined joined = join(stream_.first(walk_.next), scratch_);
    examined_ += walk_.next;
    return found(scratch_.first(joined.size), joined.end);
  }

  // No client has more to say in the last record of its hello. GnuTLS would take another hello
  // there for the answer to a HelloRetryRequest.
  HelloRead found(Bytes hello, std::size_t end_of_record) noexcept {
    if (end_of_record > walk_.next) {
      if (stream_.size() == walk_.next) return wait_for(walk_.next + 1);
      if (stream_[walk_.next] == std::byte{kClientHelloMessage}) return end(HelloError::malformed);
    }
    examined_ += hello.size();
    return {.hello = parse_client_hello(hello),
            .consumed = walk_.at + std::min(end_of_record, stream_.size()),
            .examined = examined_};
  }
  HelloRead end(HelloError error) const noexcept {
    return {.hello = fail(error), .examined = examined_};
  }
  HelloRead wait_for(std::size_t needed) const noexcept {
    if (needed > kMaxHelloStream) return end(HelloError::too_large);
    return {.needed = walk_.at + needed, .examined = examined_};
  }

  Bytes stream_;  // from the start of the hello
  HelloWalk& walk_;
  MutableBytes scratch_;
  std::size_t examined_ = 0;
};

// What nearly every client sends: one record that holds one whole hello, and nothing else. It needs
// no walk. `stream`: from the first byte of the record. Nothing: it may still be a hello.
std::optional<HelloRead> read_one_record(Bytes stream, std::size_t at) noexcept {
  ByteReader reader(stream);
  const auto head = reader.header<kRecordHeaderBytes + kHandshakeHeaderBytes>();
  const std::size_t length = head.u16<3>();
  const bool is_hello =
      head.u8<0>() == kHandshakeRecord && head.u8<1>() < kMajorVersionEnd &&
      length >= kHandshakeHeaderBytes && length <= kMaxFragment &&
      head.u32<5>() == (kClientHelloMessage << 24 | (length - kHandshakeHeaderBytes));
  if (!is_hello) return std::nullopt;
  const Bytes body = reader.take(length - kHandshakeHeaderBytes);
  if (!reader.ok()) return std::nullopt;
  return HelloRead{.hello = parse_hello_body(body, HelloForm::stream),
                   .consumed = at + reader.position(),
                   .examined = reader.position()};
}

}  // namespace

HelloRead read_client_hello(Bytes stream, HelloWalk& walk, MutableBytes scratch) noexcept {
  const Bytes rest = stream.subspan(walk.at);
  if (walk.is_fresh()) {
    if (const auto read = read_one_record(rest, walk.at)) return *read;
  }
  return Walker(rest, walk, scratch).read();
}

bool may_be_tls(Bytes stream) noexcept {
  ByteReader reader(stream);
  if (const auto type = reader.u8(); reader.ok() && type != kHandshakeRecord) return false;
  if (const auto major = reader.u8(); reader.ok() && major >= kMajorVersionEnd) return false;
  reader.skip(1);
  const std::size_t length = reader.u16();
  if (!reader.ok()) return true;
  if (length == 0 || length > kMaxFragment) return false;
  const std::uint8_t handshake = reader.u8();
  return !reader.ok() || handshake == kClientHelloMessage;
}

IdleRecord find_idle_record(Bytes stream) noexcept {
  ByteReader reader(stream);
  const std::uint8_t type = reader.u8();
  if (reader.ok() && (type < kChangeCipherSpecRecord || type > kHandshakeRecord)) return {};
  const std::uint8_t major = reader.u8();
  if (reader.ok() && major >= kMajorVersionEnd) return {};
  reader.skip(1);
  const std::size_t length = reader.u16();
  if (!reader.ok()) return {.is = Detection::maybe};
  if (length > most_of_idle(type)) return {};
  return {.is = Detection::yes, .size = kRecordHeaderBytes + length};
}

}  // namespace sluice::tls
