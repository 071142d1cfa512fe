#include "filters/dns/framing.h"

#include <algorithm>
#include <cstdint>

#include "filters/base/byte_reader.h"
#include "filters/dns/query.h"

namespace sluice::dns {
namespace {

// Header, root name, type and class.
constexpr std::size_t kShortestQuery = kHeaderBytes + 1 + 4;
constexpr std::uint8_t kMaxAdditional = 2;
constexpr std::uint8_t kLeastPointer = 0xc0;

static_assert(kHeadBytes == kFramingBytes + kHeaderBytes);

// What a byte of a query's header may be, by its place.
bool header_byte_may_be(std::size_t place, std::uint8_t byte) noexcept {
  switch (place) {
    case 2:
      return (byte & 0xfa) == 0;  // QR 0, opcode 0, TC 0; AA and RD are free
    case 3:
      return (byte & 0x4f) == 0;  // Z 0, RCODE 0; RA, AD and CD are free
    case 5:
      return byte == 1;  // QDCOUNT
    case 4:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
      return byte == 0;  // ANCOUNT, NSCOUNT, high bytes
    case 11:
      return byte <= kMaxAdditional;
    default:
      return true;  // the identifier
  }
}

}  // namespace

Framed next_message(Bytes stream) noexcept {
  ByteReader reader(stream);
  const std::uint16_t length = reader.u16();
  if (!reader.ok()) return {.needed = kFramingBytes};
  const Bytes message = reader.take(length);
  if (!reader.ok()) return {.needed = kFramingBytes + length};
  return {.complete = true, .message = message, .consumed = kFramingBytes + length};
}

Look looks_like_query_stream(Bytes stream, QueryScan& scan) noexcept {
  constexpr std::size_t kNameAt = kFramingBytes + kHeaderBytes;
  Look look;
  while (scan.next < stream.size()) {
    const std::size_t at = scan.next;
    const auto byte = std::to_integer<std::uint8_t>(stream[at]);
    ++look.examined;
    std::size_t step = 1;
    if (at < kFramingBytes) {
      if (at == 1 && ByteReader(stream).u16() < kShortestQuery) return look;
    } else if (at < kNameAt) {
      if (!header_byte_may_be(at - kFramingBytes, byte)) return look;
    } else {
      // The length of a label, within the message. A pointer can lead forward.
      const std::size_t end = kFramingBytes + ByteReader(stream).u16();
      if (byte == 0 || byte >= kLeastPointer || at >= end) {
        look.is = Detection::yes;
        return look;
      }
      const std::size_t name_bytes = at - kNameAt + 1 + 1 + byte;
      if (byte > name::kMaxLabelBytes || name_bytes > name::kMaxNameBytes) return look;
      step += byte;
    }
    scan.next = static_cast<std::uint16_t>(at + step);
  }
  look.is = Detection::maybe;
  look.needed = scan.next + std::size_t{1};
  return look;
}

// Identifier, flags and additional records are left out: a server may answer whatever they say.
bool may_be_asked(Bytes stream) noexcept {
  constexpr std::size_t kLeastQuestion = 1 + 4;  // name, type, class
  constexpr std::size_t kLeastRecord = 1 + 10;   // and time to live, length
  ByteReader reader(stream);
  const std::size_t length = reader.u16();
  reader.skip(4);
  const std::size_t questions = reader.u16();
  const std::size_t records = std::size_t{reader.u16()} + reader.u16();
  return kHeaderBytes + questions * kLeastQuestion + records * kLeastRecord <= length;
}

bool may_be_response_stream(Bytes stream) noexcept {
  ByteReader reader(stream);
  const std::uint16_t length = reader.u16();
  if (reader.ok() && length < kHeaderBytes) return false;
  reader.skip(2);  // the identifier
  const std::uint8_t flags = reader.u8();
  return !reader.ok() || (flags & 0x80) != 0;
}

}  // namespace sluice::dns
