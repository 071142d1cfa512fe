#include "filters/quic/packet.h"

namespace sluice::quic {
namespace {

constexpr std::uint8_t kLongHeader = 0x80;
constexpr std::uint8_t kFixedBit = 0x40;

// Below these a server does not answer an unknown version (RFC 9000 sections 6.1, 7.2, 14.1).
constexpr std::size_t kLeastInitialDatagram = 1200;
constexpr std::size_t kLeastClientDcid = 8;

// Google's QUIC up to Q043, with a version: | 0??? 1??1 | identifier 64 | "Q0xx" |.
bool is_google_public_header(Bytes datagram) noexcept {
  ByteReader reader(datagram);
  const std::uint8_t flags = reader.u8();
  if ((flags & 0x89) != 0x09) return false;
  reader.skip(8);
  const VersionNumber version{reader.u32()};
  return reader.ok() && is_google_quic(version);
}

PacketType type_of(std::uint8_t first, const Version& version) noexcept {
  constexpr PacketType kInOrder[] = {PacketType::initial, PacketType::zero_rtt,
                                     PacketType::handshake, PacketType::retry};
  return kInOrder[((first >> 4 & 3) - version.initial_type) & 3];
}

}  // namespace

std::string_view to_string(PacketError error) noexcept {
  switch (error) {
    case PacketError::not_long:
      return "not_long";
    case PacketError::malformed:
      return "malformed";
  }
  return "?";
}

std::uint64_t read_varint(ByteReader& reader) noexcept {
  const std::uint8_t first = reader.u8();
  std::uint64_t value = first & 0x3f;
  for (std::size_t more = (std::size_t{1} << (first >> 6)) - 1; more > 0; --more) {
    value = value << 8 | reader.u8();
  }
  return value;
}

std::uint64_t decode_packet_number(std::uint64_t expected, std::uint32_t truncated,
                                   std::size_t bytes) noexcept {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 62;
  const std::uint64_t window = std::uint64_t{1} << (8 * bytes);
  const std::uint64_t half = window / 2;
  const std::uint64_t candidate = (expected & ~(window - 1)) | truncated;
  if (candidate + half <= expected && candidate + window < kEnd) return candidate + window;
  if (candidate > expected + half && candidate >= window) return candidate - window;
  return candidate;
}

Result<LongPacket, PacketError> parse_long_packet(Bytes datagram) noexcept {
  ByteReader reader(datagram);
  const std::uint8_t first = reader.u8();
  if (!reader.ok() || (first & kLongHeader) == 0) return fail(PacketError::not_long);
  LongPacket packet;
  packet.version = {reader.u32()};
  packet.secrets = find_version(packet.version);
  packet.dcid = reader.take(reader.u8());
  packet.scid = reader.take(reader.u8());
  packet.whole = datagram;
  if (packet.version == kVersionNegotiation) {
    packet.type = PacketType::version_negotiation;
    return reader.ok() ? Result<LongPacket, PacketError>(packet) : fail(PacketError::malformed);
  }
  // Google's Q046 packs both lengths into one byte: an unknown version may place any field
  // elsewhere.
  if (packet.secrets == nullptr) {
    packet.dcid = packet.scid = {};
    return packet;
  }
  if (!reader.ok() || packet.dcid.size() > kMaxConnectionId ||
      packet.scid.size() > kMaxConnectionId) {
    return fail(PacketError::malformed);
  }
  packet.type = type_of(first, *packet.secrets);
  if (packet.type == PacketType::retry) return packet;
  if (packet.type == PacketType::initial) {
    const std::uint64_t token_size = read_varint(reader);
    packet.token = reader.take(token_size);
  }
  const std::uint64_t size = read_varint(reader);
  packet.number_offset = reader.position();
  reader.skip(size);
  if (!reader.ok()) return fail(PacketError::malformed);
  packet.whole = datagram.first(reader.position());
  return packet;
}

Sight sight_of(Bytes datagram) noexcept {
  ByteReader reader(datagram);
  const std::uint8_t first = reader.u8();
  if ((first & kLongHeader) == 0) {
    return is_google_public_header(datagram) ? Sight::unreadable : Sight::none;
  }
  const VersionNumber version{reader.u32()};
  if (!reader.ok() || version == kVersionNegotiation) return Sight::none;
  if (find_version(version) != nullptr) return Sight::readable;
  if (is_google_quic(version)) return Sight::unreadable;
  const Bytes dcid = reader.take(reader.u8());
  const Bytes scid = reader.take(reader.u8());
  const bool plausible = reader.ok() && (first & kFixedBit) != 0 &&
                         datagram.size() >= kLeastInitialDatagram &&
                         dcid.size() >= kLeastClientDcid && dcid.size() <= kMaxConnectionId &&
                         scid.size() <= kMaxConnectionId;
  return plausible ? Sight::unreadable : Sight::none;
}

}  // namespace sluice::quic
