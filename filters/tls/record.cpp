#include "filters/tls/record.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::tls {
namespace {

constexpr std::uint8_t kHandshake = 22;
// The version of a record says nothing (RFC 8446 section 5.1). OpenSSL and BoringSSL want 3 here
// and take any minor one, Go takes all below 16.
constexpr std::uint8_t kMajorVersionEnd = 16;
constexpr std::uint8_t kHelloMessage = 1;
constexpr std::size_t kMaxFragment = (std::size_t{1} << 14) + 256;  // RFC 5246 allows the slack

// Joins the fragments of records until a whole hello is there.
class Joiner {
 public:
  explicit Joiner(MutableBytes scratch) noexcept : scratch_(scratch) {}

  // What does not fit lies behind a hello of legal size, and is of no interest.
  void add(Bytes fragment) noexcept {
    const std::size_t count = std::min(fragment.size(), scratch_.size() - size_);
    std::ranges::copy(fragment.first(count), scratch_.subspan(size_).begin());
    size_ += count;
  }
  [[nodiscard]] Bytes bytes() const noexcept { return scratch_.first(size_); }

 private:
  MutableBytes scratch_;
  std::size_t size_ = 0;
};

// Handshake bytes that the hello lacks, as far as its header tells.
std::size_t missing_bytes(Bytes handshake) noexcept {
  ByteReader reader(handshake);
  reader.skip(1);
  const std::uint32_t length = reader.u24();
  if (!reader.ok()) return kHandshakeHeaderBytes - handshake.size();
  return kHandshakeHeaderBytes + length - handshake.size();
}

HelloRead wait_for(std::size_t needed) noexcept {
  if (needed > kMaxHelloStream) return {.hello = fail(HelloError::too_large)};
  return {.needed = needed};
}

struct RecordHeader {
  bool may_be_handshake = true;  // as far as it is there
  bool whole = false;
  std::size_t length = 0;
};

RecordHeader read_header(ByteReader& reader) noexcept {
  RecordHeader header;
  if (const auto type = reader.u8(); reader.ok() && type != kHandshake) {
    header.may_be_handshake = false;
  }
  if (const auto major = reader.u8(); reader.ok() && major >= kMajorVersionEnd) {
    header.may_be_handshake = false;
  }
  reader.skip(1);
  header.length = reader.u16();
  header.whole = reader.ok();
  return header;
}

}  // namespace

HelloRead read_client_hello(Bytes stream, MutableBytes scratch) noexcept {
  Joiner joined(scratch);
  ByteReader reader(stream);
  for (bool first = true;; first = false) {
    const std::size_t header_at = reader.position();
    const RecordHeader header = read_header(reader);
    if (!header.may_be_handshake) {
      return {.hello = fail(first ? HelloError::not_client_hello : HelloError::malformed)};
    }
    if (!header.whole) {
      return wait_for(header_at + kRecordHeaderBytes + missing_bytes(joined.bytes()));
    }
    if (header.length == 0 || header.length > kMaxFragment) {
      return {.hello = fail(HelloError::malformed)};
    }
    const std::size_t start = reader.position();
    const Bytes fragment = reader.rest().first(std::min(header.length, reader.remaining()));
    // A hello in one record is read where it lies, others where their fragments are joined.
    if (!first || fragment.size() == header.length) joined.add(fragment);
    const auto hello = parse_client_hello(first ? fragment : joined.bytes());
    if (hello || hello.error() != HelloError::need_more) {
      return {.hello = hello, .consumed = std::min(start + header.length, stream.size())};
    }
    const std::size_t missing = missing_bytes(first ? fragment : joined.bytes());
    const std::size_t to_come = header.length - fragment.size();
    if (to_come > 0) {
      return wait_for(stream.size() + missing + (missing > to_come ? kRecordHeaderBytes : 0));
    }
    reader.skip(header.length);
  }
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
  return !reader.ok() || handshake == kHelloMessage;
}

}  // namespace sluice::tls
