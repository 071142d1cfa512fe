#include "filters/tls/search.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/base/detection.h"
#include "filters/tls/record.h"

namespace sluice::tls {
namespace {

constexpr std::uint8_t kMajor = 3;
constexpr std::uint8_t kMajorEnd = 16;  // Go takes all below

// Handshake header and major version of the hello.
constexpr std::size_t kHeadBytes = kHandshakeHeaderBytes + 1;

// Reads the head of a hello, from the first byte of its record on, up to the first byte that is
// wrong. It may be spread over records as the rest of the hello is.
class HeadReader {
 public:
  explicit HeadReader(Bytes stream) noexcept : reader_(stream) {}

  // Narrower than may_be_tls, because nothing points to this place. A read that fails gives 0.
  Detection read() noexcept {
    for (; read_ < kHeadBytes; ++read_) {
      if (left_ == 0 && !read_record_header()) {
        if (is_settled_) return Detection::yes;
        return reader_.ok() ? Detection::no : Detection::maybe;
      }
      const std::uint8_t byte = reader_.u8();
      if (!reader_.ok()) return Detection::maybe;
      --left_;
      if (!is_right(byte)) return Detection::no;
    }
    return Detection::yes;
  }
  [[nodiscard]] std::size_t position() const noexcept { return reader_.position(); }
  // `maybe`: in a stream that is shorter the head is not whole.
  [[nodiscard]] std::size_t needed() const noexcept {
    const std::size_t lacks = kHeadBytes - read_;
    if (left_ == 0) return header_end_ + lacks;
    return reader_.position() + lacks + (lacks > left_ ? kRecordHeaderBytes : 0);
  }

 private:
  // A record that says nothing, behind a first piece of the head, settles it: no other protocol has
  // that, and the reader of the hello steps over it without reading the head again.
  bool read_record_header() noexcept {
    header_end_ = reader_.position() + kRecordHeaderBytes;
    const Detection idle = read_ > 0 ? find_idle_record(reader_.rest()).is : Detection::no;
    is_settled_ = idle == Detection::yes;
    if (idle == Detection::maybe) reader_.skip(kRecordHeaderBytes);  // not all of it is there
    if (is_settled_ || reader_.u8() != kHandshakeRecord) return false;
    const std::uint8_t major = reader_.u8();
    if (major >= kMajorEnd) return false;
    reader_.skip(1);
    left_ = reader_.u16();
    if (read_ == 0) first_major_ = major;
    return left_ > 0 && left_ <= kMaxFragment;
  }
  // The next byte of the head: | 01 | 00 | length 16 | 03 |
  bool is_right(std::uint8_t byte) noexcept {
    switch (read_) {
      case 0:
        first_record_ = left_ + 1;
        return byte == kClientHelloMessage;
      case 1:
        return byte == 0;  // kMaxClientHello
      case 2:
        length_ = byte;
        return true;
      case 3:
        length_ = length_ << 8 | byte;
        return first_record_ <= length_ + kHandshakeHeaderBytes;
      default:
        return byte == kMajor || first_major_ == kMajor;
    }
  }

  ByteReader reader_;
  std::size_t read_ = 0;        // bytes of the head
  std::size_t left_ = 0;        // bytes of the record that were not read
  std::size_t header_end_ = 0;  // of the last record header
  bool is_settled_ = false;
  std::size_t first_record_ = 0, length_ = 0;
  std::uint8_t first_major_ = 0;
};

}  // namespace

HelloPlace find_client_hello(Bytes stream, std::size_t from, std::size_t end) noexcept {
  constexpr std::byte kType{kHandshakeRecord};
  HelloPlace place{.at = from};
  while (place.at < end) {
    const Bytes rest = stream.first(end).subspan(place.at);
    const auto step = static_cast<std::size_t>(std::ranges::find(rest, kType) - rest.begin());
    place.at += step;
    place.examined += step;
    if (place.at == end) break;
    HeadReader head(stream.subspan(place.at));
    const Detection begins = head.read();
    place.examined += head.position();
    place.is_certain = begins == Detection::yes;
    place.needed = place.at + head.needed();
    if (begins != Detection::no) return place;
    ++place.at;
  }
  return place;
}

}  // namespace sluice::tls
