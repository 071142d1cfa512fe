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

// The first bytes of a query's header by their place in it: what they may be.
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

bool may_be_query_stream(Bytes stream) noexcept {
  ByteReader framed(stream);
  const std::uint16_t length = framed.u16();
  if (!framed.ok()) return true;
  if (length < kShortestQuery) return false;
  ByteReader reader(framed.rest().first(std::min<std::size_t>(length, framed.remaining())));
  for (std::size_t place = 0; place < kHeaderBytes && reader.remaining() > 0; ++place) {
    if (!header_byte_may_be(place, reader.u8())) return false;
  }
  // The labels of the question's name, as far as they are there. A pointer can lead forward.
  std::size_t name_bytes = 1;
  while (reader.remaining() > 0) {
    const std::uint8_t label = reader.u8();
    if (label == 0 || label >= kLeastPointer) return true;
    name_bytes += 1U + label;
    if (label > name::kMaxLabelBytes || name_bytes > name::kMaxNameBytes) return false;
    reader.skip(label);
    if (!reader.ok()) return true;
  }
  return true;
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
