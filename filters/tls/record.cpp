#include "filters/tls/record.h"

#include <algorithm>
#include <array>
#include <optional>

#include "filters/base/byte_reader.h"

namespace sluice::tls {
namespace {

constexpr std::uint8_t kHandshake = 22;
// The version of a record says nothing (RFC 8446 section 5.1). OpenSSL and BoringSSL want 3 here
// and take any minor one, Go takes all below 16.
constexpr std::uint8_t kMajorVersionEnd = 16;

struct RecordHeader {
  bool is_handshake = false;
  std::size_t length = 0;

  [[nodiscard]] bool has_good_length() const noexcept {
    return length > 0 && length <= kMaxFragment;
  }
};

// REQUIRES: all of the header is there.
RecordHeader read_header(ByteReader& reader) noexcept {
  const auto header = reader.header<kRecordHeaderBytes>();
  return {.is_handshake = header.u8<0>() == kHandshake && header.u8<1>() < kMajorVersionEnd,
          .length = header.u16<3>()};
}

// Whether the header of the first record may be one of a handshake, as far as it is there.
bool may_be_handshake(Bytes stream) noexcept {
  ByteReader reader(stream);
  if (const auto type = reader.u8(); reader.ok() && type != kHandshake) return false;
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
    const Bytes wanted = fragment.first(std::min(fragment.size(), room.size() - joined.size));
    std::ranges::copy(wanted, room.subspan(joined.size).begin());
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
    while (stream_.size() >= walk_.next) {
      if (walk_.missing == 0) return finish();
      if (const auto result = read_record()) return *result;
    }
    if (walk_.missing != HelloWalk::kUnknown) return wait_for(walk_.next + walk_.missing);
    // Less than the header of a record, and less than four bytes of the handshake before it.
    const bool is_first = walk_.next == kRecordHeaderBytes;
    if (is_first && !may_be_handshake(stream_)) return end(HelloError::not_client_hello);
    return wait_for(walk_.next + kHandshakeHeaderBytes -
                    handshake_header(walk_.next - kRecordHeaderBytes).size);
  }

 private:
  struct Start {
    std::array<std::byte, kHandshakeHeaderBytes> bytes;
    std::size_t size = 0;  // how many of them are there
  };

  // Steps over one record; a result: reading ends here.
  std::optional<HelloRead> read_record() noexcept {
    ByteReader reader(stream_);
    const bool is_first = walk_.next == kRecordHeaderBytes;
    reader.skip(walk_.next - kRecordHeaderBytes);
    const RecordHeader header = read_header(reader);
    examined_ += kRecordHeaderBytes;
    if (!header.is_handshake) {
      return end(is_first ? HelloError::not_client_hello : HelloError::malformed);
    }
    if (!header.has_good_length()) return end(HelloError::malformed);
    if (walk_.missing == HelloWalk::kUnknown) {
      const auto result = read_handshake_header(header.length);
      if (result || walk_.missing == HelloWalk::kUnknown) return result;
    }
    if (header.length >= walk_.missing) {
      walk_.go_on(walk_.next + walk_.missing, 0);
    } else {
      walk_.go_on(walk_.next + header.length + kRecordHeaderBytes, walk_.missing - header.length);
    }
    return std::nullopt;
  }

  // How long the hello is. Its first four bytes may lie in four records, so they are read again
  // until all of them are there.
  std::optional<HelloRead> read_handshake_header(std::size_t record) noexcept {
    const std::size_t record_end = walk_.next + record;
    const Start start = handshake_header(record_end);
    if (start.size > 0 && start.bytes[0] != std::byte{kClientHelloMessage}) {
      return end(HelloError::not_client_hello);
    }
    if (start.size < kHandshakeHeaderBytes) {
      const std::size_t lacks = kHandshakeHeaderBytes - start.size;
      if (stream_.size() < record_end) {
        const std::size_t to_come = record_end - stream_.size();
        return wait_for(stream_.size() + lacks + (lacks > to_come ? kRecordHeaderBytes : 0));
      }
      walk_.go_on(record_end + kRecordHeaderBytes, HelloWalk::kUnknown);
      return std::nullopt;
    }
    ByteReader reader(start.bytes);
    reader.skip(1);
    const std::size_t length = reader.u24();
    if (length > kMaxClientHello) return end(HelloError::too_large);
    walk_.go_on(walk_.next, kHandshakeHeaderBytes + length - handshake_bytes_before());
    return std::nullopt;
  }

  // In the records before the one whose header ends at `next`: fewer than four.
  std::size_t handshake_bytes_before() const noexcept {
    std::array<std::byte, kHandshakeHeaderBytes> room;
    return join(stream_.first(walk_.next - kRecordHeaderBytes), room).size;
  }

  // From records in front of `end`: the header of the one behind it may be wrong.
  Start handshake_header(std::size_t end) noexcept {
    const Bytes records = stream_.first(std::min(stream_.size(), end));
    Start start;
    start.size = join(records, start.bytes).size;
    examined_ += std::min(records.size(), kHandshakeHeaderBytes * (kRecordHeaderBytes + 1));
    return start;
  }

  HelloRead finish() noexcept {
    ByteReader reader(stream_);
    const std::size_t first = read_header(reader).length;
    if (walk_.next <= kRecordHeaderBytes + first) {  // in one record: read where it lies
      return found(stream_.first(walk_.next).subspan(kRecordHeaderBytes),
                   kRecordHeaderBytes + first);
    }
    const std::size_t whole = kHandshakeHeaderBytes + length_of(handshake_header(walk_.next));
    const Joined joined = join(stream_, scratch_.first(whole));
    examined_ += walk_.next;
    return found(scratch_.first(whole), joined.end);
  }

  static std::size_t length_of(const Start& start) noexcept {
    ByteReader reader(start.bytes);
    reader.skip(1);
    return reader.u24();
  }

  HelloRead found(Bytes hello, std::size_t end_of_record) noexcept {
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

}  // namespace

HelloRead read_client_hello(Bytes stream, HelloWalk& walk, MutableBytes scratch) noexcept {
  return Walker(stream.subspan(walk.at), walk, scratch).read();
}

bool may_be_tls(Bytes stream) noexcept {
  ByteReader reader(stream);
  if (const auto type = reader.u8(); reader.ok() && type != kHandshake) return false;
  if (const auto major = reader.u8(); reader.ok() && major >= kMajorVersionEnd) return false;
  reader.skip(1);
  const std::size_t length = reader.u16();
  if (!reader.ok()) return true;
  if (length == 0 || length > kMaxFragment) return false;
  const std::uint8_t handshake = reader.u8();
  return !reader.ok() || handshake == kClientHelloMessage;
}

}  // namespace sluice::tls
